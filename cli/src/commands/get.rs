//! `lockstep get`: computes the features for one request from the store.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::{json_value, print_json, table};
use clap::Args;
use lockstep_runtime::{
    AsOf, Code, DataType, Error, FeatureVector, OnlineHost, Result, Service, Status, Time, Value,
    unknown_column,
};
use serde_json::json;

/// The arguments of `lockstep get`.
#[derive(Debug, Args)]
pub struct Get {
    /// The service to use
    service: String,
    /// The request: NAME=VALUE, or NAME alone for null
    request: Vec<String>,
    /// The time of the features: RFC 3339, microseconds since 1970, or `now`
    #[arg(long, default_value = "now", value_name = "TIME")]
    as_of: String,
    /// Fail unless the service's features, in order and with their types, have this digest: it is
    /// `lockstep.service_digest` in the training file of a model
    #[arg(long, value_name = "DIGEST")]
    demand: Option<String>,
    /// Fail unless the answer is there within so many milliseconds; the time for compiling an
    /// artifact does not count
    #[arg(long, value_name = "MS")]
    deadline_ms: Option<u64>,
    #[command(flatten)]
    project: ProjectArguments,
}

impl Get {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let project = self.project.open()?;
        let service = project.service(&self.service)?;
        let request = parse_request(&service, &self.request)?;
        let as_of = match self.as_of.as_str() {
            "now" => AsOf::Now,
            text => AsOf::At(Time::parse(text).map_err(|error| error.at("--as-of"))?),
        };
        let host = OnlineHost::new(&project, project.open_store()?, vec![service.clone()])?;
        let host = host.deadline_ms(self.deadline_ms);
        if let Some(demanded) = &self.demand {
            host.demand(&self.service, demanded)?;
        }
        let vector = host.get(&self.service, &request, as_of)?;
        if self.project.json {
            print_vector_json(&vector)?
        } else {
            print_vector(&vector)
        }
        Ok(Outcome::Done)
    }
}

/// Parses `NAME=VALUE` texts by the types of the service's request columns.
pub fn parse_request<'a>(service: &'a Service, texts: &[String]) -> Result<Vec<(&'a str, Value)>> {
    let parse = |text: &String| {
        let (name, value) =
            text.split_once('=').map_or((text.as_str(), None), |(name, value)| (name, Some(value)));
        let at = service.request_index(name).ok_or_else(|| unknown_column(service, name))?;
        let column = &service.request[at];
        let value = match value {
            None => Value::Null,
            Some(value) => parse_value(&column.data_type, value)
                .map_err(|error| error.with_code(Code::bad_row(0, Some(name))))
                .map_err(|error| error.at(format!("{name}={value}")))?,
        };
        Ok((column.name.as_str(), value))
    };
    texts.iter().map(parse).collect()
}

fn parse_value(data_type: &DataType, text: &str) -> Result<Value> {
    let bad = || Error::input(format!("{text:?} is not {data_type}"));
    Ok(match data_type {
        DataType::String => Value::String(text.into()),
        DataType::Int64 => Value::Int64(text.parse().map_err(|_| bad())?),
        DataType::Float64 => Value::Float64(text.parse().map_err(|_| bad())?),
        DataType::Float32 => Value::Float32(text.parse().map_err(|_| bad())?),
        DataType::Bool => Value::Bool(text.parse().map_err(|_| bad())?),
        DataType::Timestamp => Value::Timestamp(Time::parse(text)?.micros()),
        DataType::List(_) | DataType::Map(_) => {
            return Err(Error::input("a list cannot be given on the command line"));
        }
    })
}

/// Prints a vector as a table.
pub fn print_vector(vector: &FeatureVector) {
    let rows = vector.features.iter().zip(&vector.values).zip(&vector.statuses);
    let rows = rows.map(|((feature, value), status)| {
        let value = match status {
            Status::Present => value.to_string(),
            Status::Overflow => format!("{value} (overflow)"),
        };
        vec![feature.name.clone(), feature.data_type.to_string(), value]
    });
    println!("{}", table(&["feature", "type", "value"], rows.collect(), 2));
    println!("as of {}, known up to commit {}", vector.as_of, vector.known);
}

fn print_vector_json(vector: &FeatureVector) -> Result<()> {
    let features = vector.iter().map(|(name, value)| (name.to_string(), json_value(value)));
    let identity = vector.identity.entries().into_iter().map(|(n, v)| (n, v.into()));
    print_json(&json!({
        "features": features.collect::<serde_json::Map<String, serde_json::Value>>(),
        "as_of": vector.as_of.to_string(),
        "known": vector.known,
        "identity": identity.collect::<serde_json::Map<String, serde_json::Value>>(),
    }))
}
