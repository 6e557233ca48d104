//! A joiner: one thread's own guests, and the answers that it computed by sweeping partitions.
//!
//! Invariant: the answers of everything it swept are in its own answers, in memory or on the disk,
//! so threads share only the memory budget. Deliberately absent: which partitions it sweeps.

use super::answers::{Answered, Answers};
use super::leaks::{Leaked, Leaks};
use super::stretches::Stretches;
use super::view::View;
use crate::catalog::Catalog;
use crate::guests::Guests;
use crate::service::Service;
use crate::shuffle::blocks::Blocks;
use crate::shuffle::room::Room;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::arrow_type;
use lockstep_core::fold::ViewGuests as _;

/// Sweeps partitions.
pub(super) struct Joiner<'a> {
    guests: Guests,
    views: &'a [View<'a>],
    /// For each view the blocks of all workers.
    rows: &'a [Vec<&'a Blocks>],
    room: &'a Room,
    /// Bytes that may be swept at once, if there is a limit.
    share: Option<usize>,
    found: Found,
}

/// What a joiner computed, for each view.
#[derive(Debug)]
pub(super) struct Found {
    answers: Vec<Answered>,
    /// With arrival times: the answers with all events known.
    leaks: Option<Leaks>,
    /// Partitions that were cut.
    cut: u64,
}

impl<'a> Joiner<'a> {
    /// One of `workers` joiners, for a spine of `rows` rows.
    pub(super) fn new(
        catalog: &'a Catalog,
        views: &'a [View<'a>],
        rows: &'a [Vec<&'a Blocks>],
        room: &'a Room,
        leaks: Option<Leaks>,
        (workers, spine_rows): (usize, usize),
    ) -> Result<Joiner<'a>> {
        let answers = views.iter().map(|view| {
            let plan = &view.loaded.plan.fold;
            let columns = view.features.iter().map(|feature| &plan.features[*feature].column);
            let types = columns.map(|c| (c.name.clone(), arrow_type(&c.data_type)));
            Answered::new(types, spine_rows)
        });
        let found = Found { answers: answers.collect(), leaks, cut: 0 };
        let share = room.sweep_bytes(workers);
        Ok(Joiner { guests: Guests::new(catalog)?, views, rows, room, share, found })
    }

    /// Sweeps a partition of a view.
    pub(super) fn sweep(&mut self, at: usize, partition: usize) -> Result<()> {
        let view = &self.views[at];
        let sweeps = (&view.sweep, view.cut.as_ref());
        let spine = view.spine.parts(partition).collect();
        let rows = self.rows[at].iter().flat_map(|blocks| blocks.parts(partition)).collect();
        let mut stretches = Stretches::of(&view.layout, sweeps, spine, rows, self.share);
        let sweep = match sweeps {
            (_, Some(cut)) if stretches.is_cut() => cut,
            (whole, _) => whole,
        };
        self.found.cut += u64::from(stretches.is_cut());
        while let Some(part) = stretches.next()? {
            let mut run = |arrived| {
                let (entities, as_of) = (&part.entities, &part.as_of);
                let named = |entity: usize| stretches.name(part.ids[entity]);
                let guest = self.guests.of(view.index)?;
                sweep.run(&part.rows, arrived, entities, as_of, guest, &named)
            };
            let name = &view.loaded.declaration().name;
            let mut run = |arrived| run(arrived).map_err(|error: Error| error.of_view(name));
            let columns = run(part.arrived.as_deref())?;
            if let Some(leaks) = &mut self.found.leaks {
                leaks.swept(at, &part.spine_rows, &columns, &run(None)?, self.room)?;
            }
            self.found.answers[at].push_within(self.room, part.spine_rows, columns)?;
        }
        Ok(())
    }

    /// Returns what it computed.
    pub(super) fn found(self) -> Found {
        self.found
    }
}

impl Found {
    /// Whether some answers are on the disk.
    fn is_spilled(&self) -> bool {
        self.answers.iter().any(Answered::is_spilled)
            || self.leaks.as_ref().is_some_and(Leaks::is_spilled)
    }
}

/// What all joiners computed.
#[derive(Debug)]
pub(super) struct AllFound {
    pub(super) answers: Vec<Answers>,
    pub(super) leaked: Option<Leaked>,
    pub(super) cut: u64,
}

impl AllFound {
    /// Combines what was computed, for a spine of `rows` rows. If some answers are on the disk, all
    /// are moved there.
    pub(super) fn of(
        found: Vec<Found>,
        catalog: &Catalog,
        service: &Service,
        room: &Room,
        spine_rows: usize,
    ) -> Result<AllFound> {
        let spill = room.spill.as_ref().filter(|_| found.iter().any(Found::is_spilled));
        let folder = spill.map(|spill| spill.folder.as_path());
        let (mut cut, mut leaks) = (0, Vec::new());
        let mut of_views: Vec<Vec<Answered>> = service.views.iter().map(|_| vec![]).collect();
        for found in found {
            cut += found.cut;
            of_views.iter_mut().zip(found.answers).for_each(|(all, one)| all.push(one));
            leaks.extend(found.leaks);
        }
        let answers = of_views.into_iter().map(|it| Answers::new(it, spine_rows, folder));
        let answers = answers.collect::<Result<_>>()?;
        let leaked = match leaks.is_empty() {
            true => None,
            false => Some(Leaked::new(catalog, service, leaks, spine_rows, folder)?),
        };
        Ok(AllFound { answers, leaked, cut })
    }
}
