//! A sample of the distinct texts with how often each came.
//!
//! State: the [`KEPT`] distinct texts whose hashes are least, with counts. Laws: of a union, those
//! that are kept are among those that each part keeps, since only texts with lesser hashes drive one
//! out, and they stay; so a text that is kept was never dropped before, in whatever order the rows
//! came, and its count is exact. The hash is fixed, so the samples of two keys have a text in common
//! where both have it and few have lesser hashes. Deliberately absent: texts above
//! [`NAME_BYTES_MAX`] bytes, on which it panics, since a state has a bound.

use lockstep_sdk::prelude::*;
use std::collections::BTreeMap;

/// Most texts that are kept.
pub(crate) const KEPT: usize = 8;
/// Most bytes of a text.
pub const NAME_BYTES_MAX: usize = 64;

/// The distinct texts with the smallest hashes, smallest first, as `text:count`.
#[aggregate]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SmallestHashes {
    /// By hash, and by text if two have one.
    counts: BTreeMap<(u64, String), u64>,
}

/// FNV-1a of 64 bits, then the finaliser of MurmurHash3, which spreads short texts.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

impl SmallestHashes {
    fn add(&mut self, key: (u64, String), count: u64) {
        let sum = self.counts.entry(key).or_default();
        *sum = sum.saturating_add(count);
    }

    fn trim(&mut self) {
        while self.counts.len() > KEPT {
            self.counts.pop_last();
        }
    }
}

impl Aggregate for SmallestHashes {
    type Input<'a> = &'a str;
    type Output = Vec<String>;
    const STATE_BYTES_MAX: u32 = (KEPT * (1 + NAME_BYTES_MAX + 8)) as u32;

    fn zero() -> Self {
        Self::default()
    }

    fn update(&mut self, text: &str) {
        assert!(text.len() <= NAME_BYTES_MAX, "a text of {} bytes is too long", text.len());
        self.add((hash(text), text.to_string()), 1);
        self.trim();
    }

    fn merge(&mut self, other: Self) {
        other.counts.into_iter().for_each(|(key, count)| self.add(key, count));
        self.trim();
    }

    /// Each text, smallest hash first: its length, its bytes, its count.
    fn encode(&self, bytes: &mut Vec<u8>) {
        for ((_, text), count) in &self.counts {
            bytes.push(text.len() as u8);
            bytes.extend(text.bytes());
            bytes.extend(count.to_le_bytes());
        }
    }

    fn decode(mut bytes: &[u8]) -> Result<Self, String> {
        let mut state = Self::default();
        while let Some((&length, rest)) = bytes.split_first() {
            let cut = || "a text is cut off".to_string();
            let (text, rest) = rest.split_at_checked(length.into()).ok_or_else(cut)?;
            let (count, rest) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
            bytes = rest;
            let text = str::from_utf8(text).map_err(|error| error.to_string())?;
            let (key, count) = ((hash(text), text.to_string()), u64::from_le_bytes(*count));
            let last = state.counts.last_key_value();
            if count == 0
                || last.is_some_and(|(last, _)| *last >= key)
                || text.len() > NAME_BYTES_MAX
            {
                return Err(format!("{text:?} with count {count} is out of place"));
            }
            state.counts.insert(key, count);
        }
        match state.counts.len() {
            0..=KEPT => Ok(state),
            more => Err(format!("{more} texts")),
        }
    }

    fn finalize(&self) -> Vec<String> {
        self.counts.iter().map(|((_, text), count)| format!("{text}:{count}")).collect()
    }
}
