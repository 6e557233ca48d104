//! Sample inputs for checking an aggregate.
//!
//! Invariant: the samples are the same each time, and begin with the extreme values of a type,
//! where mistakes are likely. Deliberately absent: inputs that are special for one aggregate, which
//! its author knows.

use super::random::Random;
use crate::batch::Batch;
use crate::column::{Full, Lists};
use crate::event_time::EventTime;
use crate::field::Scalar;
use crate::list::List;
use crate::output::{Element, Output};
use crate::writer::{batch_bytes, write_batch};

/// A type that has samples.
#[diagnostic::on_unimplemented(
    message = "there are no ready samples of `{Self}`",
    label = "write the inputs yourself",
    note = "there are samples of i64, f64, f32, bool, EventTime and &str; `list` makes a list"
)]
pub trait Sample: Sized {
    /// The extreme values of the type.
    fn edges() -> Vec<Self>;

    /// A value made from this random number.
    fn made(random: u64) -> Self;
}

/// `count` inputs: the extreme values of the type, then random ones.
pub fn samples<T: Sample>(count: usize) -> Vec<T> {
    let mut random = Random::new();
    let mut samples = T::edges();
    samples.truncate(count);
    samples.extend((samples.len()..count).map(|_| T::made(random.next())));
    samples
}

/// A list for use as an input.
pub fn list<T>(elements: &[T]) -> List<'static, T>
where
    T: Scalar<'static> + Element + Copy,
    Vec<T>: Output<Builder = Full<Lists<T::Values>>>,
{
    let mut column = Full::default();
    elements.to_vec().push(&mut column);
    let columns = (column, ());
    let mut bytes = vec![0; batch_bytes(&columns)];
    write_batch(&columns, 1, &mut bytes);
    // SAFETY: the texts were just written from Rust strings.
    let batch = unsafe { Batch::trusted(bytes.leak()) };
    List::new(&batch.columns().lists(T::LAYOUT, false), 0)
}

impl Sample for i64 {
    fn edges() -> Vec<i64> {
        vec![0, 1, -1, i64::MAX, i64::MIN, 2, 3, 10, 1 << 53, (1 << 53) + 1]
    }

    /// Of any magnitude: as many small ones as large ones.
    fn made(random: u64) -> i64 {
        (random as i64) >> (random % 64)
    }
}

impl Sample for f64 {
    fn edges() -> Vec<f64> {
        let (infinity, nan) = (f64::INFINITY, f64::NAN);
        vec![0.0, 1.0, -1.0, -0.0, 0.1, 1e300, -1e300, infinity, -infinity, nan, 5e-324, 0.3]
    }

    /// Half of them are typical measurements, half have random bits.
    fn made(random: u64) -> f64 {
        if random & 1 == 0 {
            (random % 100_000) as f64 / 100.0
        } else {
            f64::from_bits(random.rotate_left(17))
        }
    }
}

impl Sample for f32 {
    fn edges() -> Vec<f32> {
        f64::edges().into_iter().map(|edge| edge as f32).collect()
    }

    fn made(random: u64) -> f32 {
        f64::made(random) as f32
    }
}

impl Sample for bool {
    fn edges() -> Vec<bool> {
        vec![false, true]
    }

    fn made(random: u64) -> bool {
        random & 1 == 1
    }
}

impl Sample for EventTime {
    fn edges() -> Vec<EventTime> {
        [0, 1, -1, (1 << 62) - 1, -(1 << 62)].map(EventTime::from_micros).to_vec()
    }

    /// Within a few thousand years of 1970.
    fn made(random: u64) -> EventTime {
        EventTime::from_micros((random as i64) >> (8 + random % 48))
    }
}

impl Sample for &'static str {
    fn edges() -> Vec<&'static str> {
        vec!["", "a", "b", "ab", "A", "ä", "\0", " ", "a\nb", "\"", "語", "🙂"]
    }

    fn made(random: u64) -> &'static str {
        format!("{:x}", random >> (random % 64)).leak()
    }
}
