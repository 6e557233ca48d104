//! `#[derive(View)]`.
//!
//! Invariant: the key's parts are fields of the struct, once each, with types that can be keys.
//! Deliberately absent: the view's name and event, which its function gives.

use crate::columns::{Direction, columns, many, text};
use crate::duration::{DAY_US, duration};
use crate::event::{Role, check};
use crate::features::Features;
use crate::json;
use crate::near::did_you_mean;
use crate::origin::origin;
use crate::record::row;
use crate::settings::Settings;
use crate::structure::{Column, Structure};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Lifetime, LitStr, Result, parse_quote};

const FORM: &str = "#[view(key = [field, …], owner = \"…\", tags = [\"…\"], \
                    history = \"7d\", delay = \"5m\", boundary = \"inclusive\", null_keys, \
                    origin = \"2024-01-01\", exact_max = \"1d\")]";

const SETTINGS: [&str; 9] =
    ["key", "owner", "tags", "history", "delay", "boundary", "null_keys", "origin", "exact_max"];

/// Implements `Row` and `View`.
pub(crate) fn derive(input: DeriveInput) -> Result<TokenStream> {
    let structure = Structure::new(input, "View", None)?;
    let mut found = Settings::of(&structure.attributes, "view")?.into_iter();
    let missing = || {
        let why = format!("a view needs its key; write {FORM}, of which only key is needed");
        Error::new(structure.ident.span(), why)
    };
    let mut settings = found.next().ok_or_else(missing)?;
    if let Some(second) = found.next() {
        return Err(Error::new(second.span, "a view has one #[view(…)]"));
    }
    settings.known(&SETTINGS)?;
    let key = key(&structure, &mut settings)?.ok_or_else(missing)?;
    let head = head(&key, settings)?;
    let features = Features::of(&structure)?;

    let declaration = many(&[
        text(&head),
        columns(&structure.fields, Direction::Out),
        text(&format!(",\"features\":[{}]", features.json.join(","))),
    ]);
    let description = text(&json::string(&structure.description));
    let own: Lifetime = parse_quote!('__own);
    let (generics, named) = (structure.generics(&own), structure.with(&own));
    let row = row(&structure);
    let key_checks = key.iter().map(|part| check(part, Role::Key));
    let feature_checks = &features.checks;
    Ok(quote! {
        #row

        #[automatically_derived]
        impl #generics ::lockstep_sdk::__::View for #named {
            const DESCRIPTION: ::lockstep_sdk::__::Piece = #description;
            const DECLARATION: ::lockstep_sdk::__::Piece = #declaration;
        }

        #(#key_checks)*
        #(#feature_checks)*
    })
}

/// The columns of the key; `None` if it is not given.
fn key<'s>(structure: &'s Structure, settings: &mut Settings) -> Result<Option<Vec<&'s Column>>> {
    let Some(parts) = settings.idents("key")? else { return Ok(None) };
    for (at, part) in parts.iter().enumerate() {
        if parts[..at].contains(part) {
            return Err(Error::new(part.span(), "this column is in the key twice"));
        }
    }
    parts.iter().map(|part| structure.field(part, "key")).collect::<Result<_>>().map(Some)
}

/// The history of a view that declares none: questions about the last week are answered (S12).
const HISTORY_US: i64 = 7 * DAY_US;

/// The view in the manifest from `owner` to before its columns.
fn head(key: &[&Column], mut settings: Settings) -> Result<String> {
    let owner = settings.text("owner")?.map_or_else(String::new, |owner| owner.value());
    let tags = settings.texts("tags")?.unwrap_or_default();
    let tags: Vec<String> = tags.iter().map(LitStr::value).collect();
    let history = settings.text("history")?;
    let delay = settings.text("delay")?;
    let start = settings.text("origin")?;
    let exact_max = settings.text("exact_max")?;
    let boundary = match settings.text("boundary")? {
        None => "strict".to_string(),
        Some(text) if ["strict", "inclusive"].contains(&text.value().as_str()) => text.value(),
        Some(text) => {
            let why = format!(
                "a boundary is \"strict\" (an event at as_of does not count) or \"inclusive\"{}",
                did_you_mean(&text.value(), ["strict", "inclusive"])
            );
            return Err(Error::new(text.span(), why));
        }
    };
    let null_keys = settings.flag("null_keys")?;
    let history_us = history.map_or(Ok(HISTORY_US), |text| duration(&text))?;
    let delay_us = delay.map_or(Ok(0), |text| duration(&text))?;
    let origin_us = start.map_or(Ok(0), |text| origin(&text))?;
    let exact_max_us = exact_max.map_or(Ok(DAY_US), |text| duration(&text))?;
    Ok(format!(
        "\"owner\":{},\"tags\":{},\"key\":{},\"null_keys\":{null_keys},\"boundary\":{},\
         \"delay_us\":{delay_us},\"history_us\":{history_us},\
         \"origin_us\":{origin_us},\"exact_max_us\":{exact_max_us},\"columns\":",
        json::string(&owner),
        json::strings(tags.iter().map(String::as_str)),
        json::strings(key.iter().map(|part| part.name.as_str())),
        json::string(&boundary),
    ))
}
