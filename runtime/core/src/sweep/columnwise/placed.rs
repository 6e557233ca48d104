//! The features that take the first or last rows of a window, in row order (S15).
//!
//! Rows of equal event time are all within a window or all outside it, so the order among them does
//! not change where a window begins. Invariant: values are in the order of their states
//! (`aggregate::places`): from the side on that they are taken from. Deliberately absent: the first
//! distinct values.

use super::bounds::{Bounds, Ends};
use super::coding::{Coding, Codings, Domain};
use super::dictionary::NONE;
use super::way::{Sequence, Taken};
use crate::aggregate::ordered::Side;
use crate::error::Result;
use crate::fold::InOrder;
use crate::row::{Rows, TypedColumn};
use crate::sweep::column::AnswerColumn;
use crate::value::Value;
use std::ops::Range;

/// The rows of an entity that count, in row order.
struct Ordered {
    sequence: Sequence,
    rows: Vec<u32>,
    /// For each row of the entity, from the first on, how many of `rows` come before it.
    before: Vec<u32>,
    first: usize,
}

/// The features of one sequence.
pub(super) struct Placed {
    ordered: Ordered,
    readers: Vec<Reader>,
}

/// One feature.
struct Reader {
    at: usize,
    ends: Ends,
    taken: Taken,
    /// For distinct values: their codes, and when each occurred last.
    recent: Option<(usize, Recent)>,
}

impl Placed {
    /// Adds a feature to those of its sequence, which may be there already.
    pub(super) fn add(
        all: &mut Vec<Placed>,
        codings: &mut Codings,
        sequence: Sequence,
        ends: Ends,
        (at, taken): (usize, Taken),
    ) {
        let same = |placed: &Placed| placed.ordered.sequence == sequence;
        let place = all.iter().position(same).unwrap_or_else(|| {
            let ordered = Ordered { sequence, rows: vec![], before: vec![], first: 0 };
            all.push(Placed { ordered, readers: vec![] });
            all.len() - 1
        });
        let Sequence { column, filter, .. } = sequence;
        let recent = match taken {
            Taken::LastDistinct { .. } => {
                let coding = Coding { domain: Domain::Values, column, filter };
                Some((codings.index(coding), Recent::default()))
            }
            _ => None,
        };
        all[place].readers.push(Reader { at, ends, taken, recent });
    }

    /// Orders the rows of `range`, which has all that a window of the entity holds.
    pub(super) fn restart(&mut self, rows: &Rows, codings: &Codings, range: Range<usize>) {
        self.ordered.restart(rows, range);
        for (coding, recent) in self.readers.iter_mut().filter_map(|it| it.recent.as_mut()) {
            recent.restart(codings.get(*coding).rows.len());
        }
    }

    /// Appends the answers to the questions with the bounds that `of` gives.
    pub(super) fn answer<'b>(
        &mut self,
        rows: &Rows,
        codings: &Codings,
        of: impl Fn(Ends) -> Bounds<'b>,
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        let column = &rows.columns()[self.ordered.sequence.column];
        for reader in &mut self.readers {
            let answers = &mut columns[reader.at];
            for range in of(reader.ends).ranges() {
                let window = self.ordered.within(&range);
                if let (Taken::LastDistinct { n }, Some((coding, recent))) =
                    (&reader.taken, &mut reader.recent)
                {
                    let coded = codings.get(*coding);
                    recent.follow(&window, |at| coded.code(self.ordered.rows[at] as usize));
                    let lists = answers.lists()?;
                    for at in recent.latest(window.start).take(*n as usize) {
                        lists.items.push_row(column, self.ordered.rows[at] as usize)?;
                    }
                    lists.close(true)?;
                    continue;
                }
                take(&reader.taken, &self.ordered.rows[window], column, answers)?;
            }
        }
        Ok(())
    }
}

