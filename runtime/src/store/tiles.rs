//! Tiles in a store: reading the states that cover windows, and folding rows into them.
//!
//! Invariant: a read sees one commit (its snapshot). A tile below its level's retention is never
//! read, whether or not it has been deleted yet, so an answer depends on what the store declares to
//! hold, not on when it tidied up. Deliberately absent: finalising, and what a service asks.

use super::layout::{self, TilePrefix};
use super::{Snapshot, WriteBatch};
use crate::catalog::CatalogView;
use crate::error::{Error, Result};
use crate::fold::ViewState;
use crate::key::EntityKey;
use crate::row::Rows;
use crate::tile::{Level, Retention, Segment};
use crate::time::{Interval, Time};
use crate::view::Boundary;
use std::collections::{BTreeMap, HashMap};

/// How many tiles of each level some answers read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TileReads {
    /// By level, finest first.
    pub levels: [u64; Level::ALL.len()],
    /// Base tiles.
    pub base: u64,
}

impl TileReads {
    /// Adds one read of a level's tile.
    fn count(&mut self, level: Level) {
        self.levels[level as usize] += 1;
    }

    /// Adds, for each level that `other` read at all, one: "so many answers read this level".
    pub fn add_answer(&mut self, other: &TileReads) {
        for (sum, read) in self.levels.iter_mut().zip(other.levels) {
            *sum += u64::from(read > 0);
        }
        self.base += u64::from(other.base > 0);
    }
}

/// Merges, for each interval, the states of its tiles. Fails with the view's oldest answerable
/// `as_of` if the store no longer holds a boundary (S12).
pub fn read(
    snapshot: &dyn Snapshot,
    view: &CatalogView,
    retention: &Retention,
    key: &EntityKey,
    intervals: &[Interval],
    reads: &mut TileReads,
) -> Result<Vec<ViewState>> {
    let oldest = || Ok(oldest_answerable(view, retention));
    read_among(snapshot, view, retention, key, intervals, reads, &oldest)
}

/// As [`read`], for one of several views that are asked together: `oldest` gives the oldest `as_of`
/// that is answerable for all of them.
pub fn read_among(
    snapshot: &dyn Snapshot,
    view: &CatalogView,
    retention: &Retention,
    key: &EntityKey,
    intervals: &[Interval],
    reads: &mut TileReads,
    oldest: &dyn Fn() -> Result<Time>,
) -> Result<Vec<ViewState>> {
    let covers: Vec<Vec<Segment>> = intervals.iter().map(|i| view.ladder.cover(*i)).collect();
    for segment in covers.iter().flatten() {
        if !retention.holds(&view.ladder, segment) {
            return Err(unanswerable(view, segment, oldest()?));
        }
    }
    let prefix = TilePrefix::new(&view.declaration().name, key);
    let mut states: Vec<ViewState> = intervals.iter().map(|_| view.plan.zero()).collect();
    for &level in view.ladder.levels() {
        let segments = covers.iter().flatten().filter(|segment| segment.level == level);
        let span = segments.fold(None, |span: Option<(Time, Time)>, segment| {
            let (start, end) = span.unwrap_or((segment.start, segment.end));
            Some((start.min(segment.start), end.max(segment.end)))
        });
        let Some((start, end)) = span else { continue };
        let (from, until) = (prefix.tile(level, start), prefix.tile(level, end));
        snapshot.scan(&from, &until, &mut |tile, payload| {
            let at = layout::tile_start(tile).ok_or_else(|| damaged(view, key))?;
            let inside = |s: &Segment| s.level == level && s.start <= at && at < s.end;
            if covers.iter().flatten().any(inside) {
                let tile = view.plan.decode(payload).ok_or_else(|| damaged(view, key))?;
                reads.count(level);
                for (state, cover) in states.iter_mut().zip(&covers) {
                    if cover.iter().any(inside) {
                        view.plan.merge(state, &tile);
                    }
                }
            }
            Ok(true)
        })?;
    }
    if intervals.iter().any(|interval| interval.start == Time::MIN)
        && let Some(payload) = snapshot.get(&prefix.base())?
    {
        let base = view.plan.decode(&payload).ok_or_else(|| damaged(view, key))?;
        reads.base += 1;
        for (state, interval) in states.iter_mut().zip(intervals) {
            if interval.start == Time::MIN {
                view.plan.merge(state, &base);
            }
        }
    }
    Ok(states)
}

