//! The stored features that on-demand transforms read, found among views.
//!
//! Invariant: one set of rules, whether an artifact is built or a service is resolved: the feature
//! exists, the field has its type, and a feature that may be null has a field that may be.
//! Deliberately absent: values, and the columns of requests.

use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::FoldPlan;
use lockstep_core::manifest::{FeatureInput, Manifest};
use lockstep_core::value::{Column, DataType};
use std::sync::Arc;

/// Where a stored feature is: the index of its view, and its index in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The view.
    pub view: usize,
    /// The feature.
    pub feature: usize,
}

/// Resolves what the on-demand transforms of an artifact read: features of its own views, or of
/// the views of the `others` beside it.
///
/// # Errors
/// If a feature is not there, or a field has not its type. The error names transform and field.
pub fn check_inputs(own: &Manifest, others: &[&Manifest]) -> Result<()> {
    let all = || std::iter::once(own).chain(others.iter().copied());
    let mut views: Vec<Arc<FoldPlan>> = Vec::new();
    for manifest in all() {
        for view in &manifest.views {
            // A view that has moved here from another artifact is found here first.
            if !views.iter().any(|known| known.view.name == view.name) {
                let plan = FoldPlan::new(Arc::new(view.clone()), &manifest.aggregates)?;
                views.push(Arc::new(plan));
            }
        }
    }
    let views: Vec<&FoldPlan> = views.iter().map(Arc::as_ref).collect();
    let on_demand = all().flat_map(|manifest| &manifest.on_demand);
    let on_demand: Vec<&str> = on_demand.map(|on_demand| on_demand.name.as_str()).collect();
    for transform in &own.on_demand {
        for input in &transform.features {
            find(input, &views, &on_demand)
                .map_err(|error| error.at(format!("{}.{}", transform.name, input.name)))?;
        }
    }
    Ok(())
}

/// The stored feature of `views` that `input` names. `on_demand` are the transforms that make
/// features at request time, which no transform reads.
pub(crate) fn find(input: &FeatureInput, views: &[&FoldPlan], on_demand: &[&str]) -> Result<Place> {
    let FeatureInput { from, data_type, nullable, .. } = input;
    let (name, feature) = from.split_once('.').unwrap_or((from, ""));
    let view = views.iter().position(|plan| plan.view.name == name).ok_or_else(|| {
        if on_demand.contains(&name) {
            return Error::input(format!(
                "it reads {from:?}, but {name} is computed at request time; a transform reads \
                 stored features only"
            ));
        }
        let known: Vec<&str> = views.iter().map(|plan| plan.view.name.as_str()).collect();
        let code = Code::unknown_name("view", name, known.iter().copied());
        let views = if known.is_empty() { "none".to_string() } else { known.join(", ") };
        let hint = code.did_you_mean();
        let why = format!(
            "it reads {from:?}, but there is no view {name:?}; the views are {views}{hint}"
        );
        Error::input(why).with_code(code)
    })?;
    let plan = views[view];
    let at = plan.features.iter().position(|planned| planned.column.name == feature);
    let at = at.ok_or_else(|| unknown_feature(plan, feature))?;
    let column = &plan.features[at].column;
    if column.data_type.holds_map() {
        let why = format!(
            "it reads {from}, which is {}; no map is read at request time",
            column.data_type
        );
        return Err(Error::input(why));
    }
    if column.data_type != *data_type || (column.nullable && !nullable) {
        let why = format!(
            "it reads {from} as {}; write {}",
            field_type(data_type, *nullable),
            field_type(&column.data_type, column.nullable)
        );
        return Err(Error::input(why));
    }
    Ok(Place { view, feature: at })
}

/// The error for `feature`, which `plan` has not.
pub(crate) fn unknown_feature(plan: &FoldPlan, feature: &str) -> Error {
    let columns = plan.features.iter().map(|planned: &_| &planned.column);
    let known: Vec<&str> = columns.map(|column: &Column| column.name.as_str()).collect();
    let code = Code::unknown_name("feature", feature, known.iter().copied());
    Error::input(format!(
        "view {} has no feature {feature:?}; its features are {}{}",
        plan.view.name,
        known.join(", "),
        code.did_you_mean()
    ))
    .with_code(code)
}

