//! Types that are no types of a column, and what to use in their place.
//!
//! Invariant: these are words for a message. Whether a type fits is decided by the SDK's traits, so
//! an author's own `type Money = i64` is as good as `i64`. Deliberately absent: conversions.

use crate::columns::Direction;
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type, TypeArray, TypeSlice};

/// What an author may have meant by the last word of a type's path.
const INSTEAD: &[(&[&str], &str)] = &[
    (&["usize"], "use u64: all machines must agree"),
    (&["isize"], "use i64: all machines must agree"),
    (&["u128", "i128"], "use u64 or i64, or Decimal<38, 0>, which has 38 digits"),
    (&["f16", "f128", "NotNan", "OrderedFloat", "R64"], "use f64"),
    (
        &["Decimal", "BigDecimal", "Decimal128", "D128", "Money", "Currency"],
        "use lockstep_sdk::Decimal<P, S>, of P digits, S of them behind the point",
    ),
    (&["BigInt", "BigUint"], "use Decimal<38, 0>, or &str for numbers beyond 38 digits"),
    (&["NaiveDate", "Date", "CivilDate"], "use lockstep_sdk::Date, a day of the calendar"),
    (
        &[
            "NaiveDateTime",
            "NaiveTime",
            "DateTime",
            "Time",
            "PrimitiveDateTime",
            "OffsetDateTime",
            "UtcDateTime",
            "Zoned",
            "Timestamp",
            "SystemTime",
            "Instant",
            "Utc",
        ],
        "use EventTime, microseconds since 1970 UTC",
    ),
    (
        &["Duration", "TimeDelta", "Span", "SignedDuration"],
        "use i64 in a unit that the field's name says, such as wait_us",
    ),
    (
        &["HashMap", "BTreeMap", "IndexMap", "Map"],
        "use a field for each key; a feature that is a map is declared with by = field",
    ),
    (&["char", "Uuid", "IpAddr", "Ipv4Addr", "Ipv6Addr", "Url", "PathBuf"], "use &str"),
    (&["Value", "RawValue", "Json"], "use &str, and read the JSON in the transform"),
    (&["Option"], "use one, which holds a value or none"),
];
/// As [`INSTEAD`], for columns that are read.
const INSTEAD_READ: &[(&[&str], &str)] = &[
    (&["String", "str", "Cow", "Box", "Rc", "Arc"], "use &'a str, which borrows from the batch"),
    (
        &["Vec", "VecDeque", "HashSet", "BTreeSet", "SmallVec", "[]"],
        "use List<'a, T>, which borrows from the batch",
    ),
    (&["Bytes", "BytesMut"], "use &'a [u8], which borrows from the batch"),
    (&[OCTETS], "use &'a [u8] for bytes, or List<'a, u8>"),
];
/// As [`INSTEAD`], for columns that are written.
const INSTEAD_WRITTEN: &[(&[&str], &str)] = &[
    (&["str", "Cow", "Box", "Rc", "Arc"], "use String or &'a str"),
    (&["VecDeque", "HashSet", "BTreeSet", "SmallVec", "[]"], "use Vec<T> or List<'a, T>"),
    (&["Bytes", "BytesMut"], "use lockstep_sdk::Bytes or &'a [u8]"),
    (&[OCTETS], "use &'a [u8] or lockstep_sdk::Bytes for bytes, or Vec<u8> for a list"),
];
/// What several `u8` in a row are called in these tables.
const OCTETS: &str = "[u8]";
/// Why a decimal type is none.
pub(crate) const NO_DECIMAL: &str =
    "a decimal has 1 to 38 digits, and at most all of them behind the point";