fn damaged(view: &CatalogView, key: &EntityKey) -> Error {
    Error::restore(format!(
        "view {}: the stored state of key {key} does not decode; restore the store, or backfill anew",
        view.declaration().name
    ))
}

/// The oldest `as_of` at which every window of `view` is answerable (S12).
pub fn oldest_answerable(view: &CatalogView, retention: &Retention) -> Time {
    let declaration = view.declaration();
    let inclusive = i64::from(declaration.boundary == Boundary::Inclusive);
    retention.sealed().plus(declaration.delay_us).minus(inclusive)
}

fn unanswerable(view: &CatalogView, segment: &Segment, oldest: Time) -> Error {
    Error::input(format!(
        "view {}: the store no longer holds events exactly at {}; the oldest as_of that is answerable \
         for every window is {oldest}; ask later, or declare a longer history",
        view.declaration().name,
        segment.start
    ))
}

/// What one key's tiles gain; no level is the base tile.
type KeyDeltas = BTreeMap<(Option<Level>, Time), ViewState>;

/// The states that a batch of rows adds, tile by tile.
#[derive(Debug, Default)]
pub struct Deltas {
    views: HashMap<usize, HashMap<EntityKey, KeyDeltas>>,
}

impl Deltas {
    /// Folds rows of `view`, whose index in the catalogue is `at`, into the tiles that `retention`
    /// keeps.
    pub fn fold(&mut self, at: usize, view: &CatalogView, retention: &Retention, rows: &Rows) {
        let keys = self.views.entry(at).or_default();
        for row in 0..rows.len() {
            let time = Time::saturating(rows.event_time(row));
            let tiles = keys.entry(rows.key(row)).or_default();
            let mut add = |level: Option<Level>, start: Time| {
                let state = tiles.entry((level, start)).or_insert_with(|| view.plan.zero());
                view.plan.update(state, rows, row);
            };
            for (&level, &from) in view.ladder.levels().iter().zip(&retention.from) {
                let start = time.floor(level.size_us());
                if start >= from {
                    add(Some(level), start);
                }
            }
            if view.ladder.has_base() && time < retention.base_until {
                add(None, Time::MIN);
            }
        }
    }

    /// Merges the deltas with what `snapshot` holds, and tidies the touched keys: tiles below their
    /// level's retention go, into the base tile where the view has one.
    pub fn write(
        self,
        snapshot: &dyn Snapshot,
        views: &[CatalogView],
        retentions: &[Retention],
        batch: &mut WriteBatch,
    ) -> Result<()> {
        for (at, keys) in self.views {
            let (view, retention) = (&views[at], &retentions[at]);
            for (key, mut tiles) in keys {
                let prefix = TilePrefix::new(&view.declaration().name, &key);
                tidy(snapshot, view, retention, &prefix, &key, &mut tiles, batch)?;
                for ((level, start), mut state) in tiles {
                    let name = match level {
                        Some(level) => prefix.tile(level, start),
                        None => prefix.base(),
                    };
                    if let Some(old) = snapshot.get(&name)? {
                        let old = view.plan.decode(&old).ok_or_else(|| damaged(view, &key))?;
                        view.plan.merge(&mut state, &old);
                    }
                    let mut payload = Vec::with_capacity(128);
                    view.plan.encode(&state, &mut payload);
                    batch.put(name, payload)?;
                }
            }
        }
        Ok(())
    }
}

fn tidy(
    snapshot: &dyn Snapshot,
    view: &CatalogView,
    retention: &Retention,
    prefix: &TilePrefix,
    key: &EntityKey,
    tiles: &mut KeyDeltas,
    batch: &mut WriteBatch,
) -> Result<()> {
    let fold_into_base = |level: Level| view.ladder.has_base() && level == view.ladder.top();
    for (&level, &from) in view.ladder.levels().iter().zip(&retention.from) {
        let (start, end) = (prefix.tile(level, Time::MIN), prefix.tile(level, from));
        let mut old: Vec<(Vec<u8>, Option<ViewState>)> = Vec::new();
        snapshot.scan(&start, &end, &mut |name, payload| {
            let state = if fold_into_base(level) {
                Some(view.plan.decode(payload).ok_or_else(|| damaged(view, key))?)
            } else {
                None
            };
            old.push((name.to_vec(), state));
            Ok(true)
        })?;
        for (name, state) in old {
            if let Some(state) = state {
                let base = tiles.entry((None, Time::MIN)).or_insert_with(|| view.plan.zero());
                view.plan.merge(base, &state);
            }
            batch.delete(name)?;
        }
    }
    Ok(())
}