/// Appends what is taken of the rows of a window.
#[inline]
fn take(
    taken: &Taken,
    rows: &[u32],
    column: &TypedColumn,
    answers: &mut AnswerColumn,
) -> Result<()> {
    match taken {
        Taken::One(side) => {
            let row = match side {
                Side::First => rows.first(),
                Side::Last => rows.last(),
            };
            match row {
                Some(row) => answers.push_row(column, *row as usize),
                None => answers.push_null(),
            }
        }
        Taken::Several { side, n } => {
            let lists = answers.lists()?;
            let count = rows.len().min(*n as usize);
            let mut push = |row: &u32| lists.items.push_row(column, *row as usize);
            match side {
                Side::First => rows[..count].iter().try_for_each(&mut push)?,
                Side::Last => rows[rows.len() - count..].iter().rev().try_for_each(&mut push)?,
            }
            lists.close(true)
        }
        Taken::All { limit, .. } if rows.len() > *limit as usize => answers.push_null(),
        Taken::All { made: InOrder::List, .. } => {
            let lists = answers.lists()?;
            rows.iter().try_for_each(|row| lists.items.push_row(column, *row as usize))?;
            lists.close(true)
        }
        Taken::All { made: InOrder::Join(separator), .. } => {
            let values = rows.iter().map(|row| column.value(*row as usize));
            answers.push(InOrder::join(separator, values.collect::<Vec<Value>>().iter()))
        }
        Taken::LastDistinct { .. } => unreachable!("distinct values are read from what is recent"),
    }
}

impl Ordered {
    fn restart(&mut self, rows: &Rows, range: Range<usize>) {
        let Sequence { column, nulls, filter } = self.sequence;
        let column = &rows.columns()[column];
        let filter = filter.map(|filter| &rows.columns()[filter]);
        let counts = |row: usize| {
            filter.is_none_or(|filter| filter.is_true(row)) && (nulls || !column.is_null(row))
        };
        self.first = range.start;
        self.rows.clear();
        self.before.clear();
        let times = rows.event_times();
        // The first of `self.rows` whose event time is that of the last row.
        let (mut group, mut sorted) = (0, true);
        for row in range.clone() {
            if row > range.start && times[row] != times[row - 1] {
                self.sort_group(rows, group, sorted);
                (group, sorted) = (self.rows.len(), true);
            }
            self.before.push(self.rows.len() as u32);
            if counts(row) {
                if self.rows.len() > group {
                    let last = self.rows[self.rows.len() - 1] as usize;
                    sorted &= rows.tie(last) <= rows.tie(row);
                }
                self.rows.push(row as u32);
            }
        }
        self.sort_group(rows, group, sorted);
        self.before.push(self.rows.len() as u32);
    }

    fn sort_group(&mut self, rows: &Rows, group: usize, sorted: bool) {
        if !sorted {
            self.rows[group..].sort_by(|a, b| rows.tie(*a as usize).cmp(rows.tie(*b as usize)));
        }
    }

    /// Which of the ordered rows are in a range of rows.
    #[inline]
    fn within(&self, range: &Range<usize>) -> Range<usize> {
        let before = |row: usize| self.before[row - self.first] as usize;
        before(range.start)..before(range.end)
    }
}

/// The codes of a sequence in the order in which each occurred last, as a doubly linked list.
#[derive(Default)]
struct Recent {
    links: Vec<Link>,
    newest: u32,
    /// The first place of the sequence that was not read.
    next: usize,
}

#[derive(Clone, Copy)]
struct Link {
    newer: u32,
    older: u32,
    /// Where the code occurred last.
    place: u32,
}

/// The link of a code that has not occurred.
const UNLINKED: Link = Link { newer: NONE, older: NONE, place: NONE };

impl Recent {
    fn restart(&mut self, codes: usize) {
        self.links.clear();
        self.links.resize(codes, UNLINKED);
        (self.newest, self.next) = (NONE, 0);
    }

    /// Reads the sequence up to the end of `window`; what lies before it is not needed.
    fn follow(&mut self, window: &Range<usize>, code: impl Fn(usize) -> u32) {
        for place in self.next.max(window.start)..window.end {
            let code = code(place);
            if code != NONE {
                self.occur(code, place as u32);
            }
        }
        self.next = self.next.max(window.end);
    }

    fn occur(&mut self, code: u32, place: u32) {
        let Link { newer, older, place: before } = self.links[code as usize];
        if before != NONE {
            match newer {
                // It is the newest already.
                NONE => {
                    self.links[code as usize].place = place;
                    return;
                }
                newer => self.links[newer as usize].older = older,
            }
            if older != NONE {
                self.links[older as usize].newer = newer;
            }
        }
        if self.newest != NONE {
            self.links[self.newest as usize].newer = code;
        }
        self.links[code as usize] = Link { newer: NONE, older: self.newest, place };
        self.newest = code;
    }

    /// The places at or after `start` at which codes occurred last, the newest first.
    fn latest(&self, start: usize) -> impl Iterator<Item = usize> {
        let mut code = self.newest;
        std::iter::from_fn(move || {
            let link = self.links.get(code as usize)?;
            code = link.older;
            (link.place as usize >= start).then_some(link.place as usize)
        })
    }
}
