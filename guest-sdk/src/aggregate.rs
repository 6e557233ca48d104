//! Aggregates that an author defines (S21).
//!
//! Invariant: an aggregate is a commutative monoid with one canonical encoding: `merge` is
//! associative and commutative, [`Aggregate::zero`] is its identity, `update(s, x) = merge(s,
//! update(zero, x))`, and equal states encode to equal bytes. Then the same rows give the same bits
//! however a host groups them (S1). [`crate::laws`] checks this. Deliberately absent: time and
//! keys. An aggregate sees one column of rows, without nulls.

use crate::bytes::Bytes;
use crate::date::Date;
use crate::decimal::Decimal;
use crate::dispatch::Dispatch;
use crate::event_time::EventTime;
use crate::field::{Field, Scalar};
use crate::list::List;
use crate::manifest::Piece;
use crate::output::Output;
use std::fmt::Debug;

/// Most bytes that [`Aggregate::STATE_BYTES_MAX`] may allow; the runtime refuses more.
pub const STATE_BYTES_LIMIT: u32 = 1 << 16;

/// An aggregate of your own: the type is its state.
///
/// ```
/// use lockstep_sdk::prelude::*;
///
/// /// On how many days of the week something happened.
/// #[aggregate] // Its name and description in the manifest.
/// #[derive(Default)]
/// pub struct Weekdays(u8); // One bit per day.
///
/// impl Aggregate for Weekdays {
///     type Input<'a> = EventTime; // The type of a column; nulls are skipped.
///     type Output = i64; // Any output column's type.
///
///     fn zero() -> Self {
///         Self::default()
///     }
///
///     fn update(&mut self, at: EventTime) {
///         self.0 |= 1 << at.as_micros().div_euclid(DAY_US).rem_euclid(7);
///     }
///
///     fn merge(&mut self, other: Self) {
///         self.0 |= other.0;
///     }
///
///     fn encode(&self, bytes: &mut Vec<u8>) {
///         bytes.push(self.0);
///     }
///
///     fn decode(bytes: &[u8]) -> Result<Self, String> {
///         match bytes {
///             [days @ 0..0x80] => Ok(Weekdays(*days)),
///             other => Err(format!("{other:?} are no weekdays")),
///         }
///     }
///
///     fn finalize(&self) -> i64 {
///         i64::from(self.0.count_ones())
///     }
/// }
///
/// # fn main() {
/// // In a test: panics if a law does not hold.
/// lockstep_sdk::laws::check::<Weekdays>(&lockstep_sdk::laws::samples(50));
/// # }
/// ```
///
/// A field of a view then has the feature with `#[features(weekdays = Weekdays, windows = […])]`,
/// and the artifact lists the type: `export!(views = […], aggregates = [Weekdays])`. A panic fails
/// the query; the value is never null because of one. Sums of floats are not associative: count,
/// take the least or the greatest, keep sets, or add integers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "implement `Aggregate` for it"
)]
pub trait Aggregate: Sized + 'static {
    /// The type of the column that it reads: any that a field of an event may have, but no
    /// `Option`. A field of that type or an `Option` of it is accepted.
    type Input<'a>: Input<'a>;
    /// The type of its value, as for a field of a view. With `Option` the value may be null.
    type Output: Output;
    /// Most bytes of an encoded state, for any rows; a longer state fails its query. At least 1, at
    /// most 65,536.
    const STATE_BYTES_MAX: u32 = 4096;

    /// The state of no rows.
    fn zero() -> Self;

    /// Adds one row.
    fn update(&mut self, input: Self::Input<'_>);

    /// Adds the rows of another state.
    fn merge(&mut self, other: Self);

    /// Appends the only encoding of the state.
    fn encode(&self, bytes: &mut Vec<u8>);

    /// Decodes what [`Aggregate::encode`] wrote. An error, which gives a reason, fails the query.
    fn decode(bytes: &[u8]) -> Result<Self, String>;

    /// The value of the state's rows.
    fn finalize(&self) -> Self::Output;
}

/// The input of an aggregate: the type of a column without nulls.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the input of an aggregate",
    label = "not an input type",
    note = "use bool, i8 to i64, u8 to u64, f32, f64, Decimal<P, S>, Date, EventTime, &str, \
            &[u8] or List<'_, T>; an aggregate never sees a null"
)]
pub trait Input<'b>: Field<'b> + Copy + Debug {}

/// A field of a view whose values an aggregate with this input can read.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` does not fit an aggregate of `{Input}`",
    label = "the aggregate reads `{Input}`",
    note = "the field's type is the aggregate's `Input` or an `Option` of it; `String` fits \
            `&str`, `Bytes` fits `&[u8]`, and `Vec` fits `List`"
)]
pub trait Feeds<Input> {}

macro_rules! inputs {
    ($($(@[$($generics:tt)*])? $type:ty),*) => {$(
        impl $(<$($generics)*>)? Input<'_> for $type {}
        impl $(<$($generics)*>)? Feeds<$type> for $type {}
        impl $(<$($generics)*>)? Feeds<$type> for Option<$type> {}
    )*};
}

