"""The definition of a feature value, written in plain Python over exact fractions.

It shares no code with the product and takes nothing from it: docs/SEMANTICS.md and docs/FEATURES.md
are its only sources. Speed is no aim. Only the standard library is used.
"""
