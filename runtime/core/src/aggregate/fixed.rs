//! Integers of a fixed number of 64-bit limbs, least significant first, without allocation.
//!
//! Magnitudes are unsigned; accumulators are two's complement. Invariant: every function is exact
//! or says that the result does not fit. There are at most [`LIMBS_MAX`] limbs, so that all loops
//! can be unrolled. Deliberately absent: division.

/// The most limbs of a fixed integer.
pub const LIMBS_MAX: usize = 8;

/// The bits of a magnitude: 0 for 0.
#[inline]
pub fn bit_length<const N: usize>(magnitude: &[u64; N]) -> u32 {
    for at in (0..N).rev() {
        if magnitude[at] != 0 {
            return 64 * at as u32 + 64 - magnitude[at].leading_zeros();
        }
    }
    0
}

/// The number of times that 2 divides a magnitude; the number of all its bits for 0.
#[inline]
pub fn trailing_zeros<const N: usize>(magnitude: &[u64; N]) -> u32 {
    for (at, limb) in magnitude.iter().enumerate() {
        if *limb != 0 {
            return 64 * at as u32 + limb.trailing_zeros();
        }
    }
    64 * N as u32
}

/// `magnitude * 2^shift` in `N` limbs; bits beyond them are lost. `shift < 512`.
#[inline]
pub fn shifted_left<const K: usize, const N: usize>(magnitude: &[u64; K], shift: u32) -> [u64; N] {
    const { assert!(K <= LIMBS_MAX && N <= LIMBS_MAX) };
    debug_assert!(shift < 64 * LIMBS_MAX as u32);
    let (limbs, bits) = (shift / 64, shift % 64);
    let limb = |at: usize| if at < K { magnitude[at] } else { 0 };
    let mut result: [u64; N] = std::array::from_fn(|at| {
        let below = if at == 0 { 0 } else { limb(at - 1) };
        limb(at) << bits | (below >> 1) >> (63 - bits)
    });
    // By 1, 2 and 4 limbs with masks, because a branch would be unpredictable.
    for stage in 0..3 {
        let step = 1 << stage;
        let moves = u64::from(limbs >> stage & 1).wrapping_neg();
        for at in (0..N).rev() {
            let below = if at < step { 0 } else { result[at - step] };
            result[at] ^= (result[at] ^ below) & moves;
        }
    }
    result
}

/// `magnitude / 2^shift` without the bits below. `shift < 512`.
#[inline]
pub fn shifted_right<const N: usize>(magnitude: &[u64; N], shift: u32) -> [u64; N] {
    const { assert!(N <= LIMBS_MAX) };
    debug_assert!(shift < 64 * LIMBS_MAX as u32);
    let (limbs, bits) = ((shift / 64) as usize, shift % 64);
    let limb = |at: usize| magnitude.get(at + limbs).copied().unwrap_or(0);
    std::array::from_fn(|at| limb(at) >> bits | (limb(at + 1) << 1) << (63 - bits))
}

/// The two's complement sum of `sum` and `±magnitude`, or `None` if it leaves the limbs. The
/// magnitude's highest bit is 0.
#[inline]
pub fn added<const N: usize>(
    sum: &[u64; N],
    magnitude: &[u64; N],
    negative: bool,
) -> Option<[u64; N]> {
    let mask = u64::from(negative).wrapping_neg();
    let mut carry = negative;
    let mut result = [0; N];
    for at in 0..N {
        (result[at], carry) = sum[at].carrying_add(magnitude[at] ^ mask, carry);
    }
    let (before, after) = (sum[N - 1] >> 63, result[N - 1] >> 63);
    // Both addends have one sign and the result has the other.
    if before == mask >> 63 && after != before { None } else { Some(result) }
}

/// Sign and magnitude of a two's complement integer.
#[inline]
pub fn magnitude<const N: usize>(value: &[u64; N]) -> (bool, [u64; N]) {
    let negative = value[N - 1] >> 63 == 1;
    let mask = u64::from(negative).wrapping_neg();
    let mut carry = negative;
    let mut result = [0; N];
    for at in 0..N {
        (result[at], carry) = (value[at] ^ mask).carrying_add(0, carry);
    }
    (negative, result)
}

/// The product of two magnitudes; `N >= A + B`.
#[inline]
pub fn product<const A: usize, const B: usize, const N: usize>(
    a: &[u64; A],
    b: &[u64; B],
) -> [u64; N] {
    const { assert!(N >= A + B) };
    let mut result = [0; N];
    for (at, &x) in a.iter().enumerate() {
        let mut carry = 0;
        for (to, &y) in b.iter().enumerate() {
            (result[at + to], carry) = x.carrying_mul_add(y, result[at + to], carry);
        }
        result[at + B] = carry;
    }
    result
}
