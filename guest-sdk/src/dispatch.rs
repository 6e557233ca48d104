//! Calls an author's aggregates, group by group, and writes the reply for the host.
//!
//! Invariant: a group is computed from its own rows or states alone, so one group cannot affect
//! another. Deliberately absent: the exports themselves, which `export!` writes.

use crate::aggregate::Aggregate;
use crate::batch::{Batch, misfit};
use crate::field::Field;
use crate::outcome::{Scratch, Written, emptied};
use crate::output::Output;
use crate::record::Row;
use crate::states::{Answer, Ends, States};

/// The functions of one aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch {
    /// Writes the state of each group of rows.
    pub update: fn(Ends<'_>, &Batch<'_>) -> Vec<u8>,
    /// Writes the merged state of each group of states.
    pub merge: fn(Ends<'_>, States<'_>) -> Vec<u8>,
    /// Writes the value of each state.
    pub finalize: fn(&mut Scratch, States<'_>) -> Vec<u8>,
}

impl Dispatch {
    /// The functions of the aggregate `A`.
    pub const fn of<A: Aggregate>() -> Dispatch {
        Dispatch { update: update::<A>, merge: merge::<A>, finalize: finalize::<A> }
    }

    /// Functions that are never called, of a type that is no aggregate.
    pub(crate) const NONE: Dispatch = Dispatch {
        update: |_, _| unreachable!("a crate with such an aggregate does not compile"),
        merge: |_, _| unreachable!("a crate with such an aggregate does not compile"),
        finalize: |_, _| unreachable!("a crate with such an aggregate does not compile"),
    };
}

fn update<A: Aggregate>(groups: Ends<'_>, batch: &Batch<'_>) -> Vec<u8> {
    let mut cursor = batch.columns();
    let column = <A::Input<'_> as Field<'_>>::open(&mut cursor);
    cursor.finish();
    if groups.last() != batch.positions().count() {
        misfit();
    }
    let mut answer = Answer::default();
    for rows in groups.ranges() {
        let mut state = A::zero();
        for row in rows {
            state.update(<A::Input<'_> as Field<'_>>::get(&column, row));
        }
        answer.put(&state);
    }
    answer.write()
}

fn merge<A: Aggregate>(groups: Ends<'_>, states: States<'_>) -> Vec<u8> {
    if groups.last() != states.count() {
        misfit();
    }
    let mut states = states.iter();
    let mut answer = Answer::default();
    for range in groups.ranges() {
        let mut group = states.by_ref().take(range.len());
        match group.by_ref().map(decode::<A>).try_fold(A::zero(), joined) {
            Ok(state) => answer.put(&state),
            Err(reason) => answer.refuse(reason),
        }
        // Drops the rest of a refused group.
        group.for_each(drop);
    }
    answer.write()
}

fn joined<A: Aggregate>(mut sum: A, state: Result<A, String>) -> Result<A, String> {
    sum.merge(state?);
    Ok(sum)
}

fn decode<A: Aggregate>(state: &[u8]) -> Result<A, String> {
    A::decode(state).map_err(|reason| format!("a state cannot be decoded: {reason}"))
}

/// The value of a state, as a row of one column.
struct Value<O>(O);

impl<O: Output> Row for Value<O> {
    type Builder = (O::Builder, ());

    fn push(self, builder: &mut Self::Builder) {
        self.0.push(&mut builder.0);
    }
}

fn finalize<A: Aggregate>(scratch: &mut Scratch, states: States<'_>) -> Vec<u8> {
    let mut outcome = emptied::<<Value<A::Output> as Row>::Builder>(scratch);
    for (at, state) in states.iter().enumerate() {
        outcome.turn_to(at);
        match decode::<A>(state) {
            Ok(state) => outcome.push(Value(state.finalize())),
            Err(reason) => outcome.refuse(reason),
        }
    }
    let mut bytes = vec![0; outcome.bytes()];
    outcome.write(&mut bytes);
    *scratch = Some(outcome);
    bytes
}
