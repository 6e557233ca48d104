//! Value tables: distinct values, each with a payload, limited in number; [`super::distinct`] and
//! [`super::histogram`] share them.
//!
//! Laws: a [`Bounded`] is a map from value to payload, or, once it has held more than `limit`
//! values, the overflow state, which absorbs everything and holds nothing (S18). If the payloads
//! are a commutative monoid with zero bytes as zero, so are the maps. State: one buffer of records
//! (payload, length, canonical encoding). A short buffer is scanned; a longer one has a hash index,
//! which never affects the bytes. Colliding values cost at most `limit` steps per update. Bytes: 0
//! for overflow, otherwise the number of values plus one, then for each in value order its payload,
//! its length and its encoding. The limit is an argument of every function that needs it.
//! Deliberately absent: nulls.

use super::bytes::{put_unsigned, unsigned};
use super::encoded::{put_value, take_value};
use xxhash_rust::xxh3::xxh3_64;

/// Up to this many records are scanned without an index.
const SCANNED_MAX: u32 = 8;
/// An index slot is 0 if empty; otherwise it holds a tag of the hash's highest bits and, below it,
/// the record's offset + 1.
const OFFSET_BITS: u32 = 48;

/// Records of distinct values, each with `P` bytes.
#[derive(Clone, Debug)]
pub struct ValueTable<const P: usize> {
    records: Vec<u8>,
    index: Box<[u64]>,
    len: u32,
}

/// A record: where it begins, and its encoding.
struct Record<'a> {
    encoded: &'a [u8],
    end: usize,
}

impl<const P: usize> ValueTable<P> {
    fn new() -> ValueTable<P> {
        ValueTable { records: Vec::new(), index: Box::default(), len: 0 }
    }

    /// The record at `offset`.
    #[inline]
    fn record(&self, offset: usize) -> Record<'_> {
        let rest = &self.records[offset + P..];
        let (length, head) = match rest[0] {
            short @ 0..0x80 => (usize::from(short), 1),
            _ => {
                let mut after = rest;
                let length = unsigned(&mut after).expect("the table wrote it") as usize;
                (length, rest.len() - after.len())
            }
        };
        let encoded = &rest[head..head + length];
        Record { encoded, end: offset + P + head + length }
    }

    /// Appends a record with a payload of zeros; returns its offset.
    fn push(&mut self, encoded: &[u8]) -> usize {
        let offset = self.records.len();
        if offset == 0 {
            // Most tables in a large store hold one short value.
            self.records.reserve_exact(P + 1 + encoded.len());
        }
        self.records.extend([0; P]);
        put_value(encoded, &mut self.records);
        self.len += 1;
        offset
    }

    /// The offset of the record of a value, which is added if it is new.
    #[inline]
    fn insert(&mut self, encoded: &[u8]) -> usize {
        if self.index.is_empty() {
            return self.insert_scanning(encoded);
        }
        let hash = xxh3_64(encoded);
        let mask = self.index.len() - 1;
        let tag = hash >> OFFSET_BITS;
        let mut at = hash as usize & mask;
        loop {
            match self.index[at] {
                0 => break,
                slot if slot >> OFFSET_BITS == tag => {
                    let offset = offset_of(slot);
                    if self.record(offset).encoded == encoded {
                        return offset;
                    }
                }
                _ => {}
            }
            at = (at + 1) & mask;
        }
        let offset = self.push(encoded);
        self.index[at] = tag << OFFSET_BITS | (offset as u64 + 1);
        // At most two thirds full.
        if self.len as usize * 3 > self.index.len() * 2 {
            self.rebuild_index(self.index.len() * 2);
        }
        offset
    }

    fn insert_scanning(&mut self, encoded: &[u8]) -> usize {
        let mut offset = 0;
        while offset < self.records.len() {
            let record = self.record(offset);
            if record.encoded == encoded {
                return offset;
            }
            offset = record.end;
        }
        let offset = self.push(encoded);
        if self.len > SCANNED_MAX {
            self.rebuild_index(4 * SCANNED_MAX as usize);
        }
        offset
    }

    /// Makes an index of `slots` slots, a power of two above the number of records.
    #[cold]
    fn rebuild_index(&mut self, slots: usize) {
        let mut index = vec![0u64; slots].into_boxed_slice();
        let mut offset = 0;
        while offset < self.records.len() {
            let record = self.record(offset);
            let hash = xxh3_64(record.encoded);
            let mut at = hash as usize & (slots - 1);
            while index[at] != 0 {
                at = (at + 1) & (slots - 1);
            }
            index[at] = hash >> OFFSET_BITS << OFFSET_BITS | (offset as u64 + 1);
            offset = record.end;
        }
        self.index = index;
    }

    fn payload(&mut self, offset: usize) -> &mut [u8; P] {
        self.records[offset..].first_chunk_mut().expect("a record begins with its payload")
    }

    /// Payloads and encodings in the order they came.
    fn records(&self) -> impl Iterator<Item = (&[u8; P], &[u8])> {
        let mut offset = 0;
        std::iter::from_fn(move || {
            if offset == self.records.len() {
                return None;
            }
            let payload = self.records[offset..].first_chunk::<P>()?;
            let record = self.record(offset);
            offset = record.end;
            Some((payload, record.encoded))
        })
    }
}

