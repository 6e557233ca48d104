//! A log of purchases by a million users, a few of whom buy most: any number of rows from a seed.
//!
//! User 0 has a tenth of all rows. Of the rest, the user of rank `r` has a share in proportion to
//! `1 / r` (Zipf's law with exponent 1), and ranks are spread over the users' numbers. Times ascend
//! through one year, in milliseconds, with ties in large logs; amounts have two decimals.
//! Invariant: the rows are a function of their number and the seed alone, by integer arithmetic, so
//! that every platform makes the same; memory does not grow with the rows. Deliberately absent:
//! disorder, nulls and copies, which the tests of the hosts make.

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use lockstep_core::{Error, Result};
use lockstep_source::TrainingWriter;
use std::path::Path;
use std::sync::Arc;

/// How many users there are.
pub const USERS: u64 = 1_000_000;
/// One in so many rows is of user 0.
pub const HOT_ONE_IN: u64 = 10;
/// The first moment: 2025-01-01.
pub const START_US: i64 = 1_735_689_600_000_000;
/// The length of the log.
pub const YEAR_US: i64 = 365 * 86_400_000_000;
/// Times are multiples of this.
const STEP_US: i64 = 1_000;
/// Spreads ranks over numbers: a prime, so no factor of the number of ranks.
const SPREAD: u64 = 15_485_863;
/// Rows made and written at once.
const BATCH_ROWS: u64 = 65_536;

/// Makes the rows.
#[derive(Debug)]
pub struct Purchases {
    rows: u64,
    seed: u64,
    /// The sums of the weights of ranks up to each.
    weights: Vec<u64>,
}

impl Purchases {
    /// A log of so many rows.
    pub fn new(rows: u64, seed: u64) -> Purchases {
        let mut sum = 0;
        // Far below overflow: the sum is some 15 times the first.
        let weight = |rank: u64| (1 << 48) / rank;
        let weights = (1..USERS).map(|rank| {
            sum += weight(rank);
            sum
        });
        Purchases { rows, seed, weights: weights.collect() }
    }

    /// The columns.
    pub fn schema() -> SchemaRef {
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        Arc::new(Schema::new(vec![
            Field::new("user", DataType::Utf8, false),
            Field::new("bought_at", time, false),
            Field::new("amount", DataType::Float64, false),
        ]))
    }

    /// The number of the user of row `row`.
    pub fn user(&self, row: u64) -> u64 {
        if self.random(row, 0).is_multiple_of(HOT_ONE_IN) {
            return 0;
        }
        let total = *self.weights.last().expect("there are users");
        let drawn = below(self.random(row, 1), total);
        let rank = self.weights.partition_point(|&sum| sum <= drawn) as u64;
        1 + rank * SPREAD % (USERS - 1)
    }

    /// The time of row `row`: a random moment of its share of the year.
    pub fn bought_at(&self, row: u64) -> i64 {
        let share = (u128::from(row) << 64) + u128::from(self.random(row, 2));
        let passed_us = (share / u128::from(self.rows) * YEAR_US as u128) >> 64;
        START_US + passed_us as i64 / STEP_US * STEP_US
    }

    /// The amount of row `row`.
    pub fn amount(&self, row: u64) -> f64 {
        below(self.random(row, 3), 100_000) as f64 / 100.0
    }

    /// Rows `from..to` as a batch.
    pub fn batch(&self, from: u64, to: u64) -> Result<RecordBatch> {
        let users = (from..to).map(|row| format!("u{:06}", self.user(row)));
        let times = (from..to).map(|row| self.bought_at(row));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(users)),
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
            Arc::new(Float64Array::from_iter_values((from..to).map(|row| self.amount(row)))),
        ];
        RecordBatch::try_new(Purchases::schema(), columns)
            .map_err(|error| Error::bug("the columns are not the schema's").because(error))
    }

    /// Writes all rows to a file.
    pub fn write(&self, file: &Path) -> Result<()> {
        let mut writer = TrainingWriter::create(file, Purchases::schema(), vec![])?;
        for from in (0..self.rows).step_by(BATCH_ROWS as usize) {
            writer.write(&self.batch(from, (from + BATCH_ROWS).min(self.rows))?)?;
        }
        writer.finish().map(drop)
    }

    /// The random bits of one use in one row: SplitMix64's finaliser of their number.
    fn random(&self, row: u64, use_: u64) -> u64 {
        let at = (row * 4 + use_).wrapping_add(self.seed.wrapping_mul(0xd134_2543_de82_ef95));
        let mut bits = at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

/// Random bits as a number below `limit`.
fn below(bits: u64, limit: u64) -> u64 {
    ((u128::from(bits) * u128::from(limit)) >> 64) as u64
}
