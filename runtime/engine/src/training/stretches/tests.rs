//! Tests that sweeping a partition in stretches gives the same bits as sweeping it whole.
//!
//! Method: random events and questions, with every share of memory. Deliberately absent: what the
//! values are, which the tests of the sweep check.

use super::sample::{Event, any_event, plan, rows, short_plan};
use super::*;
use crate::shuffle::blocks::{BLOCK_BYTES_MAX, Blocks, PARTITIONS};
use crate::shuffle::layout::spine_batch;
use arrow::array::{BinaryArray, Int64Array, UInt32Array};
use lockstep_core::fold::{FoldPlan, NoGuest};
use lockstep_core::row::TypedColumn;
use lockstep_core::time::SECOND_US;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::collections::BTreeMap;

/// How the rows and questions are stored while they wait.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    block_rows: usize,
    spilled: bool,
    share: Option<usize>,
}

fn keys(keys: impl Iterator<Item = u8>) -> BinaryArray {
    keys.map(|key| Some([key])).collect()
}

fn gathered(batches: impl Iterator<Item = RecordBatch>, spilled: bool) -> Blocks {
    let folder = tempfile::tempdir().unwrap();
    let mut blocks = Blocks::new(BLOCK_BYTES_MAX);
    for batch in batches {
        blocks.push(batch).unwrap();
        blocks.seal().unwrap();
        if spilled {
            blocks.spill(folder.path()).unwrap();
        }
    }
    blocks
}

/// The answers to each question, and the number of sweeps that computed them.
fn answers(
    plan: &FoldPlan,
    events: &[(u8, Event)],
    asked: &[(u8, i64)],
    waiting: Waiting,
) -> (BTreeMap<u32, Vec<Vec<u8>>>, usize) {
    let features: Vec<usize> = (0..plan.features.len()).collect();
    let (whole, cut) = (Sweep::new(plan, &features), Sweep::cut(plan, &features).unwrap());
    let layout = Layout::new(plan, &whole.slots(), false);
    // Mapped in one call, because a row's number decides the order among rows of equal time.
    let all: Vec<Event> = events.iter().map(|(_, event)| event.clone()).collect();
    let all = rows(&all);
    let numbers: Vec<u32> = (0..events.len() as u32).collect();
    let batches = numbers.chunks(waiting.block_rows).map(|numbers| {
        let own: UInt32Array = numbers.to_vec().into();
        layout.batch(&all, keys(events.iter().map(|it| it.0)), None, &own).unwrap()
    });
    let kept = gathered(batches, waiting.spilled);
    let mut next = 0;
    let spine = asked.chunks(waiting.block_rows).map(|asked| {
        let numbers: UInt32Array = (next..next + asked.len() as u32).collect::<Vec<_>>().into();
        next += asked.len() as u32;
        let times: Int64Array = asked.iter().map(|it| Some(it.1)).collect();
        spine_batch(keys(asked.iter().map(|it| it.0)), times, numbers).unwrap()
    });
    let spine = gathered(spine, waiting.spilled);
    let (mut found, mut sweeps) = (BTreeMap::new(), 0);
    for partition in 0..PARTITIONS {
        let (spine, rows) = (spine.parts(partition).collect(), kept.parts(partition).collect());
        let mut stretches =
            Stretches::of(&layout, (&whole, Some(&cut)), spine, rows, waiting.share);
        let sweep = if stretches.is_cut() { &cut } else { &whole };
        while let Some(part) = stretches.next().unwrap() {
            sweeps += 1;
            let named = |entity: usize| stretches.name(part.ids[entity]);
            let (entities, as_of) = (&part.entities, &part.as_of);
            let columns =
                sweep.run(&part.rows, None, entities, as_of, &mut NoGuest, &named).unwrap();
            let columns: Vec<TypedColumn> =
                columns.iter().map(|column| TypedColumn::new(column).unwrap()).collect();
            for (at, row) in part.spine_rows.iter().enumerate() {
                let values = columns.iter().map(|column| column.value(at).encoded()).collect();
                assert!(found.insert(*row, values).is_none(), "spine row {row} twice");
            }
        }
    }
    assert_eq!(found.len(), asked.len());
    (found, sweeps)
}

proptest! {
    /// Goal: a partition that is cut gives the bits of the whole one, for every window, with
    /// lifetimes that continue from stretch to stretch, whatever the share, the blocks and the
    /// order of rows and questions. Method: few keys, equal times and times at the bounds of
    /// windows, in memory and on the disk.
    #[test]
    fn s22_stretches_have_the_bits_of_the_whole(
        events in prop::collection::vec((0u8..3, any_event()), 0..60),
        asked in prop::collection::vec((0u8..4, -5i64..4000), 1..60),
        block_rows in 1usize..40,
        spilled in any::<bool>(),
        share in prop_oneof![Just(0), 0usize..20_000],
        sorted in any::<bool>(),
        short in any::<bool>(),
    ) {
        let plan = if short { short_plan() } else { plan() };
        let (mut events, mut asked) = (events, asked);
        asked.iter_mut().for_each(|(_, time)| *time *= SECOND_US / 10);
        if sorted {
            events.sort_by_key(|(_, event)| event.0);
            asked.sort_by_key(|(_, time)| *time);
        }
        let waiting = Waiting { block_rows, spilled, share: None };
        let (expected, _) = answers(&plan, &events, &asked, waiting);
        let waiting = Waiting { share: Some(share), ..waiting };
        let (found, _) = answers(&plan, &events, &asked, waiting);
        for (row, expected) in expected {
            for (at, feature) in plan.features.iter().enumerate() {
                let (found, expected) = (&found[&row][at], &expected[at]);
                prop_assert_eq!(found, expected, "{} of row {}", feature.column.name, row);
            }
        }
    }
}

/// Goal: with little memory a partition is cut into many stretches, even between questions of equal
/// time; with enough memory it is not cut. Method: one key, its events in order and at the same
/// times as questions.
#[test]
fn a_large_key_is_cut() {
    let plan = short_plan();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let event = || any_event().new_tree(&mut runner).unwrap().current();
    let mut events: Vec<(u8, Event)> =
        std::iter::repeat_with(event).take(300).map(|it| (7, it)).collect();
    events.sort_by_key(|(_, event)| event.0);
    let times = events.iter().map(|(_, event)| (7, event.0 * SECOND_US));
    let asked: Vec<(u8, i64)> = times.chain((0..200).map(|_| (7, 50 * SECOND_US))).collect();
    let waiting = Waiting { block_rows: 50, spilled: true, share: None };
    let (expected, sweeps) = answers(&plan, &events, &asked, waiting);
    assert_eq!(sweeps, 1);
    let (found, sweeps) = answers(&plan, &events, &asked, Waiting { share: Some(0), ..waiting });
    assert!(found == expected);
    assert!((5..200).contains(&sweeps), "{sweeps}");
}
