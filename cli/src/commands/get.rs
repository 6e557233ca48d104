//! `lockstep get`: computes the features for one request from the store.

use crate::arguments::{ProjectArguments, parse_time};
use crate::outcome::Outcome;
use crate::output::{print_json, table};
use crate::terminal::say;
use clap::Args;
use lockstep_runtime::{
    AsOf, Code, Error, FeatureVector, Notation, OnlineHost, Result, Service, Status, TimeUnit,
    Value, json, unknown_column, value_of_text,
};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The arguments of `lockstep get`.
#[derive(Debug, Args)]
pub struct Get {
    /// The service to use
    service: String,
    /// The request: NAME=VALUE, or NAME alone for null
    request: Vec<String>,
    /// The time of the features: RFC 3339 or `now`, or an integer with --time-unit
    #[arg(long, default_value = "now", value_name = "TIME")]
    as_of: String,
    /// The unit of integers that are times, in --as-of and in the request, since 1970: s, ms, us or
    /// ns; without it they are refused
    #[arg(long, value_name = "UNIT")]
    time_unit: Option<TimeUnit>,
    /// Fail unless the service's features, in order and with their types, have this digest: it is
    /// `lockstep.service_digest` in the training file of a model
    #[arg(long, value_name = "DIGEST")]
    demand: Option<String>,
    /// Fail unless the answer is there within so many milliseconds; the time for compiling an
    /// artifact does not count
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    deadline_ms: Option<u64>,
    #[command(flatten)]
    project: ProjectArguments,
}

impl Get {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let project = self.project.open()?;
        let service = project.service(&self.service)?;
        let notation = Notation::of_unit(self.time_unit);
        let request = parse_request(&service, &self.request, &notation)?;
        let as_of = match self.as_of.as_str() {
            "now" => AsOf::Now,
            text => {
                let time = parse_time(text, &notation).map_err(|error| error.at("--as-of"))?;
                AsOf::At(time)
            }
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
pub fn parse_request<'a>(
    service: &'a Service,
    texts: &[String],
    notation: &Notation,
) -> Result<Vec<(&'a str, Value)>> {
    let parse = |text: &String| {
        let (name, value) =
            text.split_once('=').map_or((text.as_str(), None), |(name, value)| (name, Some(value)));
        let at = service.request_index(name).ok_or_else(|| unknown_column(service, name))?;
        let column = &service.request[at];
        let value = match value {
            None => Value::Null,
            Some(value) => value_of_text(value, &column.data_type, notation)
                .map_err(Error::input)
                .map_err(|error| error.with_code(Code::bad_row(0, Some(name))))
                .map_err(|error| error.at(format!("{name}={value}")))?,
        };
        Ok((column.name.as_str(), value))
    };
    texts.iter().map(parse).collect()
}

/// A vector as JSON.
#[derive(Debug, Serialize)]
pub struct VectorJson {
    as_of: String,
    features: BTreeMap<String, Box<RawValue>>,
    identity: BTreeMap<String, String>,
    known: u64,
    /// The features whose value is null for a reason, and that reason.
    statuses: BTreeMap<String, &'static str>,
}

impl VectorJson {
    /// The JSON of `vector`.
    pub fn of(vector: &FeatureVector) -> VectorJson {
        let name = |(name, _): &(&str, &Value)| name.to_string();
        let features = vector.iter().map(|pair| (name(&pair), json::of_value(pair.1)));
        let statuses = vector.iter().zip(&vector.statuses);
        let statuses = statuses.filter_map(|(pair, status)| match status {
            Status::Present => None,
            Status::Overflow => Some((name(&pair), "overflow")),
        });
        VectorJson {
            as_of: vector.as_of.to_string(),
            features: features.collect(),
            identity: vector.identity.entries().into_iter().collect(),
            known: vector.known,
            statuses: statuses.collect(),
        }
    }
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
    say(table(&["feature", "type", "value"], rows.collect(), 2));
    say(format!("as of {}, known up to commit {}", vector.as_of, vector.known));
}

fn print_vector_json(vector: &FeatureVector) -> Result<()> {
    print_json(&VectorJson::of(vector))
}
