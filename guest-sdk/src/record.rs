//! The structs of an author: records, which are read from a batch, and rows, which are written to
//! one.
//!
//! Invariant: only the derives implement these traits; the columns of a record or a row are its
//! fields, in order. Deliberately absent: checks that a derive can do by looking at tokens.

use crate::batch::{Cursor, Position};
use crate::bytes::Bytes;
use crate::column::Build;
use crate::date::Date;
use crate::decimal::Decimal;
use crate::event_time::EventTime;
use crate::list::List;
use crate::manifest::Piece;

/// A struct that is read from a batch.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a struct that a transform can read",
    label = "derive `Event`, `Request` or `Features` on it"
)]
pub trait Record {
    /// The same struct with another lifetime.
    type Row<'b>;
    /// Its opened columns.
    type Columns<'b>;

    /// Opens its columns.
    fn open<'b>(cursor: &mut Cursor<'b>) -> Self::Columns<'b>;

    /// The struct of `row`.
    fn get<'b>(columns: &Self::Columns<'b>, row: Position<'b>) -> Self::Row<'b>;
}

/// A record that is one event of a source.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "put `#[derive(Event)]` on this struct; a view reads one `&Event`"
)]
pub trait Event: Record {
    /// Its declaration, as JSON.
    const DECLARATION: Piece;
}

/// A record of a request's columns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request",
    label = "put `#[derive(Request)]` on this struct; it is the first argument"
)]
pub trait Request: Record {
    /// Its columns, as JSON.
    const COLUMNS: Piece;
}

/// A record of stored features.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of stored features",
    label = "put `#[derive(Features)]` on this struct; it is the second argument"
)]
pub trait Features: Record {
    /// Its features, as JSON.
    const INPUTS: Piece;
}

/// A struct that is written to a batch.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a struct that a transform can return",
    label = "derive `View` or `Outputs` on it"
)]
pub trait Row: Sized {
    /// The builder of its columns.
    type Builder: Build;

    /// Adds it as a row.
    fn push(self, builder: &mut Self::Builder);
}

/// A row of a feature view.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row of a view",
    label = "a view returns a `#[derive(View)]` struct, an `Option`, `Vec` or array of it, or a \
             `Result` of one of these with `String`"
)]
pub trait View: Row {
    /// The text of the struct's doc comment.
    const DESCRIPTION: Piece;
    /// The view's fields from `owner` on, except its event.
    const DECLARATION: Piece;
}

/// The outputs of an on-demand transform for one request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the answer of an on-demand transform",
    label = "it returns a `#[derive(Outputs)]` struct or a `Result` of it with `String`"
)]
pub trait Outputs: Row {
    /// Its columns, as JSON.
    const COLUMNS: Piece;
}

/// The type of an event's time.
pub trait TimeColumn {}
impl TimeColumn for EventTime {}

/// The type of an event's id.
pub trait IdColumn {}
impl IdColumn for &str {}
impl IdColumn for i64 {}

/// The type of a part of an entity key.
pub trait KeyColumn {}

/// The type of a column of numbers.
pub trait Summable {}

/// The type of a column of numbers whose powers can be summed, weighed and divided into bins: at
/// most 64 bits with their sign, and no decimals.
pub trait Powered {}

/// The type of a column of integers.
pub trait IntegerColumn {}

/// The type of a column of texts.
pub trait TextColumn {}

/// The type of a column whose values have an order.
pub trait Ordered {}

/// The type of a column that is true or false.
pub trait FlagColumn {}
impl FlagColumn for bool {}
impl FlagColumn for Option<bool> {}

/// The type of a column whose values can be the keys of a map.
pub trait MapKey {}
impl<T: KeyColumn> MapKey for T {}

/// The type of a column of vectors.
pub trait VectorColumn {}
impl VectorColumn for Vec<f32> {}
impl VectorColumn for Vec<f64> {}
impl VectorColumn for List<'_, f32> {}
impl VectorColumn for List<'_, f64> {}
impl VectorColumn for Option<Vec<f32>> {}
impl VectorColumn for Option<Vec<f64>> {}
impl VectorColumn for Option<List<'_, f32>> {}
impl VectorColumn for Option<List<'_, f64>> {}

macro_rules! marks {
    ($($mark:ident: $($(@[$($generics:tt)*])? $type:ty),*;)*) => {$($(
        impl $(<$($generics)*>)? $mark for $type {}
        impl $(<$($generics)*>)? $mark for Option<$type> {}
    )*)*};
}

marks! {
    KeyColumn: bool, i8, i16, i32, i64, u8, u16, u32, u64,
        @[const P: u8, const S: u8] Decimal<P, S>, Date, EventTime, &str, String, &[u8], Bytes;
    Summable: i8, i16, i32, i64, u8, u16, u32, u64, f32, f64,
        @[const P: u8, const S: u8] Decimal<P, S>;
    Powered: i8, i16, i32, i64, u8, u16, u32, f32, f64;
    IntegerColumn: i8, i16, i32, i64, u8, u16, u32, u64;
    TextColumn: &str, String;
    Ordered: bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64,
        @[const P: u8, const S: u8] Decimal<P, S>, Date, EventTime, &str, String, &[u8], Bytes;
}
