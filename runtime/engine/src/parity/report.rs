//! The report of a parity run.
//!
//! Invariant: a feature counts as proved only if all its values are identical and at least one is
//! not null; a run counts as proved only if, in addition, every level of the ladder was read.
//! Deliberately absent: printing.

use super::conflicts::Conflict;
use super::question::place;
use crate::catalog::Catalog;
use crate::online::request::Requests;
use crate::service::Service;
use crate::training::Trained;
use crate::vector::FeatureVector;
use lockstep_core::error::{Error, Result};
use lockstep_core::json;
use lockstep_core::row::TypedColumn;
use lockstep_core::tile::Level;
use lockstep_core::value::Value;
use lockstep_store::tiles::TileReads;
use serde::Serialize;
use std::collections::HashSet;

/// The outcome of a parity run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Values compared: spine rows times features.
    pub compared: u64,
    /// Of those, how many had identical bytes.
    pub identical: u64,
    /// Spine rows.
    pub rows: u64,
    /// Each feature.
    pub features: Vec<FeatureReport>,
    /// For each ladder level in use, how many spine rows read a tile of it.
    pub levels: Vec<(String, u64)>,
    /// The artifacts' digests, joined by spaces.
    pub digest: String,
    /// Events that the batch host set aside.
    pub set_aside: u64,
    /// The event time within which the replay shuffled events, in microseconds.
    pub disorder_us: i64,
    /// Second copies of events that the replay delivered.
    pub copies: u64,
    /// The sources without event ids: the replay makes no copies of their events, because each copy
    /// would count as an event (S10).
    pub without_ids: Vec<String>,
    /// Events with the id of an earlier one and another content. Which of them counts depends on
    /// their order, so they are to be mended before values are compared.
    pub conflicts: Vec<Conflict>,
}

/// What the replay did.
pub(super) struct Replayed {
    pub(super) disorder_us: i64,
    pub(super) copies: u64,
    pub(super) without_ids: Vec<String>,
    pub(super) conflicts: Vec<Conflict>,
}

/// The outcome for one feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeatureReport {
    /// `view.feature`.
    pub name: String,
    /// Values compared.
    pub compared: u64,
    /// Of those, how many had identical bytes.
    pub identical: u64,
    /// Values that are not null.
    pub non_null: u64,
    /// Distinct values.
    pub distinct: u64,
    /// The first difference, in the order in which the spine rows were computed.
    pub first_difference: Option<Difference>,
}

/// Two values that should be equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The row in the spine, from 0.
    pub row: usize,
    /// The request: `name=value`.
    pub request: Vec<String>,
    /// The row's time.
    pub as_of: String,
    /// The batch host's value.
    #[serde(serialize_with = "json::serialize")]
    pub batch: Value,
    /// The online host's value.
    #[serde(serialize_with = "json::serialize")]
    pub online: Value,
}

impl Report {
    /// Whether every compared value was identical and each feature had a value.
    pub fn holds(&self) -> bool {
        self.compared > 0 && self.features.iter().all(FeatureReport::holds)
    }

    /// The ladder levels that were not read.
    pub fn unread_levels(&self) -> Vec<&str> {
        let unread = self.levels.iter().filter(|(_, answers)| *answers == 0);
        unread.map(|(level, _)| level.as_str()).collect()
    }
}

impl FeatureReport {
    /// Whether all values were identical and at least one was not null.
    pub fn holds(&self) -> bool {
        self.identical == self.compared && self.non_null > 0
    }
}

/// A comparison in progress.
pub(super) struct Comparison {
    names: Vec<String>,
    batch: Vec<TypedColumn>,
    identical: Vec<u64>,
    non_null: Vec<u64>,
    distinct: Vec<HashSet<u128>>,
    differences: Vec<Option<(usize, Value, Value)>>,
    reads: TileReads,
    rows: u64,
    digest: String,
    set_aside: u64,
}

impl Comparison {
    pub(super) fn new(catalog: &Catalog, service: &Service, trained: &Trained) -> Result<Self> {
        let names: Vec<String> = service.outputs.iter().map(|column| column.name.clone()).collect();
        let column = |name: &String| match trained.records.column_by_name(name) {
            Some(array) => TypedColumn::new(array),
            None => Err(Error::bug(format!("the training set lacks {name}"))),
        };
        let digests = catalog.artifacts().iter().map(|(_, artifact)| artifact.digest());
        Ok(Comparison {
            batch: names.iter().map(column).collect::<Result<_>>()?,
            identical: vec![0; names.len()],
            non_null: vec![0; names.len()],
            distinct: vec![HashSet::new(); names.len()],
            differences: vec![None; names.len()],
            reads: TileReads::default(),
            rows: 0,
            digest: digests.collect::<Vec<_>>().join(" "),
            set_aside: trained.set_aside.len() as u64,
            names,
        })
    }

    /// Compares the online host's vector for spine row `row`.
    pub(super) fn answer(&mut self, row: usize, vector: &FeatureVector, reads: &TileReads) {
        self.rows += 1;
        self.reads.add_answer(reads);
        for (at, online) in vector.values.iter().enumerate() {
            let batch = self.batch[at].value(row);
            let bytes = batch.encoded();
            self.distinct[at].insert(xxhash_rust::xxh3::xxh3_128(&bytes));
            self.non_null[at] += u64::from(!batch.is_null());
            if bytes == online.encoded() {
                self.identical[at] += 1;
            } else if self.differences[at].is_none() {
                self.differences[at] = Some((row, batch, online.clone()));
            }
        }
    }

    pub(super) fn finish(
        self,
        requests: &Requests,
        service: &Service,
        (levels, base): (Vec<Level>, bool),
        replayed: Replayed,
    ) -> Report {
        let features: Vec<FeatureReport> = (0..self.names.len())
            .map(|at| FeatureReport {
                name: self.names[at].clone(),
                compared: self.rows,
                identical: self.identical[at],
                non_null: self.non_null[at],
                distinct: self.distinct[at].len() as u64,
                first_difference: self.differences[at].as_ref().map(|(row, batch, online)| {
                    let (request, as_of) = place(requests, service, *row);
                    Difference {
                        row: *row,
                        request,
                        as_of: as_of.to_string(),
                        batch: batch.clone(),
                        online: online.clone(),
                    }
                }),
            })
            .collect();
        let counted = levels
            .into_iter()
            .map(|level| (level.name().to_string(), self.reads.levels[level as usize]));
        let mut levels: Vec<(String, u64)> = counted.collect();
        if base {
            levels.push(("base".to_string(), self.reads.base));
        }
        Report {
            compared: self.rows * self.names.len() as u64,
            identical: self.identical.iter().sum(),
            rows: self.rows,
            features,
            levels,
            digest: self.digest,
            set_aside: self.set_aside,
            disorder_us: replayed.disorder_us,
            copies: replayed.copies,
            without_ids: replayed.without_ids,
            conflicts: replayed.conflicts,
        }
    }
}
