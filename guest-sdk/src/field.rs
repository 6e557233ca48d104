//! The types that a field of an event, a request or a set of stored features may have.
//!
//! Invariant: a field borrows from the batch; reading a row allocates nothing. Deliberately absent:
//! owned strings, and lists of lists.

use crate::batch::{Column, Cursor, Layout, ListColumn};
use crate::event_time::EventTime;
use crate::list::List;
use crate::manifest::{FALSE, Piece, TRUE};

/// A type other than a list that is never null.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the element of a list, or lie within an `Option`, of a column",
    label = "not a plain column type",
    note = "use i64, f64, f32, bool, EventTime or &str"
)]
pub trait Scalar<'b>: Sized {
    /// The type's name in the manifest.
    const TYPE: &'static str;
    /// How values of the type are stored in buffers.
    const LAYOUT: Layout;

    /// The value of `row`, which must have one.
    fn get(column: &Column<'b>, row: usize) -> Self;
}

/// A type that a column can be read as.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a column",
    label = "not a column type",
    note = "use i64, f64, f32, bool, EventTime, &str, List<'_, T>, or an Option of one of them"
)]
pub trait Field<'b>: Sized {
    /// The opened column.
    type Column: Copy;
    /// The type's name in the manifest.
    const TYPE: Piece;
    /// Whether a row may have no value, as JSON.
    const NULLABLE: Piece;

    /// Opens the next column.
    fn open(cursor: &mut Cursor<'b>) -> Self::Column;

    /// The value of `row`.
    fn get(column: &Self::Column, row: usize) -> Self;
}

macro_rules! scalars {
    ($($type:ty: $name:literal, $layout:expr, |$column:ident, $row:ident| $value:expr;)*) => {$(
        impl<'b> Scalar<'b> for $type {
            const TYPE: &'static str = $name;
            const LAYOUT: Layout = $layout;

            #[inline]
            fn get($column: &Column<'b>, $row: usize) -> Self {
                $value
            }
        }

        impl<'b> Field<'b> for $type {
            type Column = Column<'b>;
            const TYPE: Piece = Piece::Text($name);
            const NULLABLE: Piece = FALSE;

            #[inline]
            fn open(cursor: &mut Cursor<'b>) -> Column<'b> {
                cursor.column(<$type as Scalar<'b>>::LAYOUT, false)
            }

            #[inline]
            fn get(column: &Column<'b>, row: usize) -> Self {
                <$type as Scalar<'b>>::get(column, row)
            }
        }
    )*};
}

scalars! {
    bool: "bool", Layout::Bits, |column, row| column.bit(row);
    i64: "int64", Layout::Bytes(8), |column, row| i64::from_le_bytes(column.bytes(row));
    f32: "float32", Layout::Bytes(4), |column, row| f32::from_le_bytes(column.bytes(row));
    f64: "float64", Layout::Bytes(8), |column, row| f64::from_le_bytes(column.bytes(row));
    EventTime: "timestamp", Layout::Bytes(8), |column, row| {
        EventTime::from_micros(i64::from_le_bytes(column.bytes(row)))
    };
    &'b str: "string", Layout::Text, |column, row| column.text(row);
}

impl<'b, T: Scalar<'b>> Field<'b> for Option<T> {
    type Column = Column<'b>;
    const TYPE: Piece = Piece::Text(T::TYPE);
    const NULLABLE: Piece = TRUE;

    #[inline]
    fn open(cursor: &mut Cursor<'b>) -> Column<'b> {
        cursor.column(T::LAYOUT, true)
    }

    #[inline]
    fn get(column: &Column<'b>, row: usize) -> Self {
        if column.validity.has(row) { Some(T::get(column, row)) } else { None }
    }
}

impl<'b, T: Scalar<'b>> Field<'b> for List<'b, T> {
    type Column = ListColumn<'b>;
    const TYPE: Piece =
        Piece::Many(&[Piece::Text("list<"), Piece::Text(T::TYPE), Piece::Text(">")]);
    const NULLABLE: Piece = FALSE;

    #[inline]
    fn open(cursor: &mut Cursor<'b>) -> ListColumn<'b> {
        cursor.lists(T::LAYOUT, false)
    }

    #[inline]
    fn get(column: &ListColumn<'b>, row: usize) -> Self {
        List::new(column, row)
    }
}

impl<'b, T: Scalar<'b>> Field<'b> for Option<List<'b, T>> {
    type Column = ListColumn<'b>;
    const TYPE: Piece = <List<'b, T> as Field<'b>>::TYPE;
    const NULLABLE: Piece = TRUE;

    #[inline]
    fn open(cursor: &mut Cursor<'b>) -> ListColumn<'b> {
        cursor.lists(T::LAYOUT, true)
    }

    #[inline]
    fn get(column: &ListColumn<'b>, row: usize) -> Self {
        column.validity.has(row).then(|| List::new(column, row))
    }
}
