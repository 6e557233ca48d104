//! `#[derive(Event)]`.
//!
//! Invariant: the time and id columns are fields of the struct with the right types. Deliberately
//! absent: what a source's files look like, which the project file says.

use crate::columns::{Direction, columns, fixed, many, text};
use crate::duration::duration;
use crate::json;
use crate::record::record;
use crate::settings::Settings;
use crate::structure::{Column, Structure};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Lifetime, Result, parse_quote};

const FORM: &str = "#[event(source = \"…\", time = field, id = field, skew = \"1h\")]";

/// Implements `Record` and `Event`.
pub(crate) fn derive(input: DeriveInput) -> Result<TokenStream> {
    let structure = Structure::new(input, "Event")?;
    let mut found = Settings::of(&structure.attributes, "event")?.into_iter();
    let missing = |what: &str| Error::new(structure.ident.span(), format!("{what}; write {FORM}"));
    let mut settings = found.next().ok_or_else(|| missing("an event needs its source and time"))?;
    if let Some(second) = found.next() {
        return Err(Error::new(second.span, "an event has one #[event(…)]"));
    }
    let source = settings.text("source")?.ok_or_else(|| missing("the source is missing"))?;
    let time = settings.ident("time")?.ok_or_else(|| missing("the time column is missing"))?;
    let id = settings.ident("id")?;
    let skew = settings.text("skew")?;
    settings.finish("source, time, id and skew")?;
    if source.value().is_empty() {
        return Err(Error::new(source.span(), "the source has a name in the project file"));
    }
    let time = structure.field(&time, "time")?;
    let id = id.map(|id| structure.field(&id, "id")).transpose()?;
    let skew_us = skew.map_or(Ok(0), |skew| duration(&skew))?;

    let id_json = id.map_or("null".to_string(), |id| json::string(&id.name));
    let head = format!(
        "{{\"name\":{},\"description\":{},\"source\":{},\"time\":{},\"id\":{id_json},\
         \"skew_us\":{skew_us},\"columns\":",
        json::string(&structure.ident.to_string()),
        json::string(&structure.description),
        json::string(&source.value()),
        json::string(&time.name),
    );
    let declaration = many(&[text(&head), columns(&structure.fields, Direction::In), text("}")]);
    let own: Lifetime = parse_quote!('__own);
    let (generics, named) = (structure.generics(&own), structure.with(&own));
    let mut checks = vec![check(time, "require_time")];
    checks.extend(id.map(|id| check(id, "require_id")));
    let record = record(&structure);
    Ok(quote! {
        #record

        #[automatically_derived]
        impl #generics ::lockstep_sdk::__::Event for #named {
            const DECLARATION: ::lockstep_sdk::__::Piece = #declaration;
        }

        #(#checks)*
    })
}

/// Code that does not compile unless the SDK's function `requirement` accepts the column's type.
pub(crate) fn check(column: &Column, requirement: &str) -> TokenStream {
    let kind = column.kind_with(&fixed());
    let requirement = syn::Ident::new(requirement, kind.span());
    quote_spanned!(kind.span()=> const _: () = ::lockstep_sdk::__::#requirement::<#kind>();)
}
