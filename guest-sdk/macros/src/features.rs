//! `#[features(…)]` on a view and its fields.
//!
//! Invariant: a feature's name is unique in its view and fits the runtime's limit. Deliberately
//! absent: aggregates of two columns, and those of users.

use crate::event::check;
use crate::json;
use crate::settings::Settings;
use crate::structure::{Column, NAME_MAX_BYTES, Structure};
use crate::window::window;
use proc_macro2::TokenStream;
use std::collections::BTreeSet;
use syn::{Error, Path, Result};

const AGGREGATES: [&str; 7] = ["count", "sum", "mean", "min", "max", "first", "last"];

/// The features of a view.
#[derive(Default)]
pub struct Features {
    names: BTreeSet<String>,
    /// Each feature, as the manifest has it.
    pub json: Vec<String>,
    /// Code that does not compile where an aggregate does not apply to its column.
    pub checks: Vec<TokenStream>,
}

impl Features {
    /// Those of the struct, then those of each field, in the author's order.
    pub fn of(structure: &Structure) -> Result<Features> {
        let mut features = Features::default();
        for settings in Settings::of(&structure.attributes, "features")? {
            features.add(settings, None)?;
        }
        for field in &structure.fields {
            for settings in Settings::of(&field.attributes, "features")? {
                features.add(settings, Some(field))?;
            }
        }
        if features.json.is_empty() {
            let why = "a view needs features: write #[features(count, windows = [\"7d\"])] on the \
                       struct, or #[features(mean, windows = [\"7d\"])] on a field";
            return Err(Error::new(structure.ident.span(), why));
        }
        Ok(features)
    }

    fn add(&mut self, mut settings: Settings, column: Option<&Column>) -> Result<()> {
        let span = settings.span;
        let aggregates = settings.bare();
        let windows = settings.texts("windows")?.unwrap_or_default();
        settings.finish("aggregates such as mean, and windows = [\"7d\"]")?;
        if aggregates.is_empty() {
            let why = format!("name aggregates: {}", AGGREGATES.join(", "));
            return Err(Error::new(span, why));
        }
        if windows.is_empty() {
            let why = "name windows: windows = [\"7d\", \"lifetime\"]";
            return Err(Error::new(span, why));
        }
        for path in &aggregates {
            let aggregate = aggregate(path, column)?;
            if let Some(column) = column {
                self.checks.extend(match aggregate.as_str() {
                    "count" => None,
                    "sum" | "mean" => Some(check(column, "require_summable")),
                    _ => Some(check(column, "require_ordered")),
                });
            }
            for literal in &windows {
                let window = window(literal)?;
                let name = match column {
                    None => format!("{aggregate}_{}", window.name),
                    Some(column) => format!("{}_{aggregate}_{}", column.name, window.name),
                };
                if name.len() > NAME_MAX_BYTES {
                    let why =
                        format!("the feature's name {name} has over {NAME_MAX_BYTES} letters");
                    return Err(Error::new(literal.span(), why));
                }
                let column = column.map_or("null".to_string(), |it| json::string(&it.name));
                self.json.push(format!(
                    "{{\"name\":{},\"aggregate\":{},\"column\":{column},\"window\":{}}}",
                    json::string(&name),
                    json::string(&aggregate),
                    window.json
                ));
                if !self.names.insert(name.clone()) {
                    let why = format!("the feature {name} is declared twice; leave one out");
                    return Err(Error::new(literal.span(), why));
                }
            }
        }
        Ok(())
    }
}

/// The aggregate's name.
fn aggregate(path: &Path, column: Option<&Column>) -> Result<String> {
    let name = path.get_ident().map(ToString::to_string).unwrap_or_default();
    if !AGGREGATES.contains(&name.as_str()) {
        let why = format!("there is no such aggregate; there are {}", AGGREGATES.join(", "));
        return Err(Error::new_spanned(path, why));
    }
    if column.is_none() && name != "count" {
        let why = format!("`{name}` needs a column: write #[features({name}, …)] on its field");
        return Err(Error::new_spanned(path, why));
    }
    Ok(name)
}
