//! Sample inputs for checking an aggregate.
//!
//! Invariant: the samples are the same each time, and begin with the extreme values of a type,
//! where mistakes are likely. Deliberately absent: inputs that are special for one aggregate, which
//! its author knows.

use super::random::Random;
use crate::batch::Batch;
use crate::column::{Full, Lists};
use crate::date::Date;
use crate::decimal::Decimal;
use crate::event_time::EventTime;
use crate::field::Scalar;
use crate::list::List;
use crate::output::{Element, Output};
use crate::writer::{batch_bytes, write_batch};

/// A type that has samples.
#[diagnostic::on_unimplemented(
    message = "there are no ready samples of `{Self}`",
    label = "write the inputs yourself",
    note = "there are samples of every type of a column but lists; `list` makes a list"
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

macro_rules! narrow {
    ($($type:ident),*) => {$(
        impl Sample for $type {
            fn edges() -> Vec<$type> {
                vec![0, 1, $type::MAX, $type::MIN, $type::MAX - 1, $type::MIN + 1, 2, 3, 10]
            }

            /// Of any magnitude: as many small ones as large ones.
            fn made(random: u64) -> $type {
                let bits = $type::BITS as u64;
                (random >> (64 - bits)) as $type >> (random % bits)
            }
        }
    )*};
}

narrow!(i8, i16, i32, u8, u16, u32, u64);

impl<const P: u8, const S: u8> Sample for Decimal<P, S> {
    fn edges() -> Vec<Decimal<P, S>> {
        let near = [1, -1, 10, -10].into_iter().filter_map(Decimal::new);
        [Decimal::ZERO, Decimal::MAX, Decimal::MIN].into_iter().chain(near).collect()
    }

    /// Of any magnitude up to 64 bits.
    fn made(random: u64) -> Decimal<P, S> {
        let unscaled = i128::from(i64::made(random));
        Decimal::new(unscaled % (Decimal::<P, S>::MAX.unscaled() + 1)).unwrap_or(Decimal::ZERO)
    }
}

impl Sample for Date {
    fn edges() -> Vec<Date> {
        [0, 1, -1, 19_782, i32::MAX, i32::MIN].map(Date::from_days).to_vec()
    }

    /// Of any distance from 1970.
    fn made(random: u64) -> Date {
        Date::from_days(i32::made(random))
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

impl Sample for &'static [u8] {
    fn edges() -> Vec<&'static [u8]> {
        vec![b"", b"\0", b"\xff", b"a", b"ab", b"\0\0", b"\xc3", b"\xff\xfe\xfd"]
    }

    /// Up to eight bytes.
    fn made(random: u64) -> &'static [u8] {
        let bytes = random.to_le_bytes();
        bytes[..(random % 9) as usize].to_vec().leak()
    }
}
