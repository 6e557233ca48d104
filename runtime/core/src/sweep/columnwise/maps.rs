//! Maps: for each value of a column a state of the window's rows that have it.
//!
//! Invariant: a value whose rows have all left the window has no state. Beyond the limit of values
//! the map is null by overflow (S18). Deliberately absent: states that cannot be taken away from,
//! which the two stacks of a question-by-question sweep merge.

use super::bounds::{Bounds, Ends};
use super::coding::{Coding, Codings, Domain};
use super::tally::Tally;
use super::way::read_slots;
use crate::aggregate::{Slot, SlotKind, States, zeros};
use crate::error::Result;
use crate::fold::{Answer, FoldPlan, KeptEntries, Plain, count_of};
use crate::row::Rows;
use crate::sweep::column::AnswerColumn;
use crate::time::Time;
use crate::value::Value;

/// The maps of one slot and window.
pub(super) struct Maps {
    slot: usize,
    span: usize,
    by: usize,
    limit: u32,
    inner: Vec<Slot>,
    /// The slots of `inner` that some feature reads; the others stay empty.
    read: Vec<usize>,
    coding: usize,
    ends: Ends,
    tally: Tally,
    /// For each code.
    states: Vec<States>,
    readers: Vec<(usize, Plain, Option<KeptEntries>)>,
}

impl Maps {
    /// Adds a feature to those of its slot and window, which may be there already.
    pub(super) fn add(
        all: &mut Vec<Maps>,
        codings: &mut Codings,
        plan: &FoldPlan,
        (slot, span, ends): (usize, usize, Ends),
        feature: (usize, Plain, Option<KeptEntries>),
    ) {
        let same = |maps: &Maps| (maps.slot, maps.span) == (slot, span);
        let place = all.iter().position(same).unwrap_or_else(|| {
            let Slot { kind: SlotKind::Keyed { by, limit, inner }, filter } = &plan.slots[slot]
            else {
                unreachable!("the feature was chosen for its slot")
            };
            let coding = Coding { domain: Domain::Values, column: *by, filter: *filter };
            all.push(Maps {
                slot,
                span,
                by: *by,
                limit: *limit,
                inner: inner.clone(),
                read: vec![],
                coding: codings.index(coding),
                ends,
                tally: Tally::default(),
                states: vec![],
                readers: vec![],
            });
            all.len() - 1
        });
        let maps = &mut all[place];
        maps.read.extend(read_slots(&feature.1, feature.2));
        maps.read.sort_unstable();
        maps.read.dedup();
        maps.readers.push(feature);
    }

    /// The cursors of the window's bounds.
    pub(super) fn ends(&self) -> Ends {
        self.ends
    }

    pub(super) fn restart(&mut self, codings: &Codings, first: usize) {
        let coded = codings.get(self.coding);
        self.tally.restart(coded, first);
        self.states.clear();
        self.states.resize_with(coded.rows.len(), || zeros(&self.inner));
    }

    /// Appends the answers to the questions with these bounds and effective times.
    pub(super) fn answer(
        &mut self,
        plan: &FoldPlan,
        rows: &Rows,
        codings: &Codings,
        (bounds, effective): (Bounds<'_>, &[Time]),
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        let coded = codings.get(self.coding);
        let by = &rows.columns()[self.by];
        for (range, effective) in bounds.ranges().zip(effective) {
            let [removed, added] = self.tally.moves(&range);
            for row in removed {
                let code = coded.code(row);
                self.tally.remove(code);
                let Some(states) = self.states.get_mut(code as usize) else { continue };
                let left = self.tally.count(code as usize);
                for &at in &self.read {
                    match left {
                        0 => self.inner[at].reset(&mut states[at]),
                        _ => self.inner[at].retract_rows(&mut states[at], rows, row..row + 1),
                    }
                }
            }
            for row in added {
                let code = coded.code(row);
                self.tally.add(code);
                let Some(states) = self.states.get_mut(code as usize) else { continue };
                for &at in &self.read {
                    self.inner[at].update(&mut states[at], rows, row);
                }
            }
            if self.tally.used() > self.limit {
                for (at, ..) in &self.readers {
                    columns[*at].push_null()?;
                }
                continue;
            }
            let context = plan.context(self.span, *effective);
            for (at, plain, kept) in &self.readers {
                let maps = columns[*at].maps()?;
                if let Some(kept) = kept {
                    let codes: Vec<usize> = self.tally.used_codes().map(|(code, _)| code).collect();
                    let read = codes.iter().map(|code| plain.read(&self.states[*code], context));
                    let mut answers: Vec<Answer> = read.collect::<Result<_>>()?;
                    let count = |entry: usize, slot| count_of(&self.states[codes[entry]], slot);
                    let kept = kept.of(&answers, count);
                    for entry in kept.iter().flatten() {
                        maps.keys.push_row(by, coded.rows[codes[*entry]] as usize)?;
                        maps.values
                            .push(std::mem::replace(&mut answers[*entry].value, Value::Null))?;
                    }
                    maps.close(kept.is_some())?;
                    continue;
                }
                for (code, _) in self.tally.used_codes() {
                    maps.keys.push_row(by, coded.rows[code] as usize)?;
                    match plain.quick(&self.states[code]) {
                        Some(quick) => maps.values.add(quick)?,
                        None => {
                            maps.values.push(plain.read(&self.states[code], context)?.value)?;
                        }
                    }
                }
                maps.close(true)?;
            }
        }
        Ok(())
    }
}