inputs!(
    bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64,
    @[const P: u8, const S: u8] Decimal<P, S>, Date, EventTime
);

impl<'b> Input<'b> for &'b str {}
impl Feeds<&'static str> for &str {}
impl Feeds<&'static str> for Option<&str> {}
impl Feeds<&'static str> for String {}
impl Feeds<&'static str> for Option<String> {}

impl<'b> Input<'b> for &'b [u8] {}
impl Feeds<&'static [u8]> for &[u8] {}
impl Feeds<&'static [u8]> for Option<&[u8]> {}
impl Feeds<&'static [u8]> for Bytes {}
impl Feeds<&'static [u8]> for Option<Bytes> {}

impl<'b, T: Scalar<'b> + Debug> Input<'b> for List<'b, T> {}
impl<T, E: Feeds<T>> Feeds<List<'static, T>> for Vec<E> {}
impl<T, E: Feeds<T>> Feeds<List<'static, T>> for Option<Vec<E>> {}
impl<T, E: Feeds<T>> Feeds<List<'static, T>> for List<'_, E> {}
impl<T, E: Feeds<T>> Feeds<List<'static, T>> for Option<List<'_, E>> {}

/// An aggregate under `#[aggregate]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not declared as an aggregate",
    label = "put `#[aggregate]` on this type, and implement `Aggregate` for it"
)]
pub trait Declared {
    /// The aggregate's name.
    const NAME: &'static str;
    /// The aggregate's declaration, as JSON.
    const DECLARATION: Piece;
    /// Its code.
    const DISPATCH: Dispatch;
}

/// The number of decimal digits of `number`.
pub const fn digits(number: u32) -> usize {
    match number.checked_ilog10() {
        Some(log) => log as usize + 1,
        None => 1,
    }
}

/// A state's limit as `N` decimal digits, where `N` is from [`digits`].
pub const fn limit_text<const N: usize>(limit: u32) -> [u8; N] {
    assert!(
        limit >= 1 && limit <= STATE_BYTES_LIMIT,
        "an aggregate's STATE_BYTES_MAX is 1 to 65536"
    );
    let (mut text, mut rest, mut at) = ([b'0'; N], limit, N);
    while at > 0 {
        at -= 1;
        text[at] += (rest % 10) as u8;
        rest /= 10;
    }
    text
}

/// The text before the name of an aggregate in a feature that uses it.
const USE: &[u8] = b"{\"user\":{\"aggregate\":\"";

/// The first aggregate that a feature of `manifest` uses and `names` lacks.
///
/// A text within the manifest cannot be mistaken for a use, because its quotes are escaped. The
/// compiler limits the loop iterations and calls of a constant to some millions, so a byte that
/// does not begin a use takes one iteration and no call.
pub const fn first_unlisted<'m>(manifest: &'m str, names: &[&str]) -> Option<&'m str> {
    let bytes = manifest.as_bytes();
    let mut at = 0;
    while at + USE.len() < bytes.len() {
        // Few objects have a member whose name begins with this character.
        if bytes[at] != USE[0] || bytes[at + 2] != USE[2] {
            at += 1;
            continue;
        }
        let (front, behind) = bytes.split_at(at).1.split_at(USE.len());
        at += 1;
        if !equal(front, USE) {
            continue;
        }
        let mut length = 0;
        while length < behind.len() && behind[length] != b'"' {
            length += 1;
        }
        let (name, _) = behind.split_at(length);
        let (mut known, mut listed) = (0, false);
        while known < names.len() {
            listed |= equal(names[known].as_bytes(), name);
            known += 1;
        }
        if !listed {
            return Some(crate::manifest::text(name));
        }
    }
    None
}

const fn equal(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: limits are written as decimals. Method: compared with the standard library's.
    #[test]
    fn limits_are_decimals() {
        assert_eq!((limit_text::<1>(7), digits(7)), ([b'7'], 1));
        assert_eq!((&limit_text::<5>(65_536)[..], digits(65_536)), (&b"65536"[..], 5));
        assert_eq!((limit_text::<2>(10), digits(10)), (*b"10", 2));
    }

    /// Goal: an aggregate that is not listed is found, in any position.
    #[test]
    fn finds_what_is_not_listed() {
        let manifest = r#"{"aggregate":{"user":{"aggregate":"A"}},"text":"{\"user\":{\"aggregate\":
            \"C\"}}","aggregate":{"user":{"aggregate":"Bb"}}}"#;
        assert_eq!(first_unlisted(manifest, &["A", "Bb"]), None);
        assert_eq!(first_unlisted(manifest, &["Bb"]), Some("A"));
        assert_eq!(first_unlisted(manifest, &["A", "B"]), Some("Bb"));
        assert_eq!(first_unlisted("", &[]), None);
    }
}
