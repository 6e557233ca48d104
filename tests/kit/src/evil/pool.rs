//! Requests to the online host: their deadline, the line for turns, and the memory of all guests.
//!
//! Invariant: a request that cannot be answered in time fails with its deadline's code; requests
//! beside it are answered as without it. Deliberately absent: stored features of other views.

use super::calls::evil;
use super::{Case, Time, config, ticking};
use lockstep_core::Code;
use lockstep_core::error::Result as Answer;
use lockstep_core::time::Time as Instant;
use lockstep_core::value::Value;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::service::Service;
use lockstep_engine::vector::FeatureVector;
use lockstep_guest::{Artifact, GuestMemory};
use lockstep_store::memory::MemoryStore;
use std::sync::Arc;

/// Milliseconds within which the requests of these cases must be answered.
const DEADLINE_MS: u64 = 50;
/// Requests at a time.
const REQUESTS: usize = 12;

pub(super) fn cases() -> Vec<Case> {
    let late = |name| Case { name, host: "get", limit: "deadline_ms", run: deadline };
    let mut cases: Vec<Case> =
        ["loop", "log nothing", "chase", "fill", "memory", "grow in vain"].map(late).into();
    cases.push(Case {
        name: "fat",
        host: "12 gets at a time",
        limit: "GUESTS_MEMORY_MAX_BYTES",
        run: fat,
    });
    cases
}

/// A host of the evil guest's on-demand transform, over an empty store.
fn host(artifact: &Artifact) -> Answer<OnlineHost> {
    let catalog = Arc::new(Catalog::new(vec![("evil".into(), artifact.clone())])?);
    let service = Service::of(&catalog, "s", &["score.y", "told.note_lines_lifetime"])?;
    OnlineHost::new(catalog, Arc::new(MemoryStore::new()), vec![service])
}

fn ask(host: &OnlineHost, kind: &str) -> Answer<FeatureVector> {
    let text = |text: &str| Value::String(text.into());
    let request = [("kind", text(kind)), ("x", Value::Float64(1.0)), ("actor", text("a"))];
    host.get("s", &request, AsOf::At(Instant::saturating(1)))
}

/// The answer to an honest request.
fn check(vector: &FeatureVector) -> Result<(), String> {
    match vector.value("score.y") {
        Some(Value::Float64(2.0)) => Ok(()),
        other => Err(format!("x + 1 is {other:?}")),
    }
}

/// A request that takes too long fails in time; the next one is answered.
fn deadline(case: &Case, time: Time) -> Result<(), String> {
    let (artifact, clock) = evil(true, time, config(1 << 30))?;
    let text = |error: lockstep_core::Error| error.to_string();
    let host = host(&artifact).map_err(text)?;
    check(&ask(&host, "honest").map_err(text)?)?;
    let host = host.deadline_ms(Some(DEADLINE_MS));
    let asked = match &clock {
        Some(clock) => ticking(clock, || ask(&host, case.name)),
        None => ask(&host, case.name),
    };
    match asked.map_err(|error| (error.code.clone(), error)) {
        Err((Code::DeadlineExceeded { deadline_ms: DEADLINE_MS }, _)) => {}
        // On a fast machine the guest may have used up a limit of its own before.
        Err((Code::RowRefused { .. }, _)) if ["memory", "grow in vain"].contains(&case.name) => {}
        Err((_, error)) => return Err(format!("it fails for another reason: {error}")),
        Ok(_) => return Err("it is answered".to_string()),
    }
    check(&ask(&host.deadline_ms(None), "honest").map_err(text)?)
}

/// Guests that grow large answer all the same, one after the other where memory is short; and what
/// is kept afterwards is small.
fn fat(case: &Case, time: Time) -> Result<(), String> {
    let memory = GuestMemory::new(512 << 20);
    let config = lockstep_guest::EngineConfig { memory: memory.clone(), ..config(0) };
    let (artifact, _) = evil(false, time, config)?;
    let host = host(&artifact).map_err(|error| error.to_string())?;
    let answers: Vec<Answer<FeatureVector>> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..REQUESTS).map(|_| scope.spawn(|| ask(&host, case.name))).collect();
        asked.into_iter().map(|asked| asked.join().expect("a request does not panic")).collect()
    });
    for answer in answers {
        check(&answer.map_err(|error| error.to_string())?)?;
    }
    match memory.held_bytes() {
        small if small <= 64 << 20 => Ok(()),
        held => Err(format!("{held} bytes are kept")),
    }
}
