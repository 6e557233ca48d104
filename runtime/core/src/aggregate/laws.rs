//! Checks of the laws of S1, for the tests of every numeric state.
//!
//! Invariant: states are equal exactly when their bytes are, so each law compares bytes.
//! Deliberately absent: what a value means.

/// A state under test.
pub(super) trait Lawful: Clone {
    /// Adds another state.
    fn merge(&mut self, other: &Self);
    /// Appends the canonical encoding.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads an encoding of a state with the parameters of this one.
    fn decode(&self, bytes: &mut &[u8]) -> Option<Self>;
}

/// The bytes of a state.
pub(super) fn encoded<S: Lawful>(state: &S) -> Vec<u8> {
    let mut out = Vec::new();
    state.encode(&mut out);
    out
}

/// The merge of two states.
pub(super) fn merged<S: Lawful>(a: &S, b: &S) -> S {
    let mut sum = a.clone();
    sum.merge(b);
    sum
}

/// Checks identity, commutativity, associativity, the round trip through bytes (with other bytes
/// after them), and that a decoded state merges like the original.
pub(super) fn check_monoid<S: Lawful>(zero: &S, [a, b, c]: [&S; 3]) {
    let bytes = encoded(a);
    assert_eq!(encoded(&merged(a, zero)), bytes, "identity");
    assert_eq!(encoded(&merged(zero, a)), bytes, "identity");
    assert_eq!(encoded(&merged(a, b)), encoded(&merged(b, a)), "commutative");
    let (left, right) = (merged(&merged(a, b), c), merged(a, &merged(b, c)));
    assert_eq!(encoded(&left), encoded(&right), "associative");
    let mut both = bytes.clone();
    b.encode(&mut both);
    let mut rest = both.as_slice();
    let read = zero.decode(&mut rest).expect("canonical bytes decode");
    assert_eq!(encoded(&read), bytes, "decode undoes encode");
    let other = zero.decode(&mut rest).expect("canonical bytes decode");
    assert!(rest.is_empty(), "an encoding ends where it says");
    assert_eq!(encoded(&merged(&read, &other)), encoded(&merged(a, b)), "read states merge alike");
}

/// Checks that bytes which decode encode to themselves, and that no bytes panic: as they are, cut
/// short, and with each bit of a state's encoding flipped.
pub(super) fn check_bytes<S: Lawful>(zero: &S, state: &S, noise: &[u8]) {
    let check = |bytes: &[u8]| {
        let mut rest = bytes;
        if let Some(read) = zero.decode(&mut rest) {
            assert_eq!(encoded(&read), bytes[..bytes.len() - rest.len()], "one encoding a state");
            encoded(&merged(&read, state));
        }
    };
    check(noise);
    let bytes = encoded(state);
    for cut in 0..bytes.len() {
        assert!(zero.decode(&mut &bytes[..cut]).is_none(), "half a state is no state");
    }
    for bit in 0..8 * bytes.len().min(40) {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        check(&damaged);
    }
}
