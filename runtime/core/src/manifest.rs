//! The manifest: an artifact's declarations, as data.
//!
//! Invariant: a [`Manifest`] that exists is valid: parsing checks every name, type, aggregate and
//! window, so no host meets a bad declaration at serving time. The SDK writes it into a custom
//! section of the artifact, and it is read without running the guest. Deliberately absent: the
//! syntax that authors write, which the SDK's macros define.

use crate::code::Code;
use crate::error::{Error, Result};
use crate::name::{identifier, unique};
use crate::value::{Column, DataType};
use crate::view::FeatureView;
use serde::{Deserialize, Serialize};

/// The newest manifest format that this runtime reads.
pub const MANIFEST_FORMAT: u32 = 3;
/// The oldest manifest format that this runtime reads: each format lacks what later ones added, and
/// nothing else differs.
pub const MANIFEST_FORMAT_MIN: u32 = 1;
/// The version of the contract (docs/SEMANTICS.md) that this runtime implements.
pub const SEMANTICS_VERSION: u32 = 1;
/// Most views or on-demand transforms in one artifact: a call names its views in a 64-bit set.
pub const VIEWS_MAX: usize = 64;

/// What an artifact declares.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// The version of the SDK that wrote it.
    pub sdk: String,
    /// [`SEMANTICS_VERSION`].
    pub semantics: u32,
    /// Whether NaNs are made canonical inside the guest, so that bits agree across CPU
    /// architectures (S23).
    pub strict: bool,
    /// The feature views, in the order of the guest's dispatch.
    pub views: Vec<FeatureView>,
    /// The on-demand transforms, in the order of the guest's dispatch.
    pub on_demand: Vec<OnDemand>,
    /// The user-defined aggregates, in the order of the guest's dispatch.
    #[serde(default)]
    pub aggregates: Vec<UserAggregate>,
}

/// An aggregate that the guest computes (S21).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UserAggregate {
    /// Its name, which is that of its Rust type.
    pub name: String,
    /// What it means, from the author's doc comment.
    pub description: String,
    /// The type of the column it reads; nulls are skipped.
    pub input: DataType,
    /// The type of its value, and whether it may be null; the column's name is ignored.
    pub output: Column,
    /// Most bytes of a state; a longer one fails its query (S18, S21).
    pub state_bytes_max: u32,
}

/// Most bytes of a user-defined state that may be declared.
pub const USER_STATE_BYTES_MAX: u32 = 1 << 16;

impl Manifest {
    /// Reads and checks a manifest's JSON.
    pub fn parse(json: &[u8]) -> Result<Manifest> {
        #[derive(Deserialize)]
        struct Versions {
            format: u32,
            semantics: u32,
        }
        let bad = |error: serde_json::Error| {
            Error::input("the artifact's manifest is not valid; rebuild it with `lockstep build`")
                .because(error)
        };
        let versions: Versions = serde_json::from_slice(json).map_err(bad)?;
        let formats = MANIFEST_FORMAT_MIN..=MANIFEST_FORMAT;
        if !formats.contains(&versions.format) || versions.semantics != SEMANTICS_VERSION {
            return Err(Error::input(format!(
                "the artifact has manifest format {} and semantics {}; this build reads formats {MANIFEST_FORMAT_MIN} \
                 to {MANIFEST_FORMAT} and semantics {SEMANTICS_VERSION}: rebuild the artifact, or use a matching lockstep",
                versions.format, versions.semantics
            )));
        }
        let manifest: Manifest = serde_json::from_slice(json).map_err(bad)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The view called `name`.
    pub fn view(&self, name: &str) -> Option<&FeatureView> {
        self.views.iter().find(|view| view.name == name)
    }

    fn check(&self) -> Result<()> {
        if [self.views.len(), self.on_demand.len(), self.aggregates.len()]
            .iter()
            .any(|n| *n > VIEWS_MAX)
        {
            return Err(Error::input(format!("an artifact holds at most {VIEWS_MAX} views"))
                .with_code(Code::limit("VIEWS_MAX", VIEWS_MAX)));
        }
        let names =
            self.views.iter().map(|v| &v.name).chain(self.on_demand.iter().map(|o| &o.name));
        unique(names, "the artifact", "view")?;
        for view in &self.views {
            view.check(&self.aggregates)
                .map_err(|error| error.at(format!("view {}", view.name)))?;
        }
        unique(self.aggregates.iter().map(|a| &a.name), "the artifact", "aggregate")?;
        for user in &self.aggregates {
            user.check().map_err(|error| error.at(format!("aggregate {}", user.name)))?;
        }
        for on_demand in &self.on_demand {
            on_demand.check().map_err(|error| error.at(format!("on-demand {}", on_demand.name)))?;
        }
        Ok(())
    }
}

/// A transform at request time, from the request and stored features.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OnDemand {
    /// Its name, which is that of its function.
    pub name: String,
    /// What it means, from the author's doc comment.
    pub description: String,
    /// Who is responsible for it.
    pub owner: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// The request columns it reads. One called `as_of` of type timestamp receives the request's
    /// `as_of`.
    pub request: Vec<Column>,
    /// The stored features it reads.
    pub features: Vec<FeatureInput>,
    /// The features it makes.
    pub outputs: Vec<Column>,
}

