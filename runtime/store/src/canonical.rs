//! The canonical export of what a store holds for some views: two stores are equal when their
//! exports are (S24).
//!
//! Stores with the same content may have different entries, for three reasons: a tile below its
//! level's retention is deleted only when its key is next written (a top-level tile below
//! `base_until` then joins the base tile); state sets are numbered in the order in which a store
//! met them; and rejected positions are grouped by commit. The export removes these differences: it
//! names views instead of sets, and [`Scope`] says what it includes. Deliberately absent: serving,
//! which never reads what the export leaves out; and generations that are not active.

use super::contract::{Snapshot, Store};
use super::export::{Builder, Exported, Receive};
use super::key::prefix_end;
use super::layout::{self, TileName};
use super::progress::{self, Progress};
use super::rejected::Rejected;
use super::set_progress::{self, RowsContent, set_position};
use super::tiles;
use crate::generations::SetNumber;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::{ViewGuests, ViewState};
use lockstep_core::generation::Sha;
use lockstep_core::tile::Retention;
use lockstep_core::view_plan::ViewPlan;
use std::collections::BTreeMap;

/// What of a store is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Tiles, generations, event ids and watermarks: everything that values depend on. Equal for
    /// any order in which the same events arrived.
    Values,
    /// In addition, positions, counts, rejected positions and events set aside. Equal for one log
    /// in one order, however it was cut into batches, redelivered or restarted.
    All,
}

/// A view that is exported.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The set that holds its states.
    pub set: SetNumber,
    /// Its generation.
    pub generation: Sha,
    /// How it is folded.
    pub plan: &'a ViewPlan,
}

