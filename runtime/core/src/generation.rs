//! Generations of views: digests of everything that the values of a view depend on, apart from the
//! events (S23).
//!
//! ```text
//! declaration = SHA-256 of: the view's definition, the versions of the aggregates and window kinds
//!               that it uses, its Event struct, the project's settings of its source
//! generation  = SHA-256 of: declaration, the artifact's digest, the CPU architecture unless strict
//! ```
//!
//! Invariant: two views with the same declaration and the same rows have the same states; two views
//! with the same generation have the same rows. Texts for people (descriptions, owners, tags, the
//! name of the Event struct) are in neither digest. Deliberately absent: where generations are
//! recorded.

use crate::feature::{Aggregate, Operand, OperandAggregate};
use crate::manifest::Manifest;
use crate::notation::Notation;
use crate::value::Column;
use crate::view::FeatureView;
use crate::window::{Window, database_version};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What the project file says of a source that the values of its views depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceSettings {
    /// The column that records when each event arrived (S11).
    pub arrived_at: Option<String>,
    /// The unit of integers that are times, and the texts that are null or boolean (S6).
    pub notation: Notation,
}

impl SourceSettings {
    /// The settings as JSON. The notation is left out where nothing is declared, so that a project
    /// without it keeps its generations.
    pub fn json(&self) -> Json {
        let mut json = json!({ "arrived_at": self.arrived_at });
        let Notation { time_unit, null_values, true_values, false_values } = &self.notation;
        if let Some(unit) = time_unit {
            json["time_unit"] = unit.name().into();
        }
        let lists = [
            ("null_values", null_values),
            ("true_values", true_values),
            ("false_values", false_values),
        ];
        for (name, texts) in lists.into_iter().filter(|(_, texts)| !texts.is_empty()) {
            let texts: BTreeSet<&String> = texts.iter().collect();
            json[name] = json!(texts);
        }
        json
    }
}

/// A SHA-256 digest, as 64 hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha([u8; 32]);

impl Sha {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Sha {
        Sha(Sha256::digest(bytes).into())
    }

    /// The digest as bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Sha {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Sha, D::Error> {
        let text = String::deserialize(deserializer)?;
        let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
        let mut bytes = [0; 32];
        for (at, place) in bytes.iter_mut().enumerate() {
            *place = byte(at).ok_or_else(|| serde::de::Error::custom("not a SHA-256 digest"))?;
        }
        if text.len() != 64 {
            return Err(serde::de::Error::custom("not a SHA-256 digest"));
        }
        Ok(Sha(bytes))
    }
}

/// The identity of one view of one artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// The digest of what its states depend on, apart from its rows.
    pub declaration: Sha,
    /// The digest of what its values depend on, apart from the events.
    pub generation: Sha,
    /// Whether a merge of its states may call the artifact's own code. Then no other artifact ever
    /// adopts its states.
    pub merges_by_guest: bool,
}

impl Generation {
    /// The generation of `view`, which the artifact with this `manifest` and `digest` declares,
    /// under the project's settings of its source, on this CPU `architecture`.
    pub fn of(
        view: &FeatureView,
        manifest: &Manifest,
        digest: &str,
        settings: &SourceSettings,
        architecture: &str,
    ) -> Generation {
        let declaration = Sha::of(declaration(view, manifest, settings).to_string().as_bytes());
        let architecture = if manifest.strict { "any" } else { architecture };
        let code = json!({
            "declaration": declaration, "artifact": digest, "architecture": architecture,
        });
        let merges_by_guest =
            view.features.iter().any(|feature| matches!(feature.aggregate, Aggregate::User { .. }));
        Generation {
            declaration,
            generation: Sha::of(code.to_string().as_bytes()),
            merges_by_guest,
        }
    }
}

/// The part of a view's declaration that its states depend on. `serde_json` orders the members of
/// an object by name, so the text is canonical.
fn declaration(view: &FeatureView, manifest: &Manifest, settings: &SourceSettings) -> Json {
    let users = manifest.aggregates.iter().filter(|user| {
        view.features.iter().any(|feature| match &feature.aggregate {
            Aggregate::User { aggregate } => *aggregate == user.name,
            _ => false,
        })
    });
    let users = users.map(|user| {
        json!({
            "name": user.name, "input": user.input, "output": columns(std::slice::from_ref(&user.output)),
            "state_bytes_max": user.state_bytes_max,
        })
    });
    let mut declaration = json!({
        "view": {
            "name": view.name, "key": view.key, "null_keys": view.null_keys,
            "boundary": view.boundary, "delay_us": view.delay_us,
            // No value depends on it: a store commits from when on it answers (S12). The member stays
            // as it was for views without a history, so that their identities do.
            "history_us": 0,
            "origin_us": view.origin_us, "exact_max_us": view.exact_max_us,
            "columns": columns(&view.columns), "features": view.features,
        },
        "event": {
            "source": view.event.source, "time": view.event.time, "id": view.event.id,
            "skew_us": view.event.skew_us, "columns": columns(&view.event.columns),
        },
        "source": settings.json(),
        "aggregates": users.collect::<Vec<Json>>(),
        "versions": versions(view),
    });
    // Rules of time zones change with the database. Other views do not depend on it.
    if view.features.iter().any(|feature| matches!(feature.window, Window::Calendar { .. })) {
        declaration["tzdb"] = json!(database_version());
    }
    declaration
}

