//! The types as which a column may be declared, and how a cell of the table in docs/TYPES.md lists
//! them.
//!
//! Invariant: a cell says of each declared type whether it takes every value, some or none.
//! Deliberately absent: reading.

use arrow::datatypes::DataType as ArrowType;

/// The integer types: signed ones, then unsigned ones, narrow before wide.
const INTEGERS: [&str; 8] =
    ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];
/// A decimal type with few digits, for values that do not fit.
pub(super) const FEW_DIGITS: &str = "decimal(3,1)";

/// How many of a column's values a declared type takes; a type that takes none is not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    All,
    Some,
}

/// The type of a list's items, or of a dictionary's values; of other types, the type itself.
fn parts(found: &ArrowType) -> &ArrowType {
    match found {
        ArrowType::Dictionary(_, value) => parts(value),
        ArrowType::List(item) | ArrowType::LargeList(item) => parts(item.data_type()),
        ArrowType::FixedSizeList(item, _) => parts(item.data_type()),
        other => other,
    }
}

/// The declared types that are tried for a column of type `found`.
pub(super) fn tried(found: &ArrowType) -> Vec<String> {
    use ArrowType as A;
    let scale = match parts(found) {
        A::Decimal32(_, scale)
        | A::Decimal64(_, scale)
        | A::Decimal128(_, scale)
        | A::Decimal256(_, scale) => (*scale).max(0),
        A::Float16 | A::Float32 | A::Float64 => 9,
        _ => 0,
    };
    let decimal = format!("decimal(38,{scale})");
    let before = ["bool"].into_iter().chain(INTEGERS);
    let others = ["float32", "float64", &decimal, "string", "bytes", "date", "timestamp"];
    let mut tried: Vec<String> = before.chain(others).map(String::from).collect();
    let is_list = matches!(
        found,
        A::List(_) | A::LargeList(_) | A::FixedSizeList(..) | A::ListView(_) | A::Null
    );
    let lists: Vec<String> = match is_list {
        true => tried.iter().map(|item| format!("list<{item}>")).collect(),
        false => vec!["list<int64>".to_string()],
    };
    tried.extend(lists);
    tried
}

/// A number's sign, digits and power of ten, each in one form, from its text.
pub(super) fn number(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let exponent = exponent.parse::<i64>().ok()? - fraction.len() as i64;
    let digits = digits.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    match short {
        // A decimal has one zero.
        "" => Some((false, String::new(), 0)),
        _ => {
            let zeros = (digits.len() - short.len()) as i64;
            Some((mantissa.starts_with('-'), short.to_string(), exponent + zeros))
        }
    }
}

/// The cell that lists these declared types, of those that were [`tried`].
pub(super) fn cell(taken: &[(String, Taken)], tried: &[String]) -> String {
    let flat = |types: &[(String, Taken)]| -> Vec<(String, Taken)> {
        types.iter().filter(|(name, _)| !name.starts_with("list<")).cloned().collect()
    };
    let all = |types: &[(String, Taken)]| types.iter().all(|(_, taken)| *taken == Taken::All);
    let scalars = tried.iter().filter(|name| !name.starts_with("list<")).count();
    if all(taken) && taken.len() == tried.len() {
        return "any".to_string();
    }
    if all(taken) && taken.len() == scalars && flat(taken).len() == scalars {
        return "any but lists".to_string();
    }
    let inside = |(name, taken): &(String, Taken)| {
        let item = name.strip_prefix("list<")?.strip_suffix('>')?;
        Some((item.to_string(), *taken))
    };
    let items: Vec<(String, Taken)> = taken.iter().filter_map(inside).collect();
    let lists = listed(&items).into_iter().map(|item| match item.strip_suffix(" by value") {
        Some(item) => format!("list<{item}> by value"),
        None => format!("list<{item}>"),
    });
    let cells: Vec<String> = listed(&flat(taken)).into_iter().chain(lists).collect();
    if cells.is_empty() { "refused".to_string() } else { cells.join(", ") }
}

/// The types, with the integers as groups, in the order of the table.
fn listed(taken: &[(String, Taken)]) -> Vec<String> {
    let of = |name: &str| taken.iter().find(|(known, _)| known == name).map(|(_, taken)| *taken);
    let mut cells = Vec::new();
    if of("bool").is_some() {
        cells.push("bool".to_string());
    }
    let those = |wanted: Option<Taken>| {
        INTEGERS.into_iter().filter(|name| of(name) == wanted).collect::<Vec<_>>()
    };
    let (whole, part, none) = (those(Some(Taken::All)), those(Some(Taken::Some)), those(None));
    if whole.len() == INTEGERS.len() {
        cells.push("integers".to_string());
    } else if part.len() == INTEGERS.len() {
        cells.push("integers by value".to_string());
    } else {
        for half in INTEGERS.chunks(4) {
            // Wider types take what narrower ones do.
            let taken: Vec<&str> = half.iter().copied().filter(|it| whole.contains(it)).collect();
            assert!(half.ends_with(&taken), "{taken:?}");
            match taken.as_slice() {
                [] => {}
                [one] => cells.push(one.to_string()),
                [first, .., last] => cells.push(format!("{first} to {last}")),
            }
        }
        match none.is_empty() {
            true => cells.push("other integers by value".to_string()),
            false => cells.extend(part.iter().map(|name| format!("{name} by value"))),
        }
    }
    for (name, taken) in taken {
        if name == "bool" || INTEGERS.contains(&name.as_str()) {
            continue;
        }
        let name = name.split('(').next().unwrap();
        cells.push(match taken {
            Taken::All => name.to_string(),
            Taken::Some => format!("{name} by value"),
        });
    }
    cells
}
