//! `#[features(…)]` on a view and its fields: aggregates over windows.
//!
//! Invariant: a feature's name is unique in its view and fits the runtime's limit. Deliberately
//! absent: the types of features, which the runtime derives from the columns'.

use crate::aggregate::Aggregate;
use crate::clause::{By, Clause};
use crate::json;
use crate::requirement::Requirement;
use crate::structure::{Column, NAME_MAX_BYTES, Structure};
use crate::window::{Window, window};
use proc_macro2::TokenStream;
use std::collections::BTreeSet;
use syn::{Error, LitStr, Result};

/// The features of a view.
#[derive(Default)]
pub(crate) struct Features {
    names: BTreeSet<String>,
    /// Each feature, as the manifest has it.
    pub json: Vec<String>,
    /// Code that does not compile where an aggregate does not apply to its column.
    pub checks: Vec<TokenStream>,
}

impl Features {
    /// Those of the struct, then those of each field, in the author's order.
    pub(crate) fn of(structure: &Structure) -> Result<Features> {
        let mut features = Features::default();
        for clause in Clause::of(&structure.attributes)? {
            features.add(&clause, None, structure)?;
        }
        for field in &structure.fields {
            for clause in Clause::of(&field.attributes)? {
                features.add(&clause, Some(field), structure)?;
            }
        }
        if features.json.is_empty() {
            let why = "a view needs features: write #[features(count, windows = [\"7d\"])] on the \
                       struct, or #[features(mean, windows = [\"7d\"])] on a field";
            return Err(Error::new(structure.ident.span(), why));
        }
        Ok(features)
    }

    fn add(
        &mut self,
        clause: &Clause,
        column: Option<&Column>,
        structure: &Structure,
    ) -> Result<()> {
        let rows = Rows::of(clause, column, structure, &mut self.checks)?;
        let windows: Vec<(&LitStr, Window)> =
            clause.windows.iter().map(|text| Ok((text, window(text)?))).collect::<Result<_>>()?;
        for entry in &clause.entries {
            let aggregate = Aggregate::read(entry, column, structure)?;
            if aggregate.is_ratio && clause.filter.is_some() {
                let why = "a ratio takes no where; filter its operands, as in count_where(flag)";
                return Err(Error::new(aggregate.place, why));
            }
            for (text, window) in &windows {
                aggregate.over(window, text)?;
                self.feature(&aggregate, &rows, window)
                    .map_err(|why| Error::new(text.span(), why))?;
            }
            self.checks.extend(aggregate.checks);
        }
        Ok(())
    }

    fn feature(
        &mut self,
        aggregate: &Aggregate,
        rows: &Rows,
        window: &Window,
    ) -> std::result::Result<(), String> {
        let name = format!("{}{}{}_{}", rows.prefix, aggregate.name, rows.suffix, window.name);
        if name.len() > NAME_MAX_BYTES {
            return Err(format!("the feature's name {name} has over {NAME_MAX_BYTES} letters"));
        }
        if !self.names.insert(name.clone()) {
            return Err(format!("the feature {name} is declared twice; leave one out"));
        }
        self.json.push(format!(
            "{{\"name\":{},\"aggregate\":{},\"column\":{}{},\"window\":{}}}",
            json::string(&name),
            aggregate.json,
            rows.column,
            rows.members,
            window.json
        ));
        Ok(())
    }
}

/// Which rows a clause's features are over.
struct Rows {
    /// What a feature's name starts with.
    prefix: String,
    /// What a feature's name has behind its aggregate.
    suffix: String,
    /// The column, as JSON.
    column: String,
    /// The filter and the map's key, as members of a JSON object.
    members: String,
}

impl Rows {
    fn of(
        clause: &Clause,
        column: Option<&Column>,
        structure: &Structure,
        checks: &mut Vec<TokenStream>,
    ) -> Result<Rows> {
        let (mut suffix, mut members) = (String::new(), String::new());
        if let Some(flag) = &clause.filter {
            let filter = structure.field(flag, "where")?;
            checks.extend(Requirement::Flag.of(filter, "where", flag.span()));
            suffix += &format!("_where_{}", filter.name);
            members += &format!(",\"filter\":{}", json::string(&filter.name));
        }
        if let Some(By { field: by, limit, top }) = &clause.by {
            let key = structure.field(by, "by")?;
            checks.extend(Requirement::MapKey.of(key, "by", by.span()));
            suffix += &format!("_by_{}", key.name);
            let name = json::string(&key.name);
            members += &format!(",\"by\":{{\"column\":{name},\"limit\":{limit}");
            if let Some((n, of)) = top {
                suffix += &format!("_top_{n}");
                if *of != "value" {
                    suffix += &format!("_of_{of}");
                }
                members += &format!(",\"top\":{{\"n\":{n},\"of\":\"{of}\"}}");
            }
            members += "}";
        }
        Ok(Rows {
            prefix: column.map_or(String::new(), |column| format!("{}_", column.name)),
            suffix,
            column: column.map_or("null".to_string(), |column| json::string(&column.name)),
            members,
        })
    }
}

#[cfg(test)]
mod tests;