fn columns(columns: &[Column]) -> Vec<Json> {
    let column = |column: &Column| json!([column.name, column.data_type, column.nullable]);
    columns.iter().map(column).collect()
}

/// The versions of the aggregates and window kinds that a view uses. A corrected formula or a
/// changed state raises the version of its kind only, so that only views that use it are
/// recomputed.
fn versions(view: &FeatureView) -> BTreeMap<String, u32> {
    let mut versions = BTreeMap::new();
    for feature in &view.features {
        let mut aggregate = |aggregate: &str| {
            versions.insert(format!("aggregate {aggregate}"), aggregate_version(aggregate));
        };
        aggregate(feature.aggregate.name());
        if let Aggregate::Ratio { numerator, denominator } = &feature.aggregate {
            [numerator, denominator].into_iter().for_each(|it| aggregate(operand(it)));
        }
        if feature.by.is_some() {
            aggregate("by");
        }
        let window = window_kind(feature.window);
        versions.insert(format!("window {window}"), window_version(window));
    }
    versions
}

fn operand(operand: &Operand) -> &'static str {
    match operand.aggregate {
        OperandAggregate::Count => "count",
        OperandAggregate::Sum => "sum",
        OperandAggregate::Mean => "mean",
    }
}

/// The version of an aggregate's formula and state. From version 2 on, the order of rows ends with
/// the whole row (S15), and so does what states keep of it.
fn aggregate_version(aggregate: &str) -> u32 {
    match aggregate {
        // From version 2 on, weights have 53 bits.
        "decayed_sum" | "decayed_count" => 2,
        "first" | "last" | "first_n" | "last_n" | "first_distinct" | "last_distinct" => 2,
        _ => 1,
    }
}

/// The version of a window kind's bounds and tiles. From version 2 on, the order of rows ends with
/// the whole row (S15).
fn window_version(window: &str) -> u32 {
    match window {
        "last_rows" => 2,
        _ => 1,
    }
}

