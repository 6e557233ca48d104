//! Tiles in a store: reads the states that cover windows, and folds rows into them.
//!
//! Invariant: a read sees one commit (its snapshot). A tile below its level's retention is never
//! read, whether or not it has been deleted yet, so a result depends on what the store promises to
//! hold, not on when it was tidied. Deliberately absent: finalising, and which features a service
//! needs.

use super::batch::WriteBatch;
use super::contract::Snapshot;
use super::layout::{self, TilePrefix};
use crate::generations::SetNumber;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::{Merged, ViewGuests, ViewState};
use lockstep_core::key::EntityKey;
use lockstep_core::row::Rows;
use lockstep_core::tile::{Level, Retention, Segment};
use lockstep_core::time::Time;
use lockstep_core::view::{Boundary, FeatureView};
use lockstep_core::view_plan::ViewPlan;
use std::collections::{BTreeMap, HashMap};

/// How many tiles of each level some requests read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TileReads {
    /// By level, finest first.
    pub levels: [u64; Level::ALL.len()],
    /// Base tiles.
    pub base: u64,
}

impl TileReads {
    /// Counts one tile of a level.
    fn count(&mut self, level: Level) {
        self.levels[level as usize] += 1;
    }

    /// Adds one to each level that `other` read at all: the result counts requests that read a
    /// level.
    pub fn add_answer(&mut self, other: &TileReads) {
        for (sum, read) in self.levels.iter_mut().zip(other.levels) {
            *sum += u64::from(read > 0);
        }
        self.base += u64::from(other.base > 0);
    }
}

/// The slots to read of a view, for each span of its plan; an empty list skips the span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    slots: Vec<Vec<usize>>,
}

impl Wanted {
    /// The slots that `features` of `view` read. Fails if one of the features cannot be served from
    /// a store.
    pub fn new(view: &ViewPlan, features: &[usize]) -> Result<Wanted> {
        let plan = &view.fold;
        for &feature in features {
            let feature = &plan.features[feature];
            let served = |span: &usize| view.ladder.serves(plan.spans[*span]);
            if !feature.spans.iter().all(served) {
                return Err(not_online(view.declaration(), &feature.column.name));
            }
        }
        let slots = |span| plan.slots_over(span, features.iter().copied());
        Ok(Wanted { slots: (0..plan.spans.len()).map(slots).collect() })
    }
}

/// For each wanted span, merges the states of its tiles, for a request as of `as_of`. Fails if the
/// store no longer holds a boundary (S12); then `oldest` returns the oldest `as_of` that is
/// answerable for all views of the request.
pub fn read(
    (snapshot, set, view): (&dyn Snapshot, SetNumber, &ViewPlan),
    retention: &Retention,
    key: &EntityKey,
    wanted: &Wanted,
    as_of: Time,
    reads: &mut TileReads,
    oldest: &dyn Fn() -> Result<Time>,
) -> Result<Merged> {
    let mut merged = Merged::empty(&view.fold, as_of);
    let spans = view.fold.spans.iter().zip(&merged.intervals);
    let covers = wanted.slots.iter().zip(spans).map(|(slots, (span, interval))| {
        if slots.is_empty() { vec![] } else { view.ladder.cover(*span, *interval) }
    });
    let covers: Vec<Vec<Segment>> = covers.collect();
    for segment in covers.iter().flatten() {
        if !retention.holds(&view.ladder, segment) {
            return Err(unanswerable(view, segment, oldest()?));
        }
    }
    let prefix = TilePrefix::new(set, key);
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
                let tile = decode(view, Some(level), payload).ok_or_else(|| damaged(view, key))?;
                reads.count(level);
                for ((state, cover), slots) in
                    merged.states.iter_mut().zip(&covers).zip(&wanted.slots)
                {
                    if cover.iter().any(inside) {
                        view.fold.merge(state, &tile, slots);
                    }
                }
            }
            Ok(true)
        })?;
    }
    let open = |at: usize| merged.intervals[at].start == Time::MIN && !covers[at].is_empty();
    let open: Vec<usize> = (0..covers.len()).filter(|at| open(*at)).collect();
    if !open.is_empty()
        && let Some(payload) = snapshot.get(&prefix.base())?
    {
        let base = decode(view, None, &payload).ok_or_else(|| damaged(view, key))?;
        reads.base += 1;
        for at in open {
            view.fold.merge(&mut merged.states[at], &base, &wanted.slots[at]);
        }
    }
    Ok(merged)
}

/// Decodes the state of a tile of `level`, or of a base tile.
pub(super) fn decode(view: &ViewPlan, level: Option<Level>, payload: &[u8]) -> Option<ViewState> {
    view.fold.decode(payload, view.slots_at(level))
}

