//! Types and values as integers of 128 bits, or as bytes, with sums and means of their own.
//!
//! Invariant: a number is unscaled, and arithmetic is that of `i128` and of the standard library's
//! parser. Deliberately absent: windows, which are in `definition.rs`.

use arrow::array::{
    Array, ArrayRef, BinaryArray, Date32Array, Decimal128Array, Int8Array, Int16Array, Int32Array,
    ListArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::Field;
use lockstep_core::value::{Decimal, Value};
use lockstep_engine::parity::replay::Random;
use std::sync::Arc;

/// A type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Signed(u32),
    Unsigned(u32),
    /// Precision and scale.
    Decimal(u8, u8),
    Day,
    Octets,
}

pub(super) use Kind::{Day, Octets, Signed, Unsigned};

/// The columns of an event, in the order of its struct.
pub(super) const COLUMNS: [(&str, Kind); 11] = [
    ("int8", Signed(8)),
    ("int16", Signed(16)),
    ("int32", Signed(32)),
    ("uint8", Unsigned(8)),
    ("uint16", Unsigned(16)),
    ("uint32", Unsigned(32)),
    ("uint64", Unsigned(64)),
    ("price", Kind::Decimal(12, 2)),
    ("whole", Kind::Decimal(38, 0)),
    ("day", Day),
    ("octets", Octets),
];
/// The columns that can be summed come first.
pub(super) const NUMBERS: usize = 9;
/// Where some columns are.
pub(super) const PRICE: usize = 7;
pub(super) const WHOLE: usize = 8;
pub(super) const DAY_COLUMN: usize = 9;
pub(super) const OCTETS: usize = 10;

/// A value that is not null.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    Number(i128),
    Octets(Vec<u8>),
}

pub(super) use Cell::Number;

pub(super) type List = Vec<Option<Cell>>;

impl Kind {
    /// The least and the greatest number.
    pub(super) fn ends(self) -> (i128, i128) {
        match self {
            Signed(bits) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
            Unsigned(bits) => (0, (1 << bits) - 1),
            Kind::Decimal(precision, _) => {
                let most = 10_i128.pow(precision.into()) - 1;
                (-most, most)
            }
            Day | Octets => (i32::MIN.into(), i32::MAX.into()),
        }
    }

    /// Digits behind the point.
    pub(super) fn scale(self) -> u8 {
        if let Kind::Decimal(_, scale) = self { scale } else { 0 }
    }

    /// A value: an edge, or one of few, so that values repeat.
    pub(super) fn cell(self, random: &mut Random) -> Cell {
        let (least, most) = self.ends();
        let few = random.below(6) as i128;
        match (self, random.below(4)) {
            (Octets, 0) => Cell::Octets(vec![0xff; few as usize]),
            (Octets, 1) => Cell::Octets(vec![0xc3, few as u8]),
            (Octets, _) => Cell::Octets(vec![0, few as u8]),
            (_, 0) => Number([least, most, least + 1, most - 1, 0, 0][few as usize]),
            (_, 1) => Number((few - 3).max(least)),
            _ => Number(few * 17),
        }
    }

