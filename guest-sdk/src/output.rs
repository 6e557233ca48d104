//! The types that a column of a view or of on-demand outputs may have.
//!
//! Invariant: a value goes into its column's builder at once, so a row is never stored.
//! Deliberately absent: lists of lists.

use crate::bytes::Bytes;
use crate::column::{Build, Fixed, Flags, Full, Lists, Nullable, Runs, Values};
use crate::date::Date;
use crate::decimal::Decimal;
use crate::event_time::EventTime;
use crate::field::Scalar;
use crate::list::List;
use crate::manifest::{FALSE, Piece, TRUE};

/// A type of an output column that is never null.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot lie within an `Option` or a list of an output column",
    label = "not a plain output type",
    note = "use bool, i8 to i64, u8 to u64, f32, f64, Decimal<P, S>, Date, EventTime, &str, \
            String, &[u8] or Bytes; `Option` also takes a list"
)]
pub trait Plain: Sized {
    /// The builder of the values.
    type Values: Values;
    /// Whether there is such a type: false of a decimal with impossible parameters.
    const FITS: bool = true;
    /// The type's name in the manifest.
    const TYPE: Piece;

    /// Adds this value.
    fn put(self, values: &mut Self::Values);
}

/// A type that an output column can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of an output column",
    label = "not an output column type",
    note = "use bool, i8 to i64, u8 to u64, f32, f64, Decimal<P, S>, Date, EventTime, &str, \
            String, &[u8], Bytes, Vec<T>, List<'_, T>, or an Option of one of them"
)]
pub trait Output: Sized {
    /// The builder of the column.
    type Builder: Build;
    /// Whether there is such a type: false of a decimal with impossible parameters.
    const FITS: bool;
    /// The type's name in the manifest.
    const TYPE: Piece;
    /// Whether a row may have no value, as JSON.
    const NULLABLE: Piece;

    /// Adds this value as a row.
    fn push(self, builder: &mut Self::Builder);
}

/// An element of a list: a plain value or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the element of a list",
    label = "not an element type",
    note = "use bool, i8 to i64, u8 to u64, f32, f64, Decimal<P, S>, Date, EventTime, &str, \
            String, &[u8], Bytes, or an Option of one of them"
)]
pub trait Element: Sized {
    /// The builder of the elements' values.
    type Values: Values;
    /// Whether there is such a type: false of a decimal with impossible parameters.
    const FITS: bool;
    /// The list's type.
    const LIST: Piece;

    /// Adds this element.
    fn push(self, elements: &mut Nullable<Self::Values>);
}

macro_rules! plain {
    ($(
        $(@[$($generics:tt)*])? $type:ty: $name:expr $(=> $fits:expr)?,
        $values:ty, |$value:ident| $bytes:expr;
    )*) => {$(
        impl $(<$($generics)*>)? Plain for $type {
            type Values = $values;
            $(const FITS: bool = $fits;)?
            const TYPE: Piece = $name;

            #[inline]
            fn put(self, values: &mut $values) {
                let $value = self;
                values.push($bytes);
            }
        }

        impl $(<$($generics)*>)? Output for $type {
            type Builder = Full<$values>;
            const FITS: bool = <$type as Plain>::FITS;
            const TYPE: Piece = <$type as Plain>::TYPE;
            const NULLABLE: Piece = FALSE;

            #[inline]
            fn push(self, builder: &mut Full<$values>) {
                self.put(&mut builder.0);
            }
        }

        impl $(<$($generics)*>)? Element for $type {
            type Values = $values;
            const FITS: bool = <$type as Plain>::FITS;
            const LIST: Piece =
                Piece::Many(&[Piece::Text("list<"), <$type as Plain>::TYPE, Piece::Text(">")]);

            #[inline]
            fn push(self, elements: &mut Nullable<$values>) {
                elements.push(|values| self.put(values));
            }
        }

        impl $(<$($generics)*>)? Element for Option<$type> {
            type Values = $values;
            const FITS: bool = <$type as Plain>::FITS;
            const LIST: Piece = <$type as Element>::LIST;

            #[inline]
            fn push(self, elements: &mut Nullable<$values>) {
                match self {
                    Some(value) => elements.push(|values| value.put(values)),
                    None => elements.push_null(),
                }
            }
        }
    )*};
}

