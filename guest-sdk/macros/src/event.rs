//! `#[derive(Event)]`.
//!
//! Invariant: the time and id columns are fields of the struct with the right types. Deliberately
//! absent: what a source's files look like, which the project file says.

use crate::columns::{Direction, assertion, columns, fits, fixed, many, text};
use crate::duration::duration;
use crate::foreign::shown;
use crate::json;
use crate::record::record;
use crate::settings::Settings;
use crate::structure::{Column, NAME_MAX_BYTES, Structure};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Lifetime, LitStr, Result, parse_quote};

const FORM: &str = "#[event(source = \"…\", time = field, id = field, skew = \"1h\")]";

/// Implements `Record` and `Event`.
pub(crate) fn derive(input: DeriveInput) -> Result<TokenStream> {
    let structure = Structure::new(input, "Event", Some("event"))?;
    let mut found = Settings::of(&structure.attributes, "event")?.into_iter();
    let missing = |what: &str| Error::new(structure.ident.span(), format!("{what}; write {FORM}"));
    let mut settings = found.next().ok_or_else(|| missing("an event needs its source and time"))?;
    if let Some(second) = found.next() {
        return Err(Error::new(second.span, "an event has one #[event(…)]"));
    }
    settings.known(&["source", "time", "id", "skew"])?;
    let source = settings.text("source")?.ok_or_else(|| missing("the source is missing"))?;
    let time = settings.ident("time")?.ok_or_else(|| missing("the time column is missing"))?;
    let id = settings.ident("id")?;
    let skew = settings.text("skew")?;
    source_name(&source)?;
    let time = structure.field(&time, "time")?;
    let id = id.map(|id| structure.field(&id, "id")).transpose()?;
    let skew_us = skew.map_or(Ok(0), |skew| duration(&skew))?;

    let id_json = id.map_or("null".to_string(), |id| json::string(&id.column));
    let head = format!(
        "{{\"name\":{},\"description\":{},\"source\":{},\"time\":{},\"id\":{id_json},\
         \"skew_us\":{skew_us},\"columns\":",
        json::string(&structure.ident.to_string()),
        json::string(&structure.description),
        json::string(&source.value()),
        json::string(&time.column),
    );
    let declaration = many(&[text(&head), columns(&structure.fields, Direction::In), text("}")]);
    let own: Lifetime = parse_quote!('__own);
    let (generics, named) = (structure.generics(&own), structure.with(&own));
    let mut checks = vec![check(time, Role::Time)];
    checks.extend(id.map(|id| check(id, Role::Id)));
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

/// Refuses a source that the project file cannot name.
fn source_name(source: &LitStr) -> Result<()> {
    let name = source.value();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > NAME_MAX_BYTES || !name.chars().all(plain) {
        let why = format!(
            "a source is named as in the project file, [sources.{}]: 1 to {NAME_MAX_BYTES} ASCII \
             letters, digits and underscores",
            if name.is_empty() { "orders" } else { "…" },
        );
        return Err(Error::new(source.span(), why));
    }
    Ok(())
}

/// What a column is for, beside its value.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    /// The time of its event.
    Time,
    /// What identifies its event.
    Id,
    /// A part of an entity key.
    Key,
}

/// Code that does not compile unless the column's type suits the role. A type that is no column's
/// at all is another error.
pub(crate) fn check(column: &Column, role: Role) -> TokenStream {
    let (kind, span) = (column.kind_with(&fixed()), column.kind.span());
    let shown = shown(&column.kind);
    let (typed, question, why) = match role {
        Role::Time => (
            "FIELD",
            "TIME",
            format!("the time column of an event is an `EventTime`, not `{shown}`"),
        ),
        Role::Id => (
            "FIELD",
            "ID",
            format!("the id column of an event is a `&str` or `i64`, not `{shown}`"),
        ),
        Role::Key => (
            "OUTPUT",
            "KEY",
            format!(
                "a key column cannot be `{shown}`; use bool, i8 to i64, u8 to u64, Decimal<P, S>, \
                 Date, EventTime, &str, String, &[u8], Bytes or an Option of one: floats and lists \
                 are no keys"
            ),
        ),
    };
    let (typed, fits) = (fits(&kind, typed, span), fits(&kind, question, span));
    assertion(&quote_spanned!(span=> !#typed || #fits), &why, span)
}
