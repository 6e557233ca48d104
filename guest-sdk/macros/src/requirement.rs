//! What a column's type must be for an aggregate, a filter or a map, checked by the compiler.
//!
//! Invariant: the error of a type that does not fit points at the word that asks for it (`sum`, the
//! field behind `where`), not at the field's type, which is right for others. A type that is no
//! column's at all is another error, and the only one. Deliberately absent: which types fit, which
//! the SDK's marker traits say.

use crate::columns::{assertion, fits, fixed};
use crate::foreign::shown;
use crate::structure::Column;
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Path;

/// What a type must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// Anything.
    Any,
    /// A number.
    Number,
    /// A number whose powers can be summed.
    Powered,
    /// An integer.
    Integer,
    /// A text.
    Text,
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
    /// The constant of the SDK's `Fit`; what is taken, in a word, and which types these are.
    fn question(self) -> Option<(&'static str, &'static str, &'static str)> {
        Some(match self {
            Requirement::Any => return None,
            Requirement::Number => (
                "NUMBER",
                "numbers",
                "i8 to i64, u8 to u64, f32, f64, Decimal<P, S> or an Option of one; count, first, \
                 last, min and max take texts and times too",
            ),
            Requirement::Powered => (
                "POWERED",
                "numbers but u64 and decimals",
                "i8 to i64, u8 to u32, f32, f64 or an Option of one; Decimal::to_f64 gives the \
                 nearest f64",
            ),
            Requirement::Integer => {
                ("INTEGER", "integers", "i8 to i64, u8 to u64 or an Option of one")
            }
            Requirement::Text => ("TEXT", "texts", "&str, String or an Option of one"),
            Requirement::Plain => (
                "PLAIN",
                "plain values",
                "bool, i8 to i64, u8 to u64, f32, f64, Decimal<P, S>, Date, EventTime, &str, \
                 String, &[u8], Bytes or an Option of one; count takes lists too",
            ),
            Requirement::Flag => ("FLAG", "what is true or false", "a bool or an Option of one"),
            Requirement::MapKey => (
                "MAP_KEY",
                "what can be the key of a map",
                "bool, i8 to i64, u8 to u64, Decimal<P, S>, Date, EventTime, &str, String, &[u8], \
                 Bytes or an Option of one; no floats, no lists",
            ),
            Requirement::Vector => (
                "VECTOR",
                "lists of floats",
                "Vec<f64>, Vec<f32>, List<'_, f64>, List<'_, f32> or an Option of one",
            ),
        })
    }

    /// Code that does not compile unless `column` has such a type; none if any will do. `word` is
    /// what asks, and stands at `place`.
    pub(crate) fn of(self, column: &Column, word: &str, place: Span) -> Option<TokenStream> {
        let (question, takes, these) = self.question()?;
        let kind = kind(column, place);
        let (typed, holds) = (fits(&kind, "OUTPUT", place), fits(&kind, question, place));
        let holds = quote_spanned!(place=> !#typed || #holds);
        let shown = shown(&column.kind);
        let why = format!("`{word}` takes {takes}, and `{}` is {shown}; use {these}", column.name);
        Some(assertion(&holds, &why, place))
    }
}

/// Code that does not compile unless the aggregate at `path` takes values of `column`.
pub(crate) fn user_defined(path: &Path, column: &Column, place: Span) -> TokenStream {
    let kind = kind(column, place);
    let typed = fits(&kind, "OUTPUT", place);
    quote_spanned! {place=>
        const _: () = ::lockstep_sdk::__::require_input::<
            ::lockstep_sdk::__::Given<#typed>, #path, #kind
        >();
    }
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