fn window_kind(window: Window) -> &'static str {
    match window {
        Window::Sliding { .. } => "sliding",
        Window::Exact { .. } => "exact",
        Window::Hopping { .. } => "hopping",
        Window::Lifetime { .. } => "lifetime",
        Window::Series { .. } => "series",
        Window::LastRows { .. } => "last_rows",
        Window::LatestEvent { .. } => "latest_event",
        Window::Session { .. } => "session",
        Window::Calendar { .. } => "calendar",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation::TimeUnit;
    use serde_json::from_value;

    fn manifest() -> Json {
        let column = |name: &str, kind: &str| json!({ "name": name, "type": kind, "nullable": false, "description": "" });
        json!({
            "format": 2, "sdk": "1", "semantics": 1, "strict": false, "on_demand": [],
            "views": [{
                "name": "v", "description": "", "owner": "", "tags": [], "key": ["who"],
                "event": {
                    "name": "E", "description": "", "source": "s", "time": "at", "id": null,
                    "skew_us": 0, "columns": [column("at", "timestamp"), column("who", "string")],
                },
                "null_keys": false, "boundary": "strict", "delay_us": 0, "history_us": 0,
                "columns": [column("who", "string")],
                "features": [{"name": "n", "aggregate": "count", "column": null,
                              "window": {"kind": "lifetime"}}],
            }],
        })
    }

    fn generation(
        manifest: &Json,
        digest: &str,
        arrived_at: Option<&str>,
        cpu: &str,
    ) -> Generation {
        let manifest: Manifest = from_value(manifest.clone()).unwrap();
        let arrived_at = arrived_at.map(str::to_string);
        let settings = SourceSettings { arrived_at, ..SourceSettings::default() };
        Generation::of(&manifest.views[0], &manifest, digest, &settings, cpu)
    }

    /// Goal: texts for people and the history change no identity, and everything that values depend
    /// on changes it (S23). Method: one change at a time.
    #[test]
    fn s23_identity_is_what_values_depend_on() {
        let first = generation(&manifest(), "a", None, "x86_64");
        for path in [
            "/views/0/description",
            "/views/0/owner",
            "/views/0/event/name",
            "/views/0/event/description",
            "/views/0/history_us",
            "/views/0/columns/0/description",
            "/sdk",
        ] {
            let mut changed = manifest();
            let number = changed.pointer(path).is_some_and(Json::is_number);
            *changed.pointer_mut(path).unwrap() =
                if number { json!(7) } else { json!("another text") };
            assert_eq!(generation(&changed, "a", None, "x86_64"), first, "{path}");
        }
        for (path, value) in [
            ("/views/0/delay_us", json!(1)),
            ("/views/0/boundary", json!("inclusive")),
            ("/views/0/features/0/window", json!({"kind": "exact", "length_us": 7})),
            ("/views/0/features/0/name", json!("m")),
            ("/views/0/event/skew_us", json!(1)),
            ("/views/0/event/columns/1/nullable", json!(true)),
            ("/views/0/columns/0/type", json!("int64")),
        ] {
            let mut changed = manifest();
            *changed.pointer_mut(path).unwrap() = value;
            let other = generation(&changed, "a", None, "x86_64");
            assert_ne!(other.declaration, first.declaration, "{path}");
            assert_ne!(other.generation, first.generation, "{path}");
        }
        let code = generation(&manifest(), "b", None, "x86_64");
        assert_eq!(code.declaration, first.declaration);
        assert_ne!(code.generation, first.generation);
        assert_ne!(generation(&manifest(), "a", None, "aarch64").generation, first.generation);
        assert_ne!(
            generation(&manifest(), "a", Some("at"), "x86_64").declaration,
            first.declaration
        );
        let mut strict = manifest();
        strict["strict"] = json!(true);
        let [one, other] = ["x86_64", "aarch64"].map(|cpu| generation(&strict, "a", None, cpu));
        assert_eq!(one, other);
    }

    /// Goal: the database of time zones is part of the identity of views with calendar windows, and
    /// of no other (S23). Method: the declarations that are hashed.
    #[test]
    fn s23_calendar_windows_depend_on_the_database_of_zones() {
        let database = |window: Json| {
            let mut changed = manifest();
            changed["views"][0]["features"][0]["window"] = window;
            let manifest: Manifest = from_value(changed).unwrap();
            let settings = SourceSettings::default();
            declaration(&manifest.views[0], &manifest, &settings).get("tzdb").cloned()
        };
        let day = json!({"kind": "calendar", "unit": "day", "zone": "UTC"});
        assert_eq!(database(day), Some(json!(database_version())));
        assert_eq!(database(json!({"kind": "lifetime"})), None);
    }

    /// Goal: what a project declares of a source's values changes the identity, and declaring
    /// nothing, or the same texts in another order, does not (S23).
    #[test]
    fn s23_a_notation_is_part_of_identity() {
        let manifest: Manifest = from_value(manifest()).unwrap();
        let of = |notation: Notation| {
            let settings = SourceSettings { arrived_at: None, notation };
            Generation::of(&manifest.views[0], &manifest, "a", &settings, "x86_64").declaration
        };
        let texts = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        let nulls = |null_values| Notation { null_values, ..Notation::default() };
        let true_values = texts(&["NA"]);
        let different = [
            of(Notation::default()),
            of(Notation::of_unit(Some(TimeUnit::Second))),
            of(Notation::of_unit(Some(TimeUnit::Microsecond))),
            of(nulls(texts(&["NA"]))),
            of(Notation { true_values, ..Notation::default() }),
        ];
        let distinct: BTreeSet<&Sha> = different.iter().collect();
        assert_eq!(distinct.len(), different.len());
        assert_eq!(of(nulls(texts(&["NA", "-"]))), of(nulls(texts(&["-", "NA"]))));
        assert_eq!(SourceSettings::default().json(), json!({ "arrived_at": null }));
    }

    /// Goal: a digest parses from its own text, and other texts are refused.
    #[test]
    fn digests_read_back() {
        let sha = Sha::of(b"");
        let text = serde_json::to_string(&sha).unwrap();
        assert_eq!(text, "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"");
        assert_eq!(serde_json::from_str::<Sha>(&text).unwrap(), sha);
        for bad in ["\"e3\"", "\"\"", &text.replace('e', "g"), &text.replace("55\"", "5\"")] {
            assert!(serde_json::from_str::<Sha>(bad).is_err(), "{bad}");
        }
    }
}
