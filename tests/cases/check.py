#!/usr/bin/env python3
"""Checks every case's expected values against the definition in definition/, and counts the cases.

    python3 tests/cases/check.py [FILE…]

Prints each difference and a count, and fails if there is one. Without files, it also checks that crossing/ is
what crossing.py writes. `--show FILE` prints the values of
each query instead, for whoever writes a case; `--rules` how many cases name each rule.
"""
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import crossing  # noqa: E402
from definition.case import Case  # noqa: E402
from definition.values import has_overflow, read, show, without_overflow  # noqa: E402


def text_of(kind, value):
    """The text of a value, and whether anything in it overflows."""
    return "overflow " * has_overflow(value) + show(kind, without_overflow(value))


def text_of_expected(kind, json_value):
    """The same of what a case expects: `{"overflow": V}` is V, or null if V is true, and overflows."""
    if not isinstance(json_value, dict):
        return show(kind, read(kind, json_value))
    inside = json_value["overflow"]
    return "overflow " + show(kind, None if inside is True else read(kind, inside))


def check(path):
    """How many cases a file holds, and what is wrong with them."""
    case = Case(path.read_text())
    problems = []
    types = {f["name"]: case.result_type(f) for f in case.view["features"]}
    for number, query in enumerate(case.json.get("queries", [])):
        if "error" in query:
            continue
        answers = case.answer(query)
        if not query["expect"]:
            problems.append(f"{path}: query {number} expects nothing")
        for name, wanted in query["expect"].items():
            if name not in types:
                problems.append(f"{path}: query {number}: there is no feature {name}")
                continue
            wanted = text_of_expected(types[name], wanted)
            found = text_of(types[name], answers[name])
            if wanted != found:
                problems.append(f"{path}: query {number}: {name} is {found}, not {wanted}")
    return size(case.json), problems


def size(case):
    """A query is a case, and so is a declaration that is refused or accepted."""
    return sum(len(case.get(name, [])) for name in ("queries", "refused", "accepted"))


def show_values(path):
    case = Case(path.read_text())
    for query in case.json["queries"]:
        print(query["key"], query["as_of"])
        answers = case.answer(query) if "error" not in query else {}
        for feature in case.view["features"]:
            if feature["name"] in answers:
                text = text_of(case.result_type(feature), answers[feature["name"]])
                print(f"    {feature['name']}: {text}")


def show_rules(paths):
    rules = Counter()
    for case in (json.loads(path.read_text()) for path in paths):
        rules.update({rule: size(case) for rule in case["rules"]})
    for rule in sorted(rules, key=lambda rule: int(rule[1:])):
        print(f"{rule:4} {rules[rule]:4}")


def main(arguments):
    if arguments[:1] == ["--show"]:
        return show_values(Path(arguments[1]))
    everything = sorted(Path(__file__).parent.glob("*/*.json"))
    if arguments[:1] == ["--rules"]:
        return show_rules(everything)
    paths = [Path(name) for name in arguments] or everything
    total, problems = 0, []
    for path in paths:
        try:
            count, wrong = check(path)
        except Exception as error:
            raise SystemExit(f"{path}: {type(error).__name__}: {error}") from error
        total += count
        problems += wrong
    problems += [] if arguments else crossing.differences()
    print("\n".join(problems + [f"{total} cases in {len(paths)} files, {len(problems)} differences"]))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
