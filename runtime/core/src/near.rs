//! Finds names similar to a given one, for `did you mean …?`.
//!
//! Two names are similar if few edits lead from one to the other: inserting, deleting or changing a
//! letter, or swapping two neighbours (the Damerau-Levenshtein distance), ignoring case. Few means
//! at most a third of the letters of the longer name, but at least one edit:
//!
//! ```text
//! similar(a, b)  =  distance(a, b) <= max(1, max(|a|, |b|) / 3),  or one is a prefix of the other
//! ```
//!
//! Deliberately absent: what the names mean.

use std::collections::BTreeSet;
use strsim::damerau_levenshtein;

/// The most names that are suggested.
pub const NEAR_NAMES_MAX: usize = 3;
/// The most letters of a name that is compared: the work grows with the square of the length.
pub const NEAR_CHARS_MAX: usize = 256;
/// The fewest letters that a name needs to count as a prefix of another.
const PREFIX_CHARS_MIN: usize = 3;

/// The names of `known` that are similar to `name`, the most similar first, ties by name.
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let similar = known.into_iter().filter_map(|other| Some((distance(name, other)?, other)));
    let ranked: BTreeSet<(usize, &str)> = similar.collect();
    ranked.into_iter().take(NEAR_NAMES_MAX).map(|(_, other)| other.to_string()).collect()
}

/// The number of edits between two similar names; `None` if they are not similar.
fn distance(a: &str, b: &str) -> Option<usize> {
    let (letters_a, letters_b) = (a.chars().count(), b.chars().count());
    let longer = letters_a.max(letters_b);
    if longer > NEAR_CHARS_MAX {
        return None;
    }
    let (lower_a, lower_b) = (a.to_lowercase(), b.to_lowercase());
    let apart = damerau_levenshtein(&lower_a, &lower_b);
    let begins = letters_a.min(letters_b) >= PREFIX_CHARS_MIN
        && (lower_a.starts_with(&lower_b) || lower_b.starts_with(&lower_a));
    (apart <= (longer / 3).max(1) || begins).then_some(apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: typing errors are matched, the most similar first, and nothing else is. Method: a
    /// table of names.
    #[test]
    fn similar_names_are_ranked() {
        let known = ["actor", "candidate", "area", "count_30d", "count_7d", "count_365d", "to"];
        for (name, expect) in [
            ("actro", &["actor"][..]),
            ("Candidate", &["candidate"]),
            ("candidat", &["candidate"]),
            ("count_60d", &["count_30d", "count_365d", "count_7d"]),
            ("count", &["count_7d", "count_30d", "count_365d"]),
            ("t", &["to"]),
            ("user", &[]),
            ("", &[]),
        ] {
            assert_eq!(near(name, known), expect, "{name:?}");
        }
    }

    /// Goal: the limits hold. Method: more similar names than are suggested, one of them twice, and
    /// names of the greatest length and one letter more.
    #[test]
    fn few_names_are_suggested_and_long_ones_not_compared() {
        assert_eq!(near("a1", ["a5", "a4", "a3", "a2", "a2"]), ["a2", "a3", "a4"]);
        let long = "é".repeat(NEAR_CHARS_MAX);
        assert_eq!(near(&long, [long.as_str()]), [long.as_str()]);
        let longer = format!("{long}e");
        assert!(near(&longer, [long.as_str(), longer.as_str()]).is_empty());
    }
}
