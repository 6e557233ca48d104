//! The shape of a service: its features in order, each with its type and whether it may be null.
//!
//! Invariant: two services with the same digest give vectors of one shape, so a model that was
//! trained on one can read the vectors of the other. Deliberately absent: what the values depend
//! on, which is the identity (S23).

use lockstep_core::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::generation::Sha;
use lockstep_core::value::Column;
use serde::{Deserialize, Serialize};

/// A service's features in order: `view.feature`, the type, and whether it may be null.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Shape(Vec<(String, String, bool)>);

impl Shape {
    /// The shape of these features.
    pub fn of(features: &[Column]) -> Shape {
        let feature = |it: &Column| (it.name.clone(), it.data_type.to_string(), it.nullable);
        Shape(features.iter().map(feature).collect())
    }

    /// Reads the JSON that a training file holds as `lockstep.features`.
    ///
    /// # Errors
    /// If the text is not such a list.
    pub fn parse(json: &str) -> Result<Shape> {
        serde_json::from_str(json)
            .map_err(|error| Error::input("this is no list of features").because(error))
    }

    /// Its JSON: `[["view.feature", "int64", false], …]`.
    pub fn json(&self) -> String {
        serde_json::Value::from_iter(self.0.iter().map(|(name, of, nullable)| {
            serde_json::Value::from(vec![
                name.as_str().into(),
                of.as_str().into(),
                serde_json::Value::from(*nullable),
            ])
        }))
        .to_string()
    }

    /// Its digest: the SHA-256 of its JSON.
    pub fn digest(&self) -> Sha {
        Sha::of(self.json().as_bytes())
    }

    /// Refuses another shape. The error names the first feature that differs.
    ///
    /// # Errors
    /// With [`Code::ServiceChanged`] if `found` differs.
    pub fn check(&self, service: &str, found: &Shape) -> Result<()> {
        if self == found {
            return Ok(());
        }
        let at = (0..).find(|at| self.0.get(*at) != found.0.get(*at)).unwrap_or_default();
        let shown = |shape: &Shape| match shape.0.get(at) {
            Some((name, of, nullable)) => {
                format!("{name}, {of}{}", if *nullable { " or null" } else { "" })
            }
            None => "none".to_string(),
        };
        Err(changed(
            service,
            &self.digest().to_string(),
            found,
            &format!(
                "feature {} of {} is {}, and {} of {} is demanded",
                at + 1,
                found.0.len(),
                shown(found),
                shown(self),
                self.0.len()
            ),
        ))
    }

    /// Refuses a shape that does not have the demanded digest.
    ///
    /// # Errors
    /// With [`Code::ServiceChanged`] if the digest differs.
    pub fn check_digest(service: &str, demanded: &str, found: &Shape) -> Result<()> {
        if found.digest().to_string() == demanded {
            return Ok(());
        }
        Err(changed(service, demanded, found, &format!("its features are {}", found.json())))
    }
}

fn changed(service: &str, demanded: &str, found: &Shape, difference: &str) -> Error {
    let found = found.digest().to_string();
    Error::input(format!(
        "service {service} has the digest {found}, and {demanded} is demanded: {difference}; use the \
         model that was trained on it, or the artifacts and features that the model was trained on"
    ))
    .with_code(Code::ServiceChanged { demanded: demanded.to_string(), found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::value::DataType;

    fn column(name: &str, data_type: DataType, nullable: bool) -> Column {
        Column { name: name.into(), data_type, nullable, description: "words".into() }
    }

    /// Goal: another order, name, type or nullability is another shape, and the message says where;
    /// descriptions are not (S23). Method: one change at a time.
    #[test]
    fn s23_shapes_differ_where_vectors_do() {
        let features =
            [column("v.a", DataType::Int64, false), column("v.b", DataType::Float64, true)];
        let shape = Shape::of(&features);
        assert_eq!(shape.json(), r#"[["v.a","int64",false],["v.b","float64",true]]"#);
        assert_eq!(Shape::parse(&shape.json()).unwrap(), shape);
        let mut described = features.clone();
        described[0].description = "other words".into();
        assert!(shape.check("s", &Shape::of(&described)).is_ok());
        let swapped = [features[1].clone(), features[0].clone()];
        let error = shape.check("s", &Shape::of(&swapped)).unwrap_err();
        assert!(error.message.contains("feature 1 of 2 is v.b, float64 or null"), "{error}");
        let error = shape.check("s", &Shape::of(&features[..1])).unwrap_err();
        assert!(error.message.contains("feature 2 of 1 is none"), "{error}");
        let digest = shape.digest().to_string();
        assert!(Shape::check_digest("s", &digest, &shape).is_ok());
        let error = Shape::check_digest("s", &digest, &Shape::of(&swapped)).unwrap_err();
        assert!(matches!(error.code, Code::ServiceChanged { .. }), "{error}");
    }
}