plain! {
    bool: Piece::Text("bool"), Flags, |value| value;
    i8: Piece::Text("int8"), Fixed<1>, |value| value.to_le_bytes();
    i16: Piece::Text("int16"), Fixed<2>, |value| value.to_le_bytes();
    i32: Piece::Text("int32"), Fixed<4>, |value| value.to_le_bytes();
    i64: Piece::Text("int64"), Fixed<8>, |value| value.to_le_bytes();
    u8: Piece::Text("uint8"), Fixed<1>, |value| value.to_le_bytes();
    u16: Piece::Text("uint16"), Fixed<2>, |value| value.to_le_bytes();
    u32: Piece::Text("uint32"), Fixed<4>, |value| value.to_le_bytes();
    u64: Piece::Text("uint64"), Fixed<8>, |value| value.to_le_bytes();
    f32: Piece::Text("float32"), Fixed<4>, |value| value.to_le_bytes();
    f64: Piece::Text("float64"), Fixed<8>, |value| value.to_le_bytes();
    @[const P: u8, const S: u8] Decimal<P, S>: Decimal::<P, S>::TYPE => Decimal::<P, S>::IS_TYPE,
    Fixed<16>, |value| value.unscaled().to_le_bytes();
    Date: Piece::Text("date"), Fixed<4>, |value| value.days().to_le_bytes();
    EventTime: Piece::Text("timestamp"), Fixed<8>, |value| value.as_micros().to_le_bytes();
    &str: Piece::Text("string"), Runs, |value| value.as_bytes();
    String: Piece::Text("string"), Runs, |value| value.as_bytes();
    &[u8]: Piece::Text("bytes"), Runs, |value| value;
    Bytes: Piece::Text("bytes"), Runs, |value| &value;
}

impl<T: Plain> Output for Option<T> {
    type Builder = Nullable<T::Values>;
    const FITS: bool = T::FITS;
    const TYPE: Piece = T::TYPE;
    const NULLABLE: Piece = TRUE;

    #[inline]
    fn push(self, builder: &mut Nullable<T::Values>) {
        match self {
            Some(value) => builder.push(|values| value.put(values)),
            None => builder.push_null(),
        }
    }
}

impl<T: Element> Plain for Vec<T> {
    type Values = Lists<T::Values>;
    const FITS: bool = <T as Element>::FITS;
    const TYPE: Piece = T::LIST;

    fn put(self, values: &mut Self::Values) {
        values.push(|elements| self.into_iter().for_each(|element| element.push(elements)));
    }
}

impl<T: Element> Output for Vec<T> {
    type Builder = Full<Lists<T::Values>>;
    const FITS: bool = <T as Element>::FITS;
    const TYPE: Piece = T::LIST;
    const NULLABLE: Piece = FALSE;

    fn push(self, builder: &mut Self::Builder) {
        self.put(&mut builder.0);
    }
}

impl<'b, T: Scalar<'b> + Element> Plain for List<'b, T>
where
    Option<T>: Element<Values = T::Values>,
{
    type Values = Lists<T::Values>;
    const FITS: bool = <T as Element>::FITS;
    const TYPE: Piece = T::LIST;

    fn put(self, values: &mut Self::Values) {
        values.push(|elements| self.iter().for_each(|element| element.push(elements)));
    }
}

impl<'b, T: Scalar<'b> + Element> Output for List<'b, T>
where
    Option<T>: Element<Values = T::Values>,
{
    type Builder = Full<Lists<T::Values>>;
    const FITS: bool = <T as Element>::FITS;
    const TYPE: Piece = T::LIST;
    const NULLABLE: Piece = FALSE;

    fn push(self, builder: &mut Self::Builder) {
        self.put(&mut builder.0);
    }
}
