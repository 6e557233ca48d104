//! What a column's type must be for an aggregate, a filter or a map, checked by the compiler.
//!
//! Invariant: the error of a type that does not fit points at the word that asks for it (`sum`, the
//! field behind `where`), not at the field's type, which is right for others. Deliberately absent:
//! which types fit, which the SDK's marker traits say.

use crate::columns::fixed;
use crate::structure::Column;
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{Ident, Path};

/// What a type must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// Anything.
    Any,
    /// A number.
    Number,
    /// Anything with an order: no list.
    Plain,
    /// A bool.
    Flag,
    /// What can be the key of a map: no list, no float.
    MapKey,
    /// A list of floats.
    Vector,
}

impl Requirement {
    /// Code that does not compile unless `column` has such a type; none if any will do.
    pub(crate) fn of(self, column: &Column, place: Span) -> Option<TokenStream> {
        let name = match self {
            Requirement::Any => return None,
            Requirement::Number => "require_summable",
            Requirement::Plain => "require_ordered",
            Requirement::Flag => "require_flag",
            Requirement::MapKey => "require_map_key",
            Requirement::Vector => "require_vector",
        };
        let (name, kind) = (Ident::new(name, place), kind(column, place));
        Some(quote_spanned!(place=> const _: () = ::lockstep_sdk::__::#name::<#kind>();))
    }
}

/// Code that does not compile unless the aggregate at `path` takes values of `column`.
pub(crate) fn user_defined(path: &Path, column: &Column, place: Span) -> TokenStream {
    let kind = kind(column, place);
    quote_spanned!(place=> const _: () = ::lockstep_sdk::__::require_input::<#path, #kind>();)
}

/// The column's type, as if it stood at `place`.
fn kind(column: &Column, place: Span) -> TokenStream {
    at(column.kind_with(&fixed()).into_token_stream(), place)
}

/// These tokens, located at `place`; names keep their meaning.
fn at(tokens: TokenStream, place: Span) -> TokenStream {
    let located = tokens.into_iter().map(|mut token| {
        let span = token.span().located_at(place);
        if let TokenTree::Group(group) = token {
            token = Group::new(group.delimiter(), at(group.stream(), place)).into();
        }
        token.set_span(span);
        token
    });
    located.collect()
}
