//! Whether a type fits a place, as a constant of the compiler.
//!
//! A trait bound that does not hold is an error wherever a macro's code mentions it, so one wrong
//! field gives many. Here the macros ask first: `<Fit<T>>::FIELD` is true if `T` is a [`Field`].
//! One assertion on it, at the author's word, says what is wrong, and [`Given`] makes all other code
//! compile whatever the answer is.
//!
//! Method: an associated constant of a type itself goes before one of a trait. [`Unfit`] says false
//! of every type; the constants of [`Fit`] say true of those that fulfil a bound. Deliberately
//! absent: types with parameters, of which the compiler would take the trait's constants.

use crate::aggregate::{Aggregate, Feeds};
use crate::batch::Cursor;
use crate::column::Build;
use crate::field::Field;
use crate::manifest::{FALSE, Piece};
use crate::output::Output;
use crate::record::{
    Event, Features, FlagColumn, IdColumn, IntegerColumn, KeyColumn, MapKey, Ordered, Powered,
    Request, Summable, TextColumn, TimeColumn, VectorColumn,
};
use crate::transform::{Answer, Respond};
use std::marker::PhantomData;

/// Asks of `T`.
#[derive(Debug)]
pub struct Fit<T>(PhantomData<T>);

macro_rules! fits {
    ($($name:ident: $bound:path $(=> $holds:expr)?, $what:literal;)*) => {
        /// What is true of no type, unless [`Fit`] says otherwise.
        pub trait Unfit {
            $(#[doc = $what] const $name: bool = false;)*
        }

        $(impl<T: $bound> Fit<T> {
            #[doc = $what]
            pub const $name: bool = true $(&& $holds)?;
        })*
    };
}

impl<T> Unfit for Fit<T> {}

fits! {
    FIELD: Field<'static> => <T as Field<'static>>::FITS, "Whether a column can be read as it.";
    OUTPUT: Output => <T as Output>::FITS, "Whether a column can be written from it.";
    TIME: TimeColumn, "Whether it can be an event's time.";
    ID: IdColumn, "Whether it can be an event's id.";
    KEY: KeyColumn, "Whether it can be part of a key.";
    NUMBER: Summable, "Whether it is a number.";
    POWERED: Powered, "Whether powers of it can be summed.";
    INTEGER: IntegerColumn, "Whether it is an integer.";
    TEXT: TextColumn, "Whether it is a text.";
    PLAIN: Ordered, "Whether it has an order.";
    FLAG: FlagColumn, "Whether it is true or false.";
    MAP_KEY: MapKey, "Whether it can be the key of a map.";
    VECTOR: VectorColumn, "Whether it is a list of floats.";
    EVENT: Event, "Whether it is an event.";
    REQUEST: Request, "Whether it is a request.";
    STORED: Features, "Whether it is a set of stored features.";
    AGGREGATE: Aggregate, "Whether it is an aggregate.";
    ANSWER: Answer, "Whether a view may return it.";
    RESPONSE: Respond, "Whether an on-demand transform may return it.";
}

/// What is known of a type: that it fits, or that it does not.
#[derive(Debug)]
pub struct Given<const FITS: bool>;

/// A field that is read, if its type fits; else code that compiles and is never run.
pub trait Read<'b, T> {
    /// The opened column.
    type Column: Copy;
    /// The type's name in the manifest.
    const TYPE: Piece;
    /// Whether a row may have no value, as JSON.
    const NULLABLE: Piece;

    /// Opens the next column.
    fn open(cursor: &mut Cursor<'b>) -> Self::Column;

    /// The value of `row`.
    fn get(column: &Self::Column, row: usize) -> T;
}

impl<'b, T: Field<'b>> Read<'b, T> for Given<true> {
    type Column = T::Column;
    const TYPE: Piece = T::TYPE;
    const NULLABLE: Piece = T::NULLABLE;

    #[inline]
    fn open(cursor: &mut Cursor<'b>) -> T::Column {
        T::open(cursor)
    }

    #[inline]
    fn get(column: &T::Column, row: usize) -> T {
        T::get(column, row)
    }
}

impl<'b, T> Read<'b, T> for Given<false> {
    type Column = ();
    const TYPE: Piece = Piece::Text("");
    const NULLABLE: Piece = FALSE;

    fn open(_: &mut Cursor<'b>) {}

    fn get(_: &(), _: usize) -> T {
        unreachable!("a crate with such a field does not compile")
    }
}

/// A field that is written, if its type fits; else code that compiles and is never run.
pub trait Written<T> {
    /// The builder of the column.
    type Builder: Build;
    /// The type's name in the manifest.
    const TYPE: Piece;
    /// Whether a row may have no value, as JSON.
    const NULLABLE: Piece;

    /// Adds this value as a row.
    fn push(value: T, builder: &mut Self::Builder);
}

impl<T: Output> Written<T> for Given<true> {
    type Builder = T::Builder;
    const TYPE: Piece = T::TYPE;
    const NULLABLE: Piece = T::NULLABLE;

    #[inline]
    fn push(value: T, builder: &mut T::Builder) {
        value.push(builder);
    }
}

impl<T> Written<T> for Given<false> {
    type Builder = ();
    const TYPE: Piece = Piece::Text("");
    const NULLABLE: Piece = FALSE;

    fn push(_: T, (): &mut ()) {}
}

/// An aggregate `A` of a field of type `T`; of a type that is no column's, anything passes.
pub trait Takes<A, T> {}
impl<A: Aggregate, T: Feeds<A::Input<'static>>> Takes<A, T> for Given<true> {}
impl<A, T> Takes<A, T> for Given<false> {}

/// Fails to compile unless a field of type `T` fits the aggregate `A`.
pub const fn require_input<G: Takes<A, T>, A, T>() {}
