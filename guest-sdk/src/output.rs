//! The types that a column of a view or of on-demand outputs may have.
//!
//! Invariant: a value goes into its column's builder at once, so a row is never stored.
//! Deliberately absent: lists of lists.

use crate::column::{Build, Fixed, Flags, Full, Lists, Nullable, Texts, Values};
use crate::event_time::EventTime;
use crate::field::Scalar;
use crate::list::List;
use crate::manifest::{FALSE, Piece, TRUE};

/// A type of an output column that is never null.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot lie within an `Option` or a list of an output column",
    label = "not a plain output type",
    note = "use i64, f64, f32, bool, EventTime, &str or String; `Option` also takes a list"
)]
pub trait Plain: Sized {
    /// The builder of the values.
    type Values: Values;
    /// The type's name in the manifest.
    const TYPE: Piece;

    /// Adds this value.
    fn put(self, values: &mut Self::Values);
}

/// A type that an output column can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of an output column",
    label = "not an output column type",
    note = "use i64, f64, f32, bool, EventTime, &str, String, Vec<T>, List<'_, T>, or an Option \
            of one of them"
)]
pub trait Output: Sized {
    /// The builder of the column.
    type Builder: Build;
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
    note = "use i64, f64, f32, bool, EventTime, &str, String, or an Option of one of them"
)]
pub trait Element: Sized {
    /// The builder of the elements' values.
    type Values: Values;
    /// The list's type.
    const LIST: Piece;

    /// Adds this element.
    fn push(self, elements: &mut Nullable<Self::Values>);
}

macro_rules! plain {
    ($($type:ty: $name:literal, $values:ty, |$value:ident| $bytes:expr;)*) => {$(
        impl Plain for $type {
            type Values = $values;
            const TYPE: Piece = Piece::Text($name);

            #[inline]
            fn put(self, values: &mut $values) {
                let $value = self;
                values.push($bytes);
            }
        }

        impl Output for $type {
            type Builder = Full<$values>;
            const TYPE: Piece = Piece::Text($name);
            const NULLABLE: Piece = FALSE;

            #[inline]
            fn push(self, builder: &mut Full<$values>) {
                self.put(&mut builder.0);
            }
        }

        impl Element for $type {
            type Values = $values;
            const LIST: Piece = Piece::Text(concat!("list<", $name, ">"));

            #[inline]
            fn push(self, elements: &mut Nullable<$values>) {
                elements.push(|values| self.put(values));
            }
        }

        impl Element for Option<$type> {
            type Values = $values;
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
    bool: "bool", Flags, |value| value;
    i64: "int64", Fixed<8>, |value| value.to_le_bytes();
    f32: "float32", Fixed<4>, |value| value.to_le_bytes();
    f64: "float64", Fixed<8>, |value| value.to_le_bytes();
    EventTime: "timestamp", Fixed<8>, |value| value.as_micros().to_le_bytes();
    &str: "string", Texts, |value| value;
    String: "string", Texts, |value| &value;
}

impl<T: Plain> Output for Option<T> {
    type Builder = Nullable<T::Values>;
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
    const TYPE: Piece = T::LIST;

    fn put(self, values: &mut Self::Values) {
        values.push(|elements| self.into_iter().for_each(|element| element.push(elements)));
    }
}

impl<T: Element> Output for Vec<T> {
    type Builder = Full<Lists<T::Values>>;
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
    const TYPE: Piece = T::LIST;
    const NULLABLE: Piece = FALSE;

    fn push(self, builder: &mut Self::Builder) {
        self.put(&mut builder.0);
    }
}
