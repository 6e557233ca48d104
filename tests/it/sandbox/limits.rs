//! Guests that exceed their limits are refused, and batches at the limits work (S9).
//!
//! Invariant: each limit of a guest is reached here once. Fuel and bytes decide, so no test depends
//! on the speed of the machine. Deliberately absent: the limits of source files.

use super::evil_file;
use super::{EVIL, STEADY, assert_outcome, assert_set_aside, batch, events, evil};
use lockstep_core::flat::{BATCH_BYTES_MAX, BATCH_ROWS_MAX};
use lockstep_core::{CallCause, Code, ErrorKind};
use lockstep_guest::{
    Artifact, Clock, Engine, EngineConfig, GUEST_MEMORY_MAX_BYTES, GuestMemory, Transformer,
};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Goal: an event that never ends is set aside because of its fuel; the rest of the batch is mapped
/// (S9).
#[test]
fn s09_an_endless_loop_costs_one_event() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let kinds = ["honest", "loop", "honest"];
    let outcomes = transformer.map(&[EVIL, STEADY], &events(&artifact, &kinds)).unwrap();
    assert_outcome(&artifact, &outcomes[0], 3, &[(1, "units of fuel")]);
    assert_outcome(&artifact, &outcomes[1], 3, &[]);
}

/// Goal: excessive memory, a stack overflow and a flood of messages set aside only their own event
/// (S9).
#[test]
fn s09_greed_costs_one_event() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    assert_set_aside(&artifact, &mut transformer, "memory", "bytes of memory");
    assert_set_aside(&artifact, &mut transformer, "recurse", "stack overflowed");
    assert_set_aside(&artifact, &mut transformer, "log", "above the limit");
}

/// Goal: asking for more memory than the memory's type allows gets an ordinary refusal, because
/// that is the same on every host. Method: the guest checks the result itself and continues.
#[test]
fn s09_a_refused_growth_is_deterministic() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let kinds = ["honest", "memory past 4 GiB"];
    let outcomes = transformer.map(&[EVIL], &events(&artifact, &kinds)).unwrap();
    assert_outcome(&artifact, &outcomes[0], 2, &[]);
}

/// Goal: an event above the limit of bytes is set aside, others are not. Method: an actor whose
/// name alone has as many bytes as a batch may have.
#[test]
fn s09_an_oversized_event_is_set_aside() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let long = "x".repeat(BATCH_BYTES_MAX);
    let actors = vec![Some("actor 0"), Some(&*long), Some("actor 2")];
    let outcomes = transformer.map(&[EVIL], &batch(&artifact, &["honest"; 3], actors)).unwrap();
    assert_outcome(&artifact, &outcomes[0], 3, &[(1, "too large")]);
}

/// Goal: a batch above the limit of rows is cut, with the same result as if it were not.
#[test]
fn s07_an_oversized_batch_is_cut() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let rows = BATCH_ROWS_MAX + 1;
    let events = batch(&artifact, &vec!["honest"; rows], vec![Some("a"); rows]);
    let outcomes = transformer.map(&[STEADY], &events).unwrap();
    assert_eq!(outcomes[0].rows.num_rows(), rows);
    assert!(outcomes[0].source_rows.iter().copied().eq(0..rows as u32));
}

/// Goal: a guest that is to run alone waits for memory, and gives up after a time; the failure is
/// the host's, and once there is memory the event is judged (S9). Method: another guest holds a
/// part, so that what one guest may need is not left; a clock that is moved by hand.
#[test]
fn waiting_for_memory_ends() {
    let (memory, clock) = (GuestMemory::new(GUEST_MEMORY_MAX_BYTES), Clock::by_hand());
    let config = EngineConfig {
        memory: memory.clone(),
        clock: Some(clock.clone()),
        ..EngineConfig::default()
    };
    let artifact = Artifact::load(&Engine::new(config).unwrap(), evil_file()).unwrap();
    let other = Transformer::new(&artifact).unwrap();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let bad = events(&artifact, &["honest", "trap"]);
    let waited = AtomicBool::new(false);
    let failed = std::thread::scope(|scope| {
        let (memory, clock, waited) = (&memory, &clock, &waited);
        scope.spawn(move || {
            while memory.waiting() == 0 {
                std::thread::yield_now();
            }
            // A wait that never ends is ended after a minute by what it waits for. Then the call
            // below goes well, which fails the test.
            let started = Instant::now();
            while !waited.load(Ordering::Relaxed) && started.elapsed() < Duration::from_secs(60) {
                clock.advance(1);
                std::thread::yield_now();
            }
            drop(other);
        });
        let failed = transformer.map(&[EVIL], &bad).unwrap_err();
        waited.store(true, Ordering::Relaxed);
        failed
    });
    let Code::CallFailed { cause, .. } = failed.code else { panic!("{failed}") };
    assert_eq!(cause, CallCause::Memory);
    assert!(failed.to_string().contains("GUESTS_MEMORY_MAX_BYTES"), "{failed}");
    let outcomes = transformer.map(&[EVIL], &bad).unwrap();
    assert_outcome(&artifact, &outcomes[0], 2, &[(1, "unreachable")]);
    drop(transformer);
    assert_eq!(memory.held_bytes(), 0);
}

/// Set in a child to the artifact that it loads.
const STARVED: &str = "LOCKSTEP_TEST_STARVED";

/// A child of the next test, which the system gives too little memory. Otherwise this does nothing.
#[test]
fn starves() {
    let Some(file) = std::env::var_os(STARVED) else { return };
    let artifact = Artifact::load(&Engine::new(EngineConfig::default()).unwrap(), file.as_ref());
    let error = Transformer::new(&artifact.unwrap()).unwrap_err();
    let Code::CallFailed { cause, .. } = error.code else { panic!("{error}") };
    assert_eq!((error.kind, cause), (ErrorKind::Retry, CallCause::Memory), "{error}");
}

/// Goal: a mapping of memory that the system refuses is never blamed on the guest: the error is of
/// kind retry, and says what is missing (S9). Method: a process that may map less memory than a
/// guest reserves.
#[cfg(target_os = "linux")]
#[test]
fn a_host_without_memory_does_not_blame_the_guest() {
    let program = std::env::current_exe().unwrap();
    let status = Command::new("sh")
        .args(["-c", "ulimit -v 3000000; exec \"$0\" --exact sandbox::limits::starves"])
        .arg(program)
        .env(STARVED, evil_file())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