/// Encodes the state of a tile of `level`, or of a base tile.
pub(super) fn encode(view: &ViewPlan, level: Option<Level>, state: &ViewState) -> Vec<u8> {
    let mut payload = Vec::with_capacity(128);
    view.fold.encode(state, view.slots_at(level), &mut payload);
    payload
}

fn not_online(view: &FeatureView, feature: &str) -> Error {
    let FeatureView { name, exact_max_us, .. } = view;
    let feature = format!("{name}.{feature}");
    Error::input(format!(
        "feature {feature} reaches further back than the {exact_max_us} us up to which view {name} \
         keeps single events online; it is for training sets, or declare a larger exact_max"
    ))
    .with_code(Code::NotOnline { feature })
}

fn damaged(view: &ViewPlan, key: &EntityKey) -> Error {
    Error::restore(format!(
        "view {}: the stored state of key {key} does not decode; restore the store, or \
         backfill anew",
        view.declaration().name
    ))
}

/// The oldest `as_of` at which every window of `view` is answerable (S12).
pub fn oldest_answerable(view: &ViewPlan, retention: &Retention) -> Time {
    let declaration = view.declaration();
    let inclusive = i64::from(declaration.boundary == Boundary::Inclusive);
    retention.sealed.plus(declaration.delay_us).minus(inclusive)
}

fn unanswerable(view: &ViewPlan, segment: &Segment, oldest: Time) -> Error {
    let lost = match segment.start {
        Time::MIN => format!("the value of all events before {}", segment.end),
        start => format!("events exactly at {start}"),
    };
    Error::input(format!(
        "view {}: the store no longer holds {lost}; the oldest as_of that is answerable for every \
         window is {oldest}; ask later, or declare a longer history",
        view.declaration().name,
    ))
    .with_code(Code::NotAnswerable { oldest })
}

/// What is added to one key's tiles; a level of `None` is the base tile.
type KeyDeltas = BTreeMap<(Option<Level>, Time), ViewState>;

/// The states that a batch of rows adds, tile by tile.
#[derive(Debug, Default)]
pub struct Deltas {
    views: HashMap<usize, HashMap<EntityKey, KeyDeltas>>,
}

impl Deltas {
    /// Folds rows of `view`, whose index in the catalogue is `at`, into the tiles that `retention`
    /// keeps.
    pub fn fold(&mut self, at: usize, view: &ViewPlan, retention: &Retention, rows: &Rows) {
        let keys = self.views.entry(at).or_default();
        for row in 0..rows.len() {
            let time = Time::saturating(rows.event_time(row));
            let tiles = keys.entry(rows.key(row)).or_default();
            let mut add = |level: Option<Level>, start: Time| {
                let state = tiles.entry((level, start)).or_insert_with(|| view.fold.zero());
                view.fold.update(state, rows, row, view.slots_at(level));
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
    /// level's retention are deleted, or moved into the base tile if the view has one. `guests`
    /// merge the states of user-defined aggregates.
    pub fn write(
        self,
        snapshot: &dyn Snapshot,
        views: &[(SetNumber, &ViewPlan)],
        retentions: &[Retention],
        guests: &mut dyn ViewGuests,
        batch: &mut WriteBatch,
    ) -> Result<()> {
        for (at, keys) in self.views {
            let ((set, view), retention) = (views[at], &retentions[at]);
            let mut changed: Vec<(Vec<u8>, Option<Level>, ViewState)> = Vec::new();
            for (key, mut tiles) in keys {
                let prefix = TilePrefix::new(set, &key);
                tidy(snapshot, view, retention, &prefix, &key, &mut tiles, batch)?;
                for ((level, start), mut state) in tiles {
                    let name = match level {
                        Some(level) => prefix.tile(level, start),
                        None => prefix.base(),
                    };
                    if let Some(old) = snapshot.get(&name)? {
                        let old = decode(view, level, &old).ok_or_else(|| damaged(view, &key))?;
                        view.fold.merge(&mut state, &old, view.slots_at(level));
                    }
                    changed.push((name, level, state));
                }
            }
            let states = changed.iter_mut().map(|(_, _, state)| state);
            let settled = view.fold.settle(states, guests.of(at)?);
            settled.map_err(|error| error.of_view(&view.declaration().name))?;
            for (name, level, state) in changed {
                batch.put(name, encode(view, level, &state))?;
            }
        }
        Ok(())
    }
}

fn tidy(
    snapshot: &dyn Snapshot,
    view: &ViewPlan,
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
                Some(decode(view, Some(level), payload).ok_or_else(|| damaged(view, key))?)
            } else {
                None
            };
            old.push((name.to_vec(), state));
            Ok(true)
        })?;
        for (name, state) in old {
            if let Some(state) = state {
                let base = tiles.entry((None, Time::MIN)).or_insert_with(|| view.fold.zero());
                view.fold.merge(base, &state, view.slots_at(None));
            }
            batch.delete(name)?;
        }
    }
    Ok(())
}