/// The offset stored in an index slot that is not empty.
fn offset_of(slot: u64) -> usize {
    ((slot & ((1 << OFFSET_BITS) - 1)) - 1) as usize
}

/// A table with a limited number of values.
#[derive(Clone, Debug)]
pub enum Bounded<const P: usize> {
    /// No value.
    Empty,
    /// At least one value.
    Held(Box<ValueTable<P>>),
    /// More values than the limit.
    Overflow,
}

impl<const P: usize> Bounded<P> {
    /// The payload of the value with this encoding, zeros if it is new; `None` in overflow.
    #[inline]
    pub fn entry(&mut self, limit: u32, encoded: &[u8]) -> Option<&mut [u8; P]> {
        if let Bounded::Empty = self {
            *self = Bounded::Held(Box::new(ValueTable::new()));
        }
        let Bounded::Held(table) = self else { return None };
        let offset = table.insert(encoded);
        if table.len > limit {
            *self = Bounded::Overflow;
            return None;
        }
        match self {
            Bounded::Held(table) => Some(table.payload(offset)),
            _ => None,
        }
    }

    /// Adds another table; `join` adds a payload to another and is commutative.
    pub fn merge(&mut self, limit: u32, other: &Bounded<P>, join: fn(&mut [u8; P], &[u8; P])) {
        let (table, from) = match (&mut *self, other) {
            (Bounded::Overflow, _) | (_, Bounded::Empty) => return,
            (_, Bounded::Overflow) | (Bounded::Empty, _) => {
                *self = other.clone();
                return;
            }
            (Bounded::Held(table), Bounded::Held(from)) => (table, from),
        };
        let mut smaller = None;
        if from.len > table.len {
            smaller = Some(std::mem::replace(table, from.clone()));
        }
        for (payload, encoded) in smaller.as_deref().unwrap_or(from).records() {
            let offset = table.insert(encoded);
            if table.len > limit {
                *self = Bounded::Overflow;
                return;
            }
            join(table.payload(offset), payload);
        }
    }

    /// The number of values; `None` in overflow.
    pub fn len(&self) -> Option<u32> {
        match self {
            Bounded::Empty => Some(0),
            Bounded::Held(table) => Some(table.len),
            Bounded::Overflow => None,
        }
    }

    /// Whether no value was added.
    pub fn is_empty(&self) -> bool {
        matches!(self, Bounded::Empty)
    }

    /// Payloads and encodings in value order; `None` in overflow.
    pub fn sorted(&self) -> Option<Vec<(&[u8; P], &[u8])>> {
        let mut records = match self {
            Bounded::Empty => Vec::new(),
            Bounded::Held(table) => table.records().collect::<Vec<_>>(),
            Bounded::Overflow => return None,
        };
        // A stable sort, because it is the fast one for a table that was decoded in order and then
        // grew a little.
        records.sort_by_key(|(_, encoded)| *encoded);
        Some(records)
    }

    /// Appends the canonical encoding; `put` appends that of a payload.
    pub fn encode(&self, out: &mut Vec<u8>, put: fn(&[u8; P], &mut Vec<u8>)) {
        let Some(records) = self.sorted() else { return out.push(0) };
        put_unsigned(records.len() as u128 + 1, out);
        for (payload, encoded) in records {
            put(payload, out);
            put_value(encoded, out);
        }
    }

    /// Reads what [`Bounded::encode`] wrote; `None` if the bytes are not canonical for `limit`.
    pub fn decode(
        limit: u32,
        bytes: &mut &[u8],
        take: fn(&mut &[u8]) -> Option<[u8; P]>,
    ) -> Option<Bounded<P>> {
        let header = u32::try_from(unsigned(bytes)?).ok()?;
        let Some(count) = header.checked_sub(1) else { return Some(Bounded::Overflow) };
        if count > limit {
            return None;
        }
        if count == 0 {
            return Some(Bounded::Empty);
        }
        let mut table = ValueTable::new();
        let mut previous: &[u8] = &[];
        for _ in 0..count {
            let payload = take(bytes)?;
            let encoded = take_value(bytes)?;
            if encoded <= previous {
                return None;
            }
            previous = encoded;
            let offset = table.push(encoded);
            *table.payload(offset) = payload;
        }
        if count > SCANNED_MAX {
            table.rebuild_index((2 * count as usize).next_power_of_two());
        }
        Some(Bounded::Held(Box::new(table)))
    }
}