    /// The value as a host has it.
    pub(super) fn value(self, cell: &Cell) -> Value {
        match (self, cell) {
            (Signed(_), Number(number)) => Value::Int64((*number).try_into().unwrap()),
            (Unsigned(_), Number(number)) => Value::UInt64((*number).try_into().unwrap()),
            (Kind::Decimal(_, scale), Number(unscaled)) => {
                Value::Decimal(Box::new(Decimal { unscaled: *unscaled, scale }))
            }
            (Day, Number(days)) => Value::Date((*days).try_into().unwrap()),
            (Octets, Cell::Octets(octets)) => Value::Bytes(octets.clone().into()),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn optional(self, cell: Option<&Cell>) -> Value {
        cell.map_or(Value::Null, |cell| self.value(cell))
    }

    pub(super) fn list<'c>(self, cells: impl IntoIterator<Item = Option<&'c Cell>>) -> Value {
        Value::List(cells.into_iter().map(|cell| self.optional(cell)).collect())
    }

    /// The sum of numbers; null beyond the type of sums.
    pub(super) fn sum(self, cells: &[&Cell]) -> Value {
        let half = 10_i128.pow(19);
        let numbers = || cells.iter().map(|cell| number(cell));
        let high: i128 = numbers().map(|number| number.div_euclid(half)).sum();
        let low: i128 = numbers().map(|number| number.rem_euclid(half)).sum();
        let sum = high.checked_mul(half).and_then(|high| high.checked_add(low));
        let (least, most) = match self {
            Signed(_) => Signed(64).ends(),
            Unsigned(_) => Unsigned(64).ends(),
            Kind::Decimal(_, scale) => Kind::Decimal(38, scale).ends(),
            other => panic!("{other:?}"),
        };
        let sum = sum.filter(|sum| !cells.is_empty() && (least..=most).contains(sum));
        sum.map_or(Value::Null, |sum| self.value(&Number(sum)))
    }

    /// The mean of numbers; `None` if their sum is too large for this file's arithmetic.
    pub(super) fn mean(self, cells: &[&Cell]) -> Option<Value> {
        let sum = cells.iter().try_fold(0_i128, |sum, cell| sum.checked_add(number(cell)))?;
        Some(match cells.len() as i128 {
            0 => Value::Null,
            count => Value::Float64(quotient(sum, count * 10_i128.pow(self.scale().into()))),
        })
    }

    /// The Arrow array of these rows.
    pub(super) fn array(self, rows: &[Option<Cell>]) -> ArrayRef {
        macro_rules! numbers {
            ($array:ty) => {{
                let rows =
                    rows.iter().map(|row| row.as_ref().map(|n| number(n).try_into().unwrap()));
                rows.collect::<$array>()
            }};
        }
        match self {
            Signed(8) => Arc::new(numbers!(Int8Array)),
            Signed(16) => Arc::new(numbers!(Int16Array)),
            Signed(_) => Arc::new(numbers!(Int32Array)),
            Unsigned(8) => Arc::new(numbers!(UInt8Array)),
            Unsigned(16) => Arc::new(numbers!(UInt16Array)),
            Unsigned(32) => Arc::new(numbers!(UInt32Array)),
            Unsigned(_) => Arc::new(numbers!(UInt64Array)),
            Kind::Decimal(precision, scale) => {
                let rows = rows.iter().map(|row| row.as_ref().map(number));
                let array = rows.collect::<Decimal128Array>();
                Arc::new(array.with_precision_and_scale(precision, scale as i8).unwrap())
            }
            Day => Arc::new(numbers!(Date32Array)),
            Octets => {
                Arc::new(rows.iter().map(|row| row.as_ref().map(octets)).collect::<BinaryArray>())
            }
        }
    }

    /// The Arrow array of these lists.
    pub(super) fn lists(self, rows: &[Option<List>]) -> ArrayRef {
        let elements: List = rows.iter().flatten().flatten().cloned().collect();
        let elements = self.array(&elements);
        let lengths = rows.iter().map(|row| row.as_ref().map_or(0, Vec::len));
        let field = Arc::new(Field::new_list_field(elements.data_type().clone(), true));
        let nulls: NullBuffer = rows.iter().map(Option::is_some).collect();
        let offsets = OffsetBuffer::from_lengths(lengths);
        Arc::new(ListArray::new(field, offsets, elements, Some(nulls)))
    }
}

pub(super) fn number(cell: &Cell) -> i128 {
    match cell {
        Number(number) => *number,
        other => panic!("{other:?}"),
    }
}

pub(super) fn octets(cell: &Cell) -> &[u8] {
    match cell {
        Cell::Octets(octets) => octets,
        other => panic!("{other:?}"),
    }
}

/// The double nearest to a quotient: the standard library rounds a text once, and so many digits of
/// it, with a mark of what is cut off, lie on the same side of any tie.
pub(super) fn quotient(dividend: i128, divisor: i128) -> f64 {
    let divisor = divisor.unsigned_abs();
    let sign = if dividend < 0 { "-" } else { "" };
    let mut text = format!("{sign}{}.", dividend.unsigned_abs() / divisor);
    let mut rest = dividend.unsigned_abs() % divisor;
    for _ in 0..150 {
        text.push(char::from_digit((rest * 10 / divisor) as u32, 10).unwrap());
        rest = rest * 10 % divisor;
    }
    text.push(if rest > 0 { '1' } else { '0' });
    let value: f64 = text.parse().unwrap();
    if value == 0.0 { 0.0 } else { value }
}
