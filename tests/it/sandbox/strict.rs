//! Artifacts built `strict`: NaNs have one form inside the guest, so that bits agree on every CPU
//! (S23).
//!
//! Method: the evil guest's file with another manifest, so that the same code runs in both ways. A
//! NaN with a payload goes through an addition, which keeps the payload on x86-64 and on ARM; its
//! bits are returned as an integer, which is not made canonical on leaving the guest.

use super::{EVIL, STEADY, assert_outcome, events, evil_file};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::vector::Identity;
use lockstep_guest::{Artifact, Engine, EngineConfig, Transformer};
use std::fs;

/// The one quiet NaN.
const NAN: i64 = 0x7ff8_0000_0000_0000;

/// The evil guest, ordinary and strict.
fn both() -> [Artifact; 2] {
    let mut bytes = fs::read(evil_file()).unwrap();
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let ordinary = Artifact::from_bytes(&engine, "ordinary", bytes.clone()).unwrap();
    let (loose, strict) = (br#""strict":false"#, br#""strict": true"#);
    let at = bytes.windows(loose.len()).rposition(|part| part == loose).unwrap();
    bytes[at..at + strict.len()].copy_from_slice(strict);
    let strict = Artifact::from_bytes(&engine, "strict", bytes).unwrap();
    assert!(strict.manifest().strict && !ordinary.manifest().strict);
    [ordinary, strict]
}

/// The bits that the guest saw of a NaN, in each call.
fn nan_bits(artifact: &Artifact, kind: &str, fresh: bool) -> i64 {
    let mut transformer = Transformer::new(artifact).unwrap();
    transformer.fresh_each_call(fresh);
    let outcomes = transformer.map(&[EVIL], &events(artifact, &[kind])).unwrap();
    assert_eq!(outcomes[0].refused, []);
    let values = outcomes[0].rows.column(1).as_any();
    values.downcast_ref::<arrow::array::Int64Array>().unwrap().value(0)
}

/// Goal: a strict artifact sees one NaN wherever it runs, warm and fresh; an ordinary one sees the
/// NaN that the machine makes (S23).
#[test]
fn s23_a_strict_guest_sees_one_nan() {
    let [ordinary, strict] = both();
    for fresh in [false, true] {
        assert_eq!(nan_bits(&strict, "nan bits", fresh), NAN);
        assert_eq!(nan_bits(&ordinary, "nan bits", fresh), NAN | 0xdead_beef);
    }
}

/// Goal: an event that exceeds its deadline is judged only by its metered rerun, which runs the
/// same code: the event is kept, with the bits of a strict guest (S9, S23). Method: work that needs
/// more than a deadline and less than the fuel. On a machine that is fast enough to finish in time,
/// the result is the same, as the rule demands.
#[test]
fn s09_a_slow_event_is_judged_by_its_rerun() {
    let [_, strict] = both();
    assert_eq!(nan_bits(&strict, "slow nan bits", true), NAN);
}

/// Goal: strictness changes nothing except NaNs.
#[test]
fn s23_a_strict_guest_answers_as_the_ordinary_one() {
    for artifact in both() {
        let mut transformer = Transformer::new(&artifact).unwrap();
        let kinds = ["honest", "trap", "honest", "refuse"];
        let outcomes = transformer.map(&[EVIL, STEADY], &events(&artifact, &kinds)).unwrap();
        assert_outcome(&artifact, &outcomes[0], 4, &[(1, "unreachable"), (3, "on purpose")]);
        assert_outcome(&artifact, &outcomes[1], 4, &[]);
    }
}

/// Goal: values of strict artifacts name no architecture, and one that is not strict among them
/// names it (S23).
#[test]
fn s23_strict_values_name_no_architecture() {
    let [ordinary, strict] = both();
    let architecture = |artifact: &Artifact| {
        let catalog = Catalog::new(vec![("evil".to_string(), artifact.clone())]).unwrap();
        let identity = Identity::of(&catalog);
        let entry = ("architecture".to_string(), identity.architecture.to_string());
        assert!(identity.entries().contains(&entry));
        identity.architecture
    };
    assert_eq!(architecture(&strict), "any");
    assert_eq!(architecture(&ordinary), std::env::consts::ARCH);
}