/// Exports the newest state of `store` for these views; `guests` has the same indices as `views`.
///
/// # Errors
/// If the store is damaged, or `visit` fails.
pub fn export(
    store: &dyn Store,
    views: &[View<'_>],
    guests: &mut dyn ViewGuests,
    scope: Scope,
    visit: &mut Receive<'_>,
) -> Result<Exported> {
    let snapshot = store.read()?;
    let mut out = Out { builder: Builder::default(), guests, visit };
    let mut order: Vec<usize> = (0..views.len()).collect();
    order.sort_by_key(|at| &views[*at].plan.declaration().name);
    for at in order {
        out.view(&*snapshot, at, &views[at], scope)?;
    }
    let all = [b"i".as_slice(), b"msource "];
    for prefix in all {
        snapshot.scan(prefix, &prefix_end(prefix), &mut |key, value| {
            if prefix != b"i" && scope == Scope::Values {
                let progress: Progress =
                    serde_json::from_slice(value).map_err(|error| damaged().because(error))?;
                let watermark = Progress { watermark: progress.watermark, ..Progress::default() };
                out.add(key, &watermark.encode()?)?;
            } else {
                out.add(key, value)?;
            }
            Ok(true)
        })?;
    }
    if scope == Scope::All {
        out.rejected(&*snapshot)?;
        out.set_aside(&*snapshot, views)?;
    }
    Ok(out.builder.finish(snapshot.sequence()))
}

/// What happens to a tile in the export.
enum Place {
    Kept,
    Gone,
    Base,
}

fn place(name: &TileName, view: &ViewPlan, retention: &Retention) -> Place {
    let Some(level) = name.level else { return Place::Base };
    let at = view.ladder.levels().iter().position(|known| *known == level);
    match at {
        Some(at) if name.start >= retention.from[at] => Place::Kept,
        _ if view.ladder.has_base() && level == view.ladder.top() => Place::Base,
        _ => Place::Gone,
    }
}

/// The base tile of the key that is being read.
struct Base {
    key: Vec<u8>,
    state: ViewState,
}

struct Out<'a, 'b> {
    builder: Builder,
    guests: &'a mut dyn ViewGuests,
    visit: &'a mut Receive<'b>,
}

impl Out<'_, '_> {
    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.builder.add(key, value);
        (self.visit)(key, value)
    }

    /// Exports the tiles of a view, and its progress.
    fn view(
        &mut self,
        snapshot: &dyn Snapshot,
        at: usize,
        view: &View<'_>,
        scope: Scope,
    ) -> Result<()> {
        let (plan, declaration) = (view.plan, view.plan.declaration());
        let name = declaration.name.as_bytes();
        let source = &declaration.event.source;
        let watermark = progress::watermark(snapshot, source)?;
        let retention = set_progress::retention(snapshot, view.set, plan, watermark)?;
        self.add(&[b"generation ", name].concat(), view.generation.as_bytes())?;
        let prefix = layout::tiles_of(view.set);
        let named = |key: &[u8]| [b"tile ", name, b"\0", &key[prefix.len()..]].concat();
        let mut base: Option<Base> = None;
        snapshot.scan_prefix(&prefix, &mut |key, value| {
            let tile = layout::tile_name(key).ok_or_else(damaged)?;
            if base.as_ref().is_some_and(|base| base.key != tile.base()) {
                self.base(at, plan, base.take(), &named)?;
            }
            match place(&tile, plan, &retention) {
                Place::Kept => self.add(&named(key), value)?,
                Place::Gone => {}
                Place::Base => {
                    let state = tiles::decode(plan, tile.level, value).ok_or_else(damaged)?;
                    let base = base
                        .get_or_insert_with(|| Base { key: tile.base(), state: plan.fold.zero() });
                    plan.fold.merge(&mut base.state, &state, plan.slots_at(None));
                }
            }
            Ok(true)
        })?;
        self.base(at, plan, base, &named)?;
        if scope == Scope::All {
            for partition in progress::partitions(snapshot, source)?.keys() {
                let position = set_position(snapshot, view.set, partition)?;
                let content = RowsContent::read(snapshot, &view.generation, partition)?;
                let value = [&position.to_le_bytes()[..], &content.sum.to_le_bytes()].concat();
                self.add(&[b"set ", name, b"\0", partition.as_bytes()].concat(), &value)?;
            }
        }
        Ok(())
    }

    fn base(
        &mut self,
        at: usize,
        plan: &ViewPlan,
        base: Option<Base>,
        named: &dyn Fn(&[u8]) -> Vec<u8>,
    ) -> Result<()> {
        let Some(Base { key, mut state }) = base else { return Ok(()) };
        plan.fold.settle([&mut state], self.guests.of(at)?)?;
        self.add(&named(&key), &tiles::encode(plan, None, &state))
    }

    /// The rejected positions of each partition, joined from all commits.
    fn rejected(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        let mut partitions: Vec<(String, String)> = Vec::new();
        for source in progress::sources(snapshot)? {
            let names = progress::partitions(snapshot, &source)?.into_keys();
            partitions.extend(names.map(|partition| (source.clone(), partition)));
        }
        for (source, partition) in partitions {
            let rejected = Rejected::read(snapshot, &source, &partition)?;
            let key = layout::rejected(&source, &partition, None);
            let runs = rejected.runs().iter();
            let value: Vec<u8> =
                runs.flat_map(|run| [run.start, run.end]).flat_map(u64::to_be_bytes).collect();
            self.add(&key, &value)?;
        }
        Ok(())
    }

    /// The events that were set aside for their source or for one of the views, with the view's
    /// name.
    fn set_aside(&mut self, snapshot: &dyn Snapshot, views: &[View<'_>]) -> Result<()> {
        let mut records: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let (start, end) = layout::all_set_aside();
        snapshot.scan(&start, &end, &mut |key, value| {
            let (place, of) = layout::set_aside_place(key).ok_or_else(damaged)?;
            let known = |set| views.iter().any(|view| view.set == set);
            match of {
                None => records.insert(place.to_vec(), value.to_vec()),
                Some((set, view)) if known(set) => {
                    records.insert([place, view.as_bytes()].concat(), value.to_vec())
                }
                Some(_) => None,
            };
            Ok(true)
        })?;
        records.iter().try_for_each(|(key, value)| self.add(key, value))
    }
}

fn damaged() -> Error {
    Error::restore("the store holds something that no host writes; restore it, or fill a new one")
}
