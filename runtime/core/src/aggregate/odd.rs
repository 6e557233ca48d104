//! The canonical bytes of an exact number: sign, odd magnitude and exponent.
//!
//! Invariant: a number `±m * 2^e` with odd `m` has one encoding: the exponent as a zigzag integer,
//! twice the magnitude's length in bytes plus the sign, then the magnitude, least significant byte
//! first, without leading zeros. Zero is `0 0`. The reader refuses every other form, and every
//! number outside the bounds that its caller gives, so a damaged length cannot make it allocate.

use super::bytes::{put_signed, put_unsigned, signed, unsigned};

/// Appends `±limbs * 2^exponent`; the limbs are little-endian and may have zeros at both ends.
pub fn put_odd(negative: bool, limbs: &[u64], exponent: i64, out: &mut Vec<u8>) {
    let Some(first) = limbs.iter().position(|&limb| limb != 0) else {
        return out.extend([0, 0]);
    };
    let top = limbs.iter().rposition(|&limb| limb != 0).expect("a limb is not 0");
    let zeros = limbs[first].trailing_zeros();
    let lowest = 64 * first + zeros as usize;
    let bits = 64 * top + 64 - limbs[top].leading_zeros() as usize - lowest;
    let length = bits.div_ceil(8);
    put_signed(i128::from(exponent) + lowest as i128, out);
    put_unsigned((length as u128) << 1 | u128::from(negative), out);
    let start = out.len();
    for at in first..=top {
        let above = limbs.get(at + 1).copied().unwrap_or(0);
        let limb = limbs[at] >> zeros | (above << 1) << (63 - zeros);
        out.extend(limb.to_le_bytes());
    }
    out.truncate(start + length);
}

/// A number, as decoded from its canonical bytes.
#[derive(Clone, Copy, Debug)]
pub struct Odd<'a> {
    /// Whether it is below zero.
    pub negative: bool,
    /// The exponent of the magnitude's last bit.
    pub exponent: i64,
    magnitude: &'a [u8],
}

impl<'a> Odd<'a> {
    /// Reads what [`put_odd`] wrote; `None` if the bytes are not canonical, or the number is not a
    /// multiple of `2^lowest`, or its bytes reach beyond `2^(highest + 8)`.
    pub fn read(bytes: &mut &'a [u8], lowest: i64, highest: i64) -> Option<Odd<'a>> {
        let exponent = i64::try_from(signed(bytes)?).ok()?;
        let header = u64::try_from(unsigned(bytes)?).ok()?;
        let (length, negative) = (usize::try_from(header >> 1).ok()?, header & 1 == 1);
        if bytes.len() < length {
            return None;
        }
        let (magnitude, rest) = bytes.split_at(length);
        *bytes = rest;
        let lawful = match magnitude {
            [] => exponent == 0 && !negative,
            [first, .., last] => first & 1 == 1 && *last != 0,
            [only] => only & 1 == 1,
        };
        let top = exponent.checked_add(8 * i64::try_from(length).ok()?)?;
        let inside = length == 0 || (exponent >= lowest && top <= highest + 8);
        if lawful && inside { Some(Odd { negative, exponent, magnitude }) } else { None }
    }

    /// The magnitude's limbs, least significant first.
    pub fn limbs(&self) -> impl Iterator<Item = u64> + 'a {
        self.magnitude.chunks(8).map(|chunk| {
            let mut limb = [0; 8];
            limb[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(limb)
        })
    }

    /// The magnitude in `N` limbs, or `None` if they leave no bit for a sign.
    pub fn fixed<const N: usize>(&self) -> Option<[u64; N]> {
        if self.magnitude.len() >= 8 * N {
            return None;
        }
        let mut fixed = [0; N];
        for (limb, value) in fixed.iter_mut().zip(self.limbs()) {
            *limb = value;
        }
        Some(fixed)
    }
}
