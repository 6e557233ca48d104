//! `#[derive(Request)]`, `#[derive(Features)]` and `#[derive(Outputs)]`: the two sides of an
//! on-demand transform.
//!
//! Invariant: each field of a set of features says which stored feature it holds. Deliberately
//! absent: whether that feature exists, which only the service knows.

use crate::columns::{Direction, columns, many, text, type_pieces};
use crate::json;
use crate::record::{record, row};
use crate::structure::{Column, Structure};
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::ParseStream;
use syn::{DeriveInput, Error, Ident, Lifetime, Result, Token, parse_quote};

/// Implements `Record` and `Request`.
pub(crate) fn derive_request(input: DeriveInput) -> Result<TokenStream> {
    let structure = Structure::new(input, "Request", Some("request"))?;
    let columns = columns(&structure.fields, Direction::In);
    let marked = constant(&structure, quote!(Request), quote!(COLUMNS), columns);
    let record = record(&structure);
    Ok(quote!(#record #marked))
}

/// Implements `Record` and `Features`.
pub(crate) fn derive_features(input: DeriveInput) -> Result<TokenStream> {
    let structure = Structure::new(input, "Features", None)?;
    let mut pieces = Vec::new();
    for (at, field) in structure.fields.iter().enumerate() {
        let before = if at == 0 { "[" } else { "," };
        let (from, name) = (json::string(&from(field)?), json::string(&field.name));
        pieces.push(text(&format!("{before}{{\"from\":{from},\"name\":{name},")));
        pieces.extend(type_pieces(field, Direction::In));
        pieces.push(text("}"));
    }
    pieces.push(text("]"));
    let marked = constant(&structure, quote!(Features), quote!(INPUTS), many(&pieces));
    let record = record(&structure);
    Ok(quote!(#record #marked))
}

/// Implements `Row` and `Outputs`.
pub(crate) fn derive_outputs(input: DeriveInput) -> Result<TokenStream> {
    let structure = Structure::new(input, "Outputs", None)?;
    let columns = columns(&structure.fields, Direction::Out);
    let marked = constant(&structure, quote!(Outputs), quote!(COLUMNS), columns);
    let row = row(&structure);
    Ok(quote!(#row #marked))
}

/// Implements a trait of the SDK that has one constant.
fn constant(
    structure: &Structure,
    of: TokenStream,
    name: TokenStream,
    value: TokenStream,
) -> TokenStream {
    let own: Lifetime = parse_quote!('__own);
    let (generics, named) = (structure.generics(&own), structure.with(&own));
    quote! {
        #[automatically_derived]
        impl #generics ::lockstep_sdk::__::#of for #named {
            const #name: ::lockstep_sdk::__::Piece = #value;
        }
    }
}

/// The stored feature that a field holds: `view.feature`.
fn from(field: &Column) -> Result<String> {
    let named = field.attributes.iter().filter(|attribute| attribute.path().is_ident("from"));
    let mut named = named.peekable();
    let why = "name the stored feature: #[from(view.feature)]";
    let attribute = named.next().ok_or_else(|| Error::new(field.ident.span(), why))?;
    if let Some(second) = named.next() {
        return Err(Error::new_spanned(second, "a field holds one stored feature"));
    }
    let parsed = attribute.parse_args_with(|input: ParseStream<'_>| {
        let view: Ident = input.parse()?;
        input.parse::<Token![.]>()?;
        let feature: Ident = input.parse()?;
        if input.is_empty() { Ok(format!("{view}.{feature}")) } else { Err(input.error(why)) }
    });
    parsed.map_err(|error| Error::new(error.span(), why))
}
