//! Columns in the manifest, and the constants they are put together from.
//!
//! Invariant: a type's name comes from the SDK's traits, since a macro cannot know what a name in
//! the author's code stands for. Deliberately absent: the joining, which `export!` asks for.

use crate::json;
use crate::structure::Column;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Lifetime, parse_quote};

/// `'static`, which names a type where no other lifetime can.
pub(crate) fn fixed() -> Lifetime {
    parse_quote!('static)
}

/// A piece of JSON with this text.
pub(crate) fn text(json: &str) -> TokenStream {
    quote!(::lockstep_sdk::__::Piece::Text(#json))
}

/// These pieces, one after the other.
pub(crate) fn many(pieces: &[TokenStream]) -> TokenStream {
    quote!(::lockstep_sdk::__::Piece::Many(&[#(#pieces),*]))
}

/// Whether columns are read from a batch or written to one.
#[derive(Clone, Copy)]
pub(crate) enum Direction {
    /// Read.
    In,
    /// Written.
    Out,
}

/// The type and nullability of a column, as members of a JSON object.
pub(crate) fn type_pieces(column: &Column, direction: Direction) -> Vec<TokenStream> {
    let (kind, span) = (column.kind_with(&fixed()), column.kind.span());
    let typed = match direction {
        Direction::In => quote_spanned!(span=> #kind as ::lockstep_sdk::__::Field<'static>),
        Direction::Out => quote_spanned!(span=> #kind as ::lockstep_sdk::__::Output),
    };
    let (name, nullable) =
        (quote_spanned!(span=> <#typed>::TYPE), quote_spanned!(span=> <#typed>::NULLABLE));
    vec![text("\"type\":\""), name, text("\",\"nullable\":"), nullable]
}

/// The JSON array of these columns.
pub(crate) fn columns(columns: &[Column], direction: Direction) -> TokenStream {
    let mut pieces = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let before = if at == 0 { "[" } else { "," };
        pieces.push(text(&format!("{before}{{\"name\":{},", json::string(&column.name))));
        pieces.extend(type_pieces(column, direction));
        pieces.push(if column.description.is_empty() {
            text("}")
        } else {
            text(&format!(",\"description\":{}}}", json::string(&column.description)))
        });
    }
    pieces.push(text("]"));
    many(&pieces)
}