/// The type of an author's field that receives values of `data_type`.
fn field_type(data_type: &DataType, nullable: bool) -> String {
    let plain = match data_type {
        DataType::Bool => "bool".to_string(),
        DataType::Int8 => "i8".to_string(),
        DataType::Int16 => "i16".to_string(),
        DataType::Int32 => "i32".to_string(),
        DataType::Int64 => "i64".to_string(),
        DataType::UInt8 => "u8".to_string(),
        DataType::UInt16 => "u16".to_string(),
        DataType::UInt32 => "u32".to_string(),
        DataType::UInt64 => "u64".to_string(),
        DataType::Decimal { precision, scale } => format!("Decimal<{precision}, {scale}>"),
        DataType::Bytes => "&[u8]".to_string(),
        DataType::Date => "Date".to_string(),
        DataType::Float32 => "f32".to_string(),
        DataType::Float64 => "f64".to_string(),
        DataType::String => "&str".to_string(),
        DataType::Timestamp => "EventTime".to_string(),
        DataType::List(element) => format!("List<'_, {}>", field_type(element, false)),
        other => other.to_string(),
    };
    if nullable { format!("Option<{plain}>") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn feature(name: &str, aggregate: Value, column: Value) -> Value {
        json!({"name": name, "aggregate": aggregate, "column": column,
               "window": {"kind": "lifetime"}})
    }

    fn view(name: &str) -> Value {
        let column = |name: &str, data_type: &str| json!({"name": name, "type": data_type, "nullable": false});
        let columns = json!([
            column("at", "timestamp"),
            column("user", "string"),
            column("price", "float64")
        ]);
        json!({
            "name": name, "description": "", "owner": "", "tags": [], "key": ["user"],
            "null_keys": false, "boundary": "strict", "delay_us": 0, "history_us": 0,
            "columns": columns,
            "event": {"name": "Order", "description": "", "source": "orders", "time": "at",
                      "id": null, "skew_us": 0, "columns": columns},
            "features": [
                feature("count_lifetime", json!("count"), Value::Null),
                feature("price_mean_lifetime", json!("mean"), json!("price")),
                feature("price_last_n_5_lifetime", json!({"last_n": {"n": 5}}), json!("price")),
                feature("user_histogram_lifetime", json!({"histogram": {"limit": 9}}),
                        json!("user")),
            ],
        })
    }

    fn manifest(views: &[&str], inputs: &[(&str, &str, bool)]) -> Manifest {
        let inputs = inputs.iter().map(|(from, data_type, nullable)| {
            json!({"from": from, "name": "field", "type": data_type, "nullable": nullable})
        });
        let output = json!({"name": "out", "type": "int64", "nullable": false});
        let on_demand = json!({
            "name": "surprise", "description": "", "owner": "", "tags": [], "request": [],
            "outputs": [output], "features": inputs.collect::<Vec<Value>>(),
        });
        let views: Vec<Value> = views.iter().map(|name| view(name)).collect();
        let manifest = json!({"format": 2, "sdk": "", "semantics": 1, "strict": false,
                              "views": views, "on_demand": [on_demand]});
        Manifest::parse(manifest.to_string().as_bytes()).unwrap()
    }

    /// Goal: what an on-demand transform reads is there, in its crate or beside it, with its type.
    #[test]
    fn inputs_are_resolved() {
        let inputs = [
            ("spending.count_lifetime", "int64", false),
            ("spending.count_lifetime", "int64", true),
            ("spending.price_mean_lifetime", "float64", true),
            ("visits.price_last_n_5_lifetime", "list<float64>", false),
        ];
        let (own, other) =
            (manifest(&["spending"], &inputs), manifest(&["visits", "spending"], &[]));
        check_inputs(&own, &[&other]).unwrap();
        assert!(check_inputs(&own, &[]).is_err());
    }

    /// Goal: a mistake in `#[from]` is named, with the transform, the field and the remedy. Method:
    /// a table of inputs and messages.
    #[test]
    fn mistakes_in_inputs_are_refused() {
        for (from, data_type, nullable, message) in [
            (
                "spendin.count_lifetime",
                "int64",
                false,
                "surprise.field: it reads \"spendin.count_lifetime\", but there is no view \
                 \"spendin\"; the views are spending; did you mean \"spending\"?",
            ),
            (
                "spending.count_lifetim",
                "int64",
                false,
                "surprise.field: view spending has no feature \"count_lifetim\"; its features are \
                 count_lifetime, price_mean_lifetime, price_last_n_5_lifetime, \
                 user_histogram_lifetime; did you mean \"count_lifetime\"?",
            ),
            (
                "spending.count_lifetime",
                "float64",
                false,
                "surprise.field: it reads spending.count_lifetime as f64; write i64",
            ),
            (
                "spending.price_mean_lifetime",
                "float64",
                false,
                "surprise.field: it reads spending.price_mean_lifetime as f64; write Option<f64>",
            ),
            (
                "spending.price_last_n_5_lifetime",
                "list<int64>",
                true,
                "surprise.field: it reads spending.price_last_n_5_lifetime as \
                 Option<List<'_, i64>>; write List<'_, f64>",
            ),
            (
                "spending.user_histogram_lifetime",
                "int64",
                false,
                "surprise.field: it reads spending.user_histogram_lifetime, which is \
                 map<string,int64>; no map is read at request time",
            ),
            (
                "surprise.out",
                "int64",
                false,
                "surprise.field: it reads \"surprise.out\", but surprise is computed at request \
                 time; a transform reads stored features only",
            ),
        ] {
            let own = manifest(&["spending"], &[(from, data_type, nullable)]);
            assert_eq!(check_inputs(&own, &[]).unwrap_err().to_string(), message);
        }
    }
}