/// A stored feature that an on-demand transform reads, and the field that receives it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureInput {
    /// `view.feature`.
    pub from: String,
    /// The field's name.
    pub name: String,
    /// The field's type.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Whether the field is an `Option`.
    pub nullable: bool,
}

impl UserAggregate {
    fn check(&self) -> Result<()> {
        identifier(&self.name)?;
        if self.state_bytes_max == 0 || self.state_bytes_max > USER_STATE_BYTES_MAX {
            return Err(Error::input(format!(
                "a state of {} bytes; it may have 1 to {USER_STATE_BYTES_MAX}",
                self.state_bytes_max
            ))
            .with_code(Code::limit("USER_STATE_BYTES_MAX", USER_STATE_BYTES_MAX as usize)));
        }
        let nested_twice = |kind: &DataType| match kind {
            DataType::Map(_) => true,
            DataType::List(element) => element.is_nested(),
            _ => false,
        };
        match [&self.input, &self.output.data_type].into_iter().find(|kind| nested_twice(kind)) {
            Some(kind) => Err(Error::input(format!(
                "it takes or gives {kind}, which is not the type of a column"
            ))),
            None => Ok(()),
        }
    }
}

impl OnDemand {
    fn check(&self) -> Result<()> {
        identifier(&self.name)?;
        unique(self.request.iter().map(|c| &c.name), "the request", "column")?;
        unique(self.outputs.iter().map(|c| &c.name), "the outputs", "column")?;
        if self.outputs.is_empty() {
            return Err(Error::input("an on-demand transform needs at least one output"));
        }
        for input in &self.features {
            if input.from.split('.').count() != 2 {
                return Err(Error::input(format!(
                    "{:?} is not of the form view.feature",
                    input.from
                )));
            }
        }
        // Checked here, because at serving time it would be too late.
        let columns = self.request.iter().chain(&self.outputs);
        let columns = columns.map(|column| (&column.name, &column.data_type));
        let inputs = self.features.iter().map(|input| (&input.from, &input.data_type));
        match columns.chain(inputs).find(|(_, data_type)| data_type.holds_map()) {
            Some((name, data_type)) => Err(Error::input(format!(
                "{name:?} is {data_type}, but an on-demand transform reads and makes no maps"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Goal: a map that would have to be passed to a guest is refused when the artifact is loaded,
    /// and the error names it. Method: one manifest for each place that names a type, with a list
    /// and with maps.
    #[test]
    fn maps_do_not_cross_to_a_guest() {
        let parse = |request: &str, feature: &str, output: &str| {
            let column = |data_type| json!({"name": "c", "type": data_type, "nullable": true});
            let manifest = json!({
                "format": MANIFEST_FORMAT, "sdk": "none", "semantics": SEMANTICS_VERSION,
                "strict": false, "views": [], "on_demand": [{
                    "name": "o", "description": "", "owner": "", "tags": [],
                    "request": [column(request)], "outputs": [column(output)],
                    "features": [{"from": "v.f", "name": "f", "type": feature, "nullable": true}],
                }],
            });
            Manifest::parse(manifest.to_string().as_bytes())
        };
        let list = "list<int64>";
        assert!(parse(list, list, list).is_ok());
        for map in ["map<string,int64>", "list<map<string,int64>>"] {
            let refused = [parse(map, list, list), parse(list, map, list), parse(list, list, map)];
            for (name, refused) in ["c", "v.f", "c"].into_iter().zip(refused) {
                let error = refused.unwrap_err().to_string();
                assert!(error.contains(&format!("{name:?} is {map}")), "{error}");
                assert!(error.contains("on-demand o"), "{error}");
            }
        }
    }

    /// Goal: a manifest in format 1 still parses, with defaults for what it lacks.
    #[test]
    fn format_1_still_parses() {
        let column = |name, data_type| json!({"name": name, "type": data_type, "nullable": false});
        let columns = json!([column("at", "timestamp"), column("page", "string")]);
        let feature = |name, window| json!({"name": name, "aggregate": "count", "column": null, "window": window});
        let manifest = json!({
            "format": 1, "sdk": "0.1.0", "semantics": 1, "strict": true, "on_demand": [],
            "views": [{
                "name": "page", "description": "", "owner": "web", "tags": ["a"],
                "key": ["page"], "null_keys": true, "boundary": "inclusive", "delay_us": 0,
                "history_us": 0, "columns": columns,
                "event": {"name": "Click", "description": "", "source": "clicks", "time": "at",
                          "id": null, "skew_us": 0, "columns": columns},
                "features": [
                    feature("count_1h", json!({"kind": "sliding", "length_us": 3_600_000_000_u64,
                                               "offset_us": 0})),
                    feature("count_lifetime", json!({"kind": "lifetime"})),
                ],
            }],
        });
        let manifest = Manifest::parse(manifest.to_string().as_bytes()).expect("it is valid");
        let view = &manifest.views[0];
        assert_eq!((view.origin_us, view.exact_max_us), (0, crate::time::DAY_US));
        assert_eq!(view.features[1].window, crate::window::Window::Lifetime { offset_us: 0 });
        assert_eq!(manifest.aggregates, []);
    }
}
