//! Prints what an artifact declares, for people and for programs.
//!
//! Invariant: everything is read from the file: the digest of its bytes, its imports, and its
//! manifest; the guest does not run. The JSON is the manifest unchanged, plus the digest, size and
//! imports, and each feature's type. Deliberately absent: whether a project uses the artifact.

use crate::guests;
use crate::meaning::{meaning, window};
use crate::output::{print_json, table, thousands};
use crate::terminal::say;
use lockstep_runtime::{
    Artifact, Boundary, Column, DataType, EventDeclaration, FeatureView, Manifest, OnDemand,
    Result, UserAggregate, duration, shown,
};
use serde_json::{Value as Json, json};
use std::fmt::Write;
use std::path::Path;

/// Prints what the artifact at `path` declares: tables, or JSON.
pub fn print(path: &Path, json: bool) -> Result<()> {
    let artifact = Artifact::load(&guests::fresh()?, path)?;
    if json {
        return print_json(&describe_json(&artifact)?);
    }
    say(describe(&artifact)?.trim_end());
    Ok(())
}

/// The artifact as JSON.
pub fn describe_json(artifact: &Artifact) -> Result<Json> {
    let manifest = artifact.manifest();
    let mut types = serde_json::Map::new();
    for view in &manifest.views {
        for feature in &view.features {
            let (data_type, nullable) = feature.data_type(view, &manifest.aggregates)?;
            let name = format!("{}.{}", view.name, feature.name);
            let meaning = meaning(view, feature);
            types.insert(
                name,
                json!({ "type": data_type, "nullable": nullable, "meaning": meaning }),
            );
        }
    }
    Ok(json!({
        "path": artifact.name(),
        "digest": artifact.digest(),
        "size_bytes": artifact.size_bytes(),
        "imports": artifact.imports()?,
        "features": types,
        "manifest": manifest,
    }))
}

/// The artifact as text.
pub fn describe(artifact: &Artifact) -> Result<String> {
    let Manifest { sdk, strict, views, on_demand, aggregates, .. } = artifact.manifest();
    let imports = match artifact.imports()? {
        [] => "none".to_string(),
        imports => imports.join(", "),
    };
    let mut out = format!("{}\n", artifact.name());
    line(&mut out, "digest", artifact.digest());
    line(&mut out, "size", &format!("{} bytes", thousands(artifact.size_bytes())));
    line(&mut out, "imports", &imports);
    line(&mut out, "sdk", sdk);
    if *strict {
        line(&mut out, "strict", "NaNs have one form inside the guest too (S23)");
    }
    for view in views {
        describe_view(&mut out, view, aggregates)?;
    }
    for transform in on_demand {
        describe_on_demand(&mut out, transform);
    }
    for user in aggregates {
        heading(&mut out, "aggregate", &user.name, &user.description);
        line(&mut out, "input", &user.input.to_string());
        line(&mut out, "output", &type_text(&user.output.data_type, user.output.nullable));
        line(&mut out, "state", &format!("at most {} bytes", user.state_bytes_max));
    }
    Ok(out)
}

fn describe_view(out: &mut String, view: &FeatureView, aggregates: &[UserAggregate]) -> Result<()> {
    heading(out, "view", &view.name, &view.description);
    line(out, "key", &view.key.join(", "));
    line(out, "events", &event(&view.event));
    people(out, &view.owner, &view.tags);
    let boundary = match view.boundary {
        Boundary::Strict => "events strictly before as_of",
        Boundary::Inclusive => "events up to and at as_of",
    };
    let delay = match view.delay_us {
        0 => String::new(),
        delay_us => format!(", as of {} earlier", duration(delay_us)),
    };
    line(out, "counts", &format!("{boundary}{delay}"));
    let mut rows = Vec::new();
    for feature in &view.features {
        let (data_type, nullable) = feature.data_type(view, aggregates)?;
        rows.push(vec![
            format!(" {}.{}", view.name, feature.name),
            type_text(&data_type, nullable),
            window(view, feature.window),
            meaning(view, feature),
        ]);
    }
    rows_of(out, &[" feature", "type", "window", "meaning"], rows);
    Ok(())
}

fn describe_on_demand(out: &mut String, transform: &OnDemand) {
    heading(out, "on demand", &transform.name, &transform.description);
    let request = transform
        .request
        .iter()
        .map(|column| format!("{} {}", column.name, type_text(&column.data_type, column.nullable)));
    line(out, "request", &request.collect::<Vec<_>>().join(", "));
    let reads: Vec<&str> = transform.features.iter().map(|input| input.from.as_str()).collect();
    line(out, "reads", &reads.join(", "));
    people(out, &transform.owner, &transform.tags);
    let row = |column: &Column| {
        vec![
            format!(" {}.{}", transform.name, column.name),
            type_text(&column.data_type, column.nullable),
            column.description.clone(),
        ]
    };
    rows_of(out, &[" output", "type", "meaning"], transform.outputs.iter().map(row).collect());
}

fn heading(out: &mut String, kind: &str, name: &str, description: &str) {
    let (name, description) = (shown(name), shown(description));
    let _ = write!(out, "\n{kind} {name}");
    let _ = match &*description {
        "" => writeln!(out),
        description => writeln!(out, ": {description}"),
    };
}

fn line(out: &mut String, name: &str, text: &str) {
    if !text.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {name:<8} {}", shown(text));
    }
}

fn people(out: &mut String, owner: &str, tags: &[String]) {
    line(out, "owner", owner);
    line(out, "tags", &tags.join(", "));
}

fn rows_of(out: &mut String, titles: &[&str], rows: Vec<Vec<String>>) {
    let numbers_from = titles.len();
    let table = table(titles, rows, numbers_from).to_string();
    for row in table.lines() {
        let _ = writeln!(out, "{}", row.trim_end());
    }
}

fn event(event: &EventDeclaration) -> String {
    let id = match &event.id {
        Some(id) => format!(", identified by {id}"),
        None => ", without an id".to_string(),
    };
    format!("{} of source {}, at {}{id}", event.name, event.source, event.time)
}

fn type_text(data_type: &DataType, nullable: bool) -> String {
    format!("{data_type}{}", if nullable { " or null" } else { "" })
}
