//! Columns in the manifest, and the constants they are put together from.
//!
//! Invariant: a type's name comes from the SDK's traits, since a macro cannot know what a name in
//! the author's code stands for. Deliberately absent: the joining, which `export!` asks for.

use crate::foreign::refusal;
use crate::json;
use crate::structure::Column;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
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

impl Direction {
    /// The constant of the SDK's `Fit` that says whether a type fits.
    fn question(self) -> &'static str {
        match self {
            Direction::In => "FIELD",
            Direction::Out => "OUTPUT",
        }
    }
}

/// A constant that answers `question` of the type `kind`, which names no lifetime but `'static`.
pub(crate) fn fits(kind: &dyn ToTokens, question: &str, place: Span) -> TokenStream {
    let question = Ident::new(question, place);
    // In a span of ours, so that no lint says that a type that fits did not need it.
    let unfit = quote!(
        use ::lockstep_sdk::__::Unfit as _;
    );
    let mut block = Group::new(
        Delimiter::Brace,
        quote_spanned!(place=> #unfit <::lockstep_sdk::__::Fit<#kind>>::#question),
    );
    block.set_span(place);
    block.into_token_stream()
}

/// `Given<…>`, through which a column is read or written whether its type fits or not.
pub(crate) fn given(column: &Column, direction: Direction) -> TokenStream {
    let (kind, span) = (column.kind_with(&fixed()), column.kind.span());
    let fits = fits(&kind, direction.question(), span);
    quote_spanned!(span=> ::lockstep_sdk::__::Given<#fits>)
}

/// The type and nullability of a column, as members of a JSON object.
pub(crate) fn type_pieces(column: &Column, direction: Direction) -> Vec<TokenStream> {
    let (kind, span) = (column.kind_with(&fixed()), column.kind.span());
    let given = given(column, direction);
    let typed = match direction {
        Direction::In => quote_spanned!(span=> #given as ::lockstep_sdk::__::Read<'static, #kind>),
        Direction::Out => quote_spanned!(span=> #given as ::lockstep_sdk::__::Written<#kind>),
    };
    let (name, nullable) =
        (quote_spanned!(span=> <#typed>::TYPE), quote_spanned!(span=> <#typed>::NULLABLE));
    vec![text("\"type\":\""), name, text("\",\"nullable\":"), nullable]
}

/// Code that does not compile, with one message, for each column whose type fits nowhere.
pub(crate) fn type_checks(columns: &[Column], direction: Direction) -> TokenStream {
    let checks = columns.iter().map(|column| {
        let span = column.kind.span();
        let fits = fits(&column.kind_with(&fixed()), direction.question(), span);
        assertion(&fits, &refusal(&column.kind, direction), span)
    });
    quote!(#(#checks)*)
}

/// Code that does not compile unless the constant `holds` is true; `why` is the message.
pub(crate) fn assertion(holds: &TokenStream, why: &str, place: Span) -> TokenStream {
    // A message is a format.
    let why = why.replace('{', "{{").replace('}', "}}");
    quote_spanned!(place=> const _: () = ::core::assert!(#holds, #why);)
}

/// The JSON array of these columns.
pub(crate) fn columns(columns: &[Column], direction: Direction) -> TokenStream {
    let mut pieces = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let before = if at == 0 { "[" } else { "," };
        pieces.push(text(&format!("{before}{{\"name\":{},", json::string(&column.column))));
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
