//! Guests that cost more than they may are stopped by the limit that is made for them, in every
//! host, and docs/LIMITS.md lists every limit.
//!
//! Method: the table of `lockstep_kit::evil`, which `make figures ONLY=evil` runs too, each case in
//! a process of its own. Here limits of time go by a clock that this process moves.

use crate::tidy::root;
use lockstep_kit::evil::{Case, Time, cases};
use std::collections::BTreeSet;

#[track_caller]
fn check(host: impl Fn(&str) -> bool) {
    let of_host = |case: &Case| host(case.host);
    let run = |case: Case| case.run(Time::Fast).err().map(|why| format!("{case:?}: {why}"));
    let cases: Vec<Case> = cases().into_iter().filter(of_host).collect();
    assert!(!cases.is_empty());
    let escaped: Vec<String> = cases.into_iter().filter_map(run).collect();
    assert!(escaped.is_empty(), "{}", escaped.join("\n"));
}

/// Goal: a component that costs too much to load is refused before it is compiled, by the limit
/// that it exceeds.
#[test]
fn costly_components_are_refused() {
    check(|host| host == "load");
}

/// Goal: an event or a request that costs too much is refused, or its call fails for want of time,
/// and what stands beside it has the same bits (S9).
#[test]
fn s09_costly_calls_are_stopped_in_transforms() {
    check(|host| host == "map" || host == "compute");
}

/// Goal: the same for what an aggregate is given (S9, S21).
#[test]
fn s09_costly_calls_are_stopped_in_aggregates() {
    check(|host| ["update", "merge", "finalize"].contains(&host));
}

/// Goal: a request has a deadline, and many that need much memory at a time are answered in turns.
#[test]
fn requests_end_in_time_and_share_memory() {
    check(|host| host == "get" || host == "12 gets at a time");
}

/// Limits that tests of their own reach: where.
const ELSEWHERE: [(&str, &str, &str); 9] = [
    ("COMPILE_CPU_SECONDS_MAX", "tests/it/sandbox/compiler.rs", "a_slow_compiler_is_stopped"),
    ("COMPILE_MEMORY_BYTES_MAX", "tests/it/sandbox/compiler.rs", "a_large_compiler_is_stopped"),
    ("CALL_TICKS_MAX", "tests/it/sandbox/strict.rs", "s09_a_slow_event_is_judged_by_its_rerun"),
    ("MEMORY_WAIT_MS", "tests/it/sandbox/limits.rs", "waiting_for_memory_ends"),
    ("POOL_RUNNING_MAX", "runtime/guest/src/line.rs", "callers_are_served_in_the_order_of_arrival"),
    ("POOL_IDLE_MAX", "runtime/engine/src/online/pool.rs", "worn_guests_are_not_kept"),
    ("POOL_REQUESTS_MAX", "runtime/engine/src/online/pool.rs", "worn_guests_are_not_kept"),
    ("POOL_GUESTS_BYTES_MAX", "runtime/engine/src/online/pool.rs", "worn_guests_are_not_kept"),
    ("CACHE_BYTES_MAX", "tests/it/sandbox/cache.rs", "the_oldest_entries_are_deleted"),
];

/// The rows of a section of docs/LIMITS.md: the constant, and the default.
fn rows<'t>(text: &'t str, section: &str) -> Vec<(&'t str, &'t str)> {
    let rest = text.split_once(&format!("\n## {section}\n")).expect(section).1;
    let section = rest.split("\n## ").next().unwrap_or(rest);
    let row = |line: &'t str| {
        let (name, rest) = line.strip_prefix("| `")?.split_once('`')?;
        Some((name, rest.split('|').nth(2)?.trim()))
    };
    section.lines().filter_map(row).collect()
}

/// A number as the document writes it: `20,000`, or `16 MiB`.
fn shown(number: u64, default: &str) -> String {
    let word = default.split_once(' ').map_or("", |(_, unit)| unit);
    for (unit, bytes) in [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)] {
        if word == unit {
            return format!("{} {unit}", number / bytes);
        }
    }
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    format!("{} {word}", groups.join(",")).trim().to_string()
}

macro_rules! values {
    ($from:path => $($name:ident)*) => {{
        use $from::*;
        [$((stringify!($name), $name as u64)),*]
    }};
}

/// Goal: each limit of guests stands in the document with its default, and a test reaches it.
/// Method: the constants here, the rows there, and the table of cases.
#[test]
fn every_limit_is_documented_and_reached() {
    let of_guests = values!(lockstep_guest =>
        ARTIFACT_BYTES_MAX MANIFEST_BYTES_MAX SECTIONS_MAX MODULES_MAX COMPONENTS_MAX INSTANCES_MAX
        COMPONENT_ITEMS_MAX COMPONENT_TYPE_BYTES_MAX TYPES_MAX TYPE_VALUES_MAX IMPORTS_MAX
        EXPORTS_MAX GLOBALS_MAX SEGMENTS_MAX WASM_NAME_BYTES_MAX FUNCTIONS_MAX CODE_BYTES_MAX
        FUNCTION_BYTES_MAX FUNCTION_LOCALS_MAX FUNCTION_DEPTH_MAX FUNCTION_TARGETS_MAX
        COMPILE_COST_US_MAX COMPILE_FLOW_MAX COMPILE_CARRIED_MAX COMPILE_CPU_SECONDS_MAX
        COMPILE_MEMORY_BYTES_MAX GUEST_MEMORY_MAX_BYTES GUEST_MEMORIES_MAX
        GUEST_TABLE_ELEMENTS_MAX GUEST_TABLES_MAX GUEST_STACK_MAX_BYTES CALL_GROWS_MAX
        CALL_FUEL_MAX LOG_FUEL CALL_LOG_MAX_BYTES CALL_TICKS_MAX RERUN_TICKS_MAX
        GUESTS_MEMORY_MAX_BYTES MEMORY_WAIT_MS CACHE_BYTES_MAX);
    let of_pool = values!(lockstep_engine::online =>
        POOL_RUNNING_MAX POOL_IDLE_MAX POOL_REQUESTS_MAX POOL_GUESTS_BYTES_MAX);
    let values: Vec<(&str, u64)> = of_guests.into_iter().chain(of_pool).collect();
    let text = std::fs::read_to_string(root().join("docs/LIMITS.md")).unwrap();
    let sections = ["Loading a component", "Calling a component", "Memory and pools", "The cache"];
    let documented: Vec<(&str, &str)> =
        sections.iter().flat_map(|section| rows(&text, section)).collect();
    let mut reached: BTreeSet<&str> = cases().iter().map(|case| case.limit).collect();
    for (limit, file, test) in ELSEWHERE {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains(&format!("fn {test}()")), "{file} has no test {test}");
        reached.insert(limit);
    }
    for (name, value) in &values {
        let row = documented.iter().find(|(row, _)| row == name);
        let (_, default) = row.unwrap_or_else(|| panic!("docs/LIMITS.md has no row of {name}"));
        assert_eq!(*default, shown(*value, default), "{name}");
        assert!(reached.contains(name), "no test reaches {name}");
    }
    let source = root().join("runtime/guest/src/limits.rs");
    for line in std::fs::read_to_string(source).unwrap().lines() {
        let Some(rest) = line.strip_prefix("pub const ") else { continue };
        let name = rest.split(':').next().unwrap();
        let known = values.iter().any(|(known, _)| *known == name);
        assert!(known || name == "EPOCH_TICK_MS", "{name} is not in this test");
    }
    for (name, _) in &documented {
        let known = values.iter().any(|(known, _)| known == name);
        assert!(known || *name == "deadline_ms", "{name} is no constant");
    }
}
