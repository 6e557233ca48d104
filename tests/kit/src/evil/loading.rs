//! Components that cost too much to load.
//!
//! Invariant: each is refused before it is compiled, and a good artifact loads on the same engine
//! afterwards. Deliberately absent: how the components are made.

use super::components::{self, ALL};
use super::{Case, Time, names};
use lockstep_core::{Code, ErrorKind};
use lockstep_guest::{Artifact, Engine, EngineConfig};

pub(super) fn cases() -> Vec<Case> {
    let case =
        |(name, limit, _): &components::Hostile| Case { name, host: "load", limit, run: load };
    ALL.iter().map(case).collect()
}

fn load(case: &Case, _: Time) -> Result<(), String> {
    let wasm = components::hostile(case.name).ok_or("there is no such component")?;
    let engine = Engine::new(EngineConfig::default()).map_err(|error| error.to_string())?;
    let error = match Artifact::from_bytes(&engine, "hostile.wasm", wasm) {
        Ok(_) => return Err("it loads".to_string()),
        Err(error) => error,
    };
    if error.kind != ErrorKind::Input {
        return Err(format!("it is no error of the input: {error}"));
    }
    match &error.code {
        Code::LimitReached { limit, .. } if *limit == case.limit => {
            names(&error.to_string(), "artifact hostile.wasm: ")
        }
        Code::Unspecified => names(&error.to_string(), case.limit),
        other => Err(format!("another limit is named: {other:?}: {error}")),
    }
}
