//! The definition of a feature value (S1), as a loop over one key's rows.
//!
//! Invariant: [`outcome`] depends on the rows as a set: their order in the slice changes nothing.
//! Deliberately absent: anything that makes it fast (see `history.rs`), and the identity of events
//! (S10): the rows given are those that count.

use crate::aggregate::aggregate;
use crate::feature::{By, Compared, Feature, Top};
use crate::outcome::Outcome;
use crate::row::Row;
use crate::selection::Selection;
use crate::value::Value;
use crate::window::Window;

/// The value of `feature` over `rows`, the rows of one key, at an effective `as_of`, in a view
/// whose grid begins at 1970.
///
/// # Panics
/// As [`outcome`].
pub fn value(rows: &[Row], feature: Feature, as_of: i64) -> Value {
    outcome(rows, feature, 0, as_of).value
}

/// What `feature` is over `rows`, the rows of one key, at an effective `as_of`, in a view whose grid
/// of hops and steps has a point at `origin_us`.
///
/// # Panics
/// If the feature has no [`Feature::kind`] over the view's columns, or a row is bad for a vector.
pub fn outcome(rows: &[Row], feature: Feature, origin_us: i64, as_of: i64) -> Outcome {
    let over = |span| {
        let selection = Selection::new(rows, feature.filter, feature.window, span, as_of);
        match feature.by {
            None => aggregate(feature.aggregate, feature.column, &selection),
            Some(by) => map(feature, by, &selection),
        }
    };
    let mut outcomes: Vec<Outcome> =
        feature.window.spans(as_of, origin_us).into_iter().map(over).collect();
    match feature.window {
        Window::Series { .. } => Outcome::list(outcomes),
        _ => outcomes.pop().expect("a window has a span"),
    }
}

/// The aggregate for each value of a column, over the selected rows that have it.
fn map(feature: Feature, by: By, selection: &Selection) -> Outcome {
    let key = |row: &Row| row.values[by.column].clone();
    let mut rows = selection.rows.clone();
    rows.retain(|row| !key(row).is_null());
    // A stable sort: rows of one key stay in row order.
    rows.sort_by(|a, b| key(a).order(&key(b)));
    let groups: Vec<&[&Row]> = rows.chunk_by(|a, b| key(a).order(&key(b)).is_eq()).collect();
    if groups.len() > by.limit {
        return Outcome::overflow();
    }
    let keys: Vec<Value> = groups.iter().map(|group| key(group[0])).collect();
    let value = |group: &&[&_]| {
        aggregate(feature.aggregate, feature.column, &selection.over(group.to_vec()))
    };
    let outcomes: Vec<Outcome> = groups.iter().map(value).collect();
    let Some(Top { n, of }) = by.top else { return Outcome::map(keys, outcomes) };
    if of == Compared::Value && outcomes.iter().any(|outcome| outcome.overflow) {
        return Outcome::overflow();
    }
    // How many entries stand before one: a place below n keeps it.
    let before = |one: usize, other: usize| {
        let order = match of {
            Compared::Value => outcomes[other].value.order(&outcomes[one].value),
            Compared::Key => keys[other].order(&keys[one]),
            Compared::Count => groups[other].len().cmp(&groups[one].len()),
        };
        order.is_gt() || (order.is_eq() && other < one)
    };
    let place = |one: usize| (0..keys.len()).filter(|other| before(one, *other)).count();
    let kept: Vec<usize> = (0..keys.len()).filter(|one| place(*one) < n).collect();
    let key = |one: &usize| keys[*one].clone();
    let outcome = |one: &usize| outcomes[*one].clone();
    Outcome::map(kept.iter().map(key).collect(), kept.iter().map(outcome).collect())
}
