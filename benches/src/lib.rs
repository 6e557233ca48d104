//! The package of the benchmarks; each file beside this folder is one bench.
