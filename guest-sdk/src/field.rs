//! The types that a field of an event, a request or a set of stored features may have.
//!
//! Invariant: a field borrows from the batch; reading a row allocates nothing. Deliberately absent:
//! owned texts and bytes, and lists of lists.

use crate::batch::{Column, Cursor, Layout, ListColumn};
use crate::date::Date;
use crate::decimal::Decimal;
use crate::event_time::EventTime;
use crate::list::List;
use crate::manifest::{FALSE, Piece, TRUE};

/// A type other than a list that is never null.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the element of a list, or lie within an `Option`, of a column",
    label = "not a plain column type",
    note = "use bool, i8 to i64, u8 to u64, f32, f64, Decimal<P, S>, Date, EventTime, &str \
            or &[u8]"
)]
pub trait Scalar<'b>: Sized {
    /// Whether there is such a type: false of a decimal with impossible parameters.
    const FITS: bool = true;
    /// The type's name in the manifest.
    const TYPE: Piece;
    /// How values of the type are stored in buffers.
    const LAYOUT: Layout;

    /// The value of `row`, which must have one.
    fn get(column: &Column<'b>, row: usize) -> Self;
}

/// A type that a column can be read as.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a column",
    label = "not a column type",
    note = "use bool, i8 to i64, u8 to u64, f32, f64, Decimal<P, S>, Date, EventTime, &str, \
            &[u8], List<'_, T>, or an Option of one of them"
)]
pub trait Field<'b>: Sized {
    /// The opened column.
    type Column: Copy;
    /// Whether there is such a type: false of a decimal with impossible parameters.
    const FITS: bool;
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
    ($(
        $(@[$($generics:tt)*])? $type:ty: $name:expr $(=> $fits:expr)?,
        $layout:expr, |$column:ident, $row:ident| $value:expr;
    )*) => {$(
        impl<'b, $($($generics)*)?> Scalar<'b> for $type {
            $(const FITS: bool = $fits;)?
            const TYPE: Piece = $name;
            const LAYOUT: Layout = $layout;

            #[inline]
            fn get($column: &Column<'b>, $row: usize) -> Self {
                $value
            }
        }

        impl<'b, $($($generics)*)?> Field<'b> for $type {
            type Column = Column<'b>;
            const FITS: bool = <$type as Scalar<'b>>::FITS;
            const TYPE: Piece = <$type as Scalar<'b>>::TYPE;
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
    bool: Piece::Text("bool"), Layout::Bits, |column, row| column.bit(row);
    i8: Piece::Text("int8"), Layout::Bytes(1), |column, row| {
        i8::from_le_bytes(column.bytes(row))
    };
    i16: Piece::Text("int16"), Layout::Bytes(2), |column, row| {
        i16::from_le_bytes(column.bytes(row))
    };
    i32: Piece::Text("int32"), Layout::Bytes(4), |column, row| {
        i32::from_le_bytes(column.bytes(row))
    };
    i64: Piece::Text("int64"), Layout::Bytes(8), |column, row| {
        i64::from_le_bytes(column.bytes(row))
    };
    u8: Piece::Text("uint8"), Layout::Bytes(1), |column, row| {
        u8::from_le_bytes(column.bytes(row))
    };
    u16: Piece::Text("uint16"), Layout::Bytes(2), |column, row| {
        u16::from_le_bytes(column.bytes(row))
    };
    u32: Piece::Text("uint32"), Layout::Bytes(4), |column, row| {
        u32::from_le_bytes(column.bytes(row))
    };
    u64: Piece::Text("uint64"), Layout::Bytes(8), |column, row| {
        u64::from_le_bytes(column.bytes(row))
    };
    f32: Piece::Text("float32"), Layout::Bytes(4), |column, row| {
        f32::from_le_bytes(column.bytes(row))
    };
    f64: Piece::Text("float64"), Layout::Bytes(8), |column, row| {
        f64::from_le_bytes(column.bytes(row))
    };
    @[const P: u8, const S: u8] Decimal<P, S>: Decimal::<P, S>::TYPE => Decimal::<P, S>::IS_TYPE,
    Layout::Bytes(16), |column, row| Decimal::of_batch(column.bytes(row));
    Date: Piece::Text("date"), Layout::Bytes(4), |column, row| {
        Date::from_days(i32::from_le_bytes(column.bytes(row)))
    };
    EventTime: Piece::Text("timestamp"), Layout::Bytes(8), |column, row| {
        EventTime::from_micros(i64::from_le_bytes(column.bytes(row)))
    };
    &'b str: Piece::Text("string"), Layout::Runs, |column, row| column.text(row);
    &'b [u8]: Piece::Text("bytes"), Layout::Runs, |column, row| column.run(row);
}

impl<'b, T: Scalar<'b>> Field<'b> for Option<T> {
    type Column = Column<'b>;
    const FITS: bool = T::FITS;
    const TYPE: Piece = T::TYPE;
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
    const FITS: bool = T::FITS;
    const TYPE: Piece = Piece::Many(&[Piece::Text("list<"), T::TYPE, Piece::Text(">")]);
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
    const FITS: bool = T::FITS;
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
