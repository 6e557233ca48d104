//! The canonical export of a store that hosts filled: stores are equal when their exports are
//! (S24).
//!
//! Hosts tidy lazily: a tile below its level's retention goes when its key is next written, and a
//! top tile below `base_until` joins the base tile then. So two stores that hold the same may lie
//! differently. The export settles both at once, as if each key had just been written. Invariant:
//! it depends on the admitted events and the watermark alone. Deliberately absent: answering, which
//! never reads what this leaves out.

use super::contract::Store;
use super::export::{Builder, Exported, Receive};
use super::key::KEY_END;
use super::layout::{self, TileName};
use super::progress::{self, Progress};
use super::tiles;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::{ViewGuests, ViewState};
use lockstep_core::tile::Retention;
use lockstep_core::view_plan::ViewPlan;
use std::collections::BTreeMap;

/// What of a store is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Tiles, event ids, watermarks and the identity: what values depend on. Equal for any order in
    /// which the same events arrived.
    Values,
    /// Positions, counts and what was set aside as well. Equal for one log in one order, however it
    /// was cut into batches, redelivered and restarted.
    All,
}

/// Exports the newest state of `store`, whose views have these `plans`, in key order.
pub fn export(
    store: &dyn Store,
    plans: &[&ViewPlan],
    guests: &mut dyn ViewGuests,
    scope: Scope,
    visit: &mut Receive<'_>,
) -> Result<Exported> {
    let snapshot = store.read()?;
    let mut views = BTreeMap::new();
    for (at, &view) in plans.iter().enumerate() {
        let watermark = progress::watermark(&*snapshot, &view.declaration().event.source)?;
        let retention = view.ladder.retention(watermark);
        views.insert(view.declaration().name.as_str(), (at, view, retention));
    }
    let mut out = Out { builder: Builder::default(), guests, visit };
    let mut base: Option<Base<'_>> = None;
    let progress_keys = layout::source("", "");
    let progress_keys = &progress_keys[..progress_keys.len() - 1];
    snapshot.scan(b"", KEY_END, &mut |key, value| {
        if key.first() == Some(&b't') {
            let name = layout::tile_name(key).ok_or_else(damaged)?;
            if base.as_ref().is_some_and(|base| base.key != name.base()) {
                out.base(base.take())?;
            }
            let (at, view, retention) =
                views.get(name.view.as_str()).ok_or_else(|| foreign(&name))?;
            match place(&name, view, retention) {
                Place::Kept => out.add(key, value)?,
                Place::Gone => {}
                Place::Base => {
                    let state = tiles::decode(view, name.level, value).ok_or_else(damaged)?;
                    let base = base.get_or_insert_with(|| Base {
                        at: *at,
                        view,
                        key: name.base(),
                        state: view.fold.zero(),
                    });
                    view.fold.merge(&mut base.state, &state, view.slots_at(None));
                }
            }
            return Ok(true);
        }
        out.base(base.take())?;
        let aside = key.first() == Some(&b'a');
        match scope {
            Scope::Values if aside => {}
            Scope::Values if key.starts_with(progress_keys) => {
                let progress: Progress =
                    serde_json::from_slice(value).map_err(|error| damaged().because(error))?;
                let watermark = Progress { watermark: progress.watermark, ..Progress::default() };
                out.add(key, &watermark.encode()?)?;
            }
            _ => out.add(key, value)?,
        }
        Ok(true)
    })?;
    out.base(base.take())?;
    Ok(out.builder.finish(snapshot.sequence()))
}

/// What becomes of a tile.
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
struct Base<'a> {
    /// The view's index.
    at: usize,
    view: &'a ViewPlan,
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

    fn base(&mut self, base: Option<Base<'_>>) -> Result<()> {
        let Some(Base { at, view, key, mut state }) = base else { return Ok(()) };
        view.fold.settle([&mut state], self.guests.of(at)?)?;
        self.add(&key, &tiles::encode(view, None, &state))
    }
}

fn damaged() -> Error {
    Error::restore("the store holds something that no host writes; restore it, or backfill anew")
}

fn foreign(name: &TileName) -> Error {
    Error::input(format!(
        "the store holds view {:?}, which no loaded artifact declares; use the artifacts that \
         filled it",
        name.view
    ))
}