/// What the plain types are, in messages; texts and bytes follow.
const PLAIN: &str = "bool, i8 to i64, u8 to u64, f32, f64, Decimal<P, S>, Date, EventTime, &str";
/// The plain types without parameters.
const PLAIN_WORDS: [&str; 12] =
    ["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "EventTime"];

/// Why `kind` is no type of a column, as one line.
pub(crate) fn refusal(kind: &Type, direction: Direction) -> String {
    let (column, others) = match direction {
        Direction::In => ("a column", "&[u8], List<'_, T>"),
        Direction::Out => ("an output column", "String, &[u8], Bytes, Vec<T>, List<'_, T>"),
    };
    let all = format!("use {PLAIN}, {others}, or an Option of one of them");
    let (word, instead) = match foreign(kind, direction, 0) {
        Foreign::Known(word, instead) => (word, instead),
        Foreign::Nested => {
            (String::new(), "a list holds plain values: no lists, no Options of lists")
        }
        Foreign::Unknown => (String::new(), all.as_str()),
    };
    let of =
        if word.is_empty() || word == shown(kind) { word.clone() } else { format!("for {word} ") };
    let of = if of == word { String::new() } else { of };
    format!("`{}` is not the type of {column}; {of}{instead}", shown(kind))
}

/// What is wrong within a type.
enum Foreign {
    /// This word, and what to use.
    Known(String, &'static str),
    /// A list within a list.
    Nested,
    /// Something else.
    Unknown,
}

/// The part of `kind` that fits nowhere; `depth` counts the Options and lists around it.
fn foreign(kind: &Type, direction: Direction, depth: usize) -> Foreign {
    let tables = match direction {
        Direction::In => [INSTEAD_READ, INSTEAD],
        Direction::Out => [INSTEAD_WRITTEN, INSTEAD],
    };
    let look_up = |word: &str| {
        let found = tables.iter().copied().flatten().find(|(words, _)| words.contains(&word));
        match found {
            Some((_, instead)) => Foreign::Known(word.to_string(), instead),
            None => Foreign::Unknown,
        }
    };
    match kind {
        Type::Reference(reference) => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => Foreign::Unknown,
            Type::Slice(slice) if is_octet(&slice.elem) => Foreign::Unknown,
            inner => foreign(inner, direction, depth),
        },
        Type::Paren(inner) => foreign(&inner.elem, direction, depth),
        Type::Group(inner) => foreign(&inner.elem, direction, depth),
        Type::Slice(TypeSlice { elem, .. }) | Type::Array(TypeArray { elem, .. }) => {
            match look_up(if is_octet(elem) { OCTETS } else { "[]" }) {
                Foreign::Known(_, instead) => Foreign::Known(String::new(), instead),
                other => other,
            }
        }
        Type::Tuple(tuple) if !tuple.elems.is_empty() => {
            Foreign::Known(String::new(), "use a field for each part")
        }
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return Foreign::Unknown };
            let word = last.ident.to_string();
            let inner = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => {
                    arguments.args.iter().find_map(|argument| match argument {
                        GenericArgument::Type(inner) => Some(inner),
                        _ => None,
                    })
                }
                _ => None,
            };
            let reads = matches!(direction, Direction::In);
            let decimal = matches!(&last.arguments, PathArguments::AngleBracketed(arguments)
                if arguments.args.len() == 2 && word == "Decimal");
            if decimal {
                return Foreign::Known(String::new(), NO_DECIMAL);
            }
            match (word.as_str(), inner) {
                ("Option", Some(inner)) if depth == 0 => foreign(inner, direction, 1),
                ("List", Some(inner)) if depth < 2 => foreign(inner, direction, 2),
                ("Vec", Some(inner)) if depth < 2 && !reads => foreign(inner, direction, 2),
                ("Option", Some(inner)) if depth == 2 && !reads => foreign(inner, direction, 3),
                ("List" | "Vec" | "Option", Some(_)) if depth >= 2 => Foreign::Nested,
                (plain, None) if PLAIN_WORDS.contains(&plain) => Foreign::Unknown,
                ("Vec", Some(inner)) if depth < 2 && is_octet(inner) => match look_up(OCTETS) {
                    Foreign::Known(_, instead) => Foreign::Known(word, instead),
                    other => other,
                },
                _ => look_up(&word),
            }
        }
        _ => Foreign::Unknown,
    }
}

/// Whether a type is a byte.
fn is_octet(kind: &Type) -> bool {
    matches!(kind, Type::Path(path) if path.path.is_ident("u8"))
}

/// A type as its author wrote it.
pub(crate) fn shown(kind: &Type) -> String {
    let mut text = kind.to_token_stream().to_string();
    for (spaced, close) in [
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ::", "::"),
        (":: ", "::"),
        (" ,", ","),
        ("( ", "("),
        (" )", ")"),
    ] {
        text = text.replace(spaced, close);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a foreign type is named with what to use. Method: a table of types, directions and
    /// parts of the message.
    #[test]
    fn foreign_types_have_a_remedy() {
        use Direction::{In, Out};
        for (kind, direction, part) in [
            ("u128", In, "`u128` is not the type of a column; use u64 or i64, or Decimal<38, 0>"),
            (
                "Option<usize>",
                In,
                "`Option<usize>` is not the type of a column; for usize use u64:",
            ),
            ("rust_decimal::Decimal", Out, "for Decimal use lockstep_sdk::Decimal<P, S>"),
            ("Decimal<39, 2>", In, "`Decimal<39, 2>` is not the type of a column; a decimal has"),
            ("chrono::NaiveDate", In, "use lockstep_sdk::Date"),
            ("DateTime<Utc>", In, "use EventTime"),
            ("std::time::Duration", In, "such as wait_us"),
            ("HashMap<String, i64>", In, "use a field for each key"),
            ("String", In, "use &'a str, which borrows"),
            ("Option<String>", In, "for String use &'a str"),
            ("Vec<i64>", In, "use List<'a, T>"),
            ("&'a [f64]", In, "use List<'a, T>"),
            ("Vec<u8>", In, "for Vec use &'a [u8] for bytes, or List<'a, u8>"),
            ("[u8; 16]", In, "use &'a [u8] for bytes, or List<'a, u8>"),
            ("[u8; 16]", Out, "use &'a [u8] or lockstep_sdk::Bytes for bytes"),
            ("bytes::Bytes", In, "use &'a [u8], which borrows"),
            ("[f64; 3]", Out, "use Vec<T> or List<'a, T>"),
            ("(f64, f64)", Out, "use a field for each part"),
            ("Option<Option<i64>>", Out, "for Option use one"),
            ("Vec<Vec<i64>>", Out, "a list holds plain values"),
            ("Vec<Option<usize>>", Out, "for usize use u64"),
            ("List<'a, Option<i64>>", In, "a list holds plain values"),
            ("Cow<'a, str>", Out, "use String or &'a str"),
            ("Colour", In, "use bool, i8 to i64, u8 to u64"),
        ] {
            let text = refusal(&syn::parse_str(kind).unwrap(), direction);
            assert!(text.contains(part), "{kind}: {text}");
        }
    }
}
