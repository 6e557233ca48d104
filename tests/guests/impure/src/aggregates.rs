//! Aggregates that break one law each; `Total` keeps all.

use lockstep_sdk::prelude::*;
use std::sync::atomic::{AtomicI64, Ordering};

fn number(bytes: &[u8]) -> Result<i64, String> {
    match bytes {
        [] => Ok(0),
        _ => bytes
            .first_chunk()
            .map(|chunk| i64::from_le_bytes(*chunk))
            .ok_or("too short".to_string()),
    }
}

macro_rules! aggregate_of_numbers {
    ($(#[$about:meta])* $name:ident($state:ty), $merge:expr, $encode:expr, $decode:expr) => {
        $(#[$about])*
        #[aggregate]
        #[derive(Default)]
        pub struct $name($state);

        impl Aggregate for $name {
            type Input<'a> = i64;
            type Output = i64;
            const STATE_BYTES_MAX: u32 = 65_536;

            fn zero() -> Self {
                Self::default()
            }

            fn update(&mut self, input: i64) {
                self.merge($name($decode(&input.to_le_bytes()).expect("eight bytes")));
            }

            fn merge(&mut self, other: Self) {
                $merge(&mut self.0, other.0);
            }

            fn encode(&self, bytes: &mut Vec<u8>) {
                $encode(&self.0, bytes);
            }

            fn decode(bytes: &[u8]) -> Result<Self, String> {
                $decode(bytes).map($name)
            }

            fn finalize(&self) -> i64 {
                let mut bytes = Vec::new();
                self.encode(&mut bytes);
                bytes.iter().fold(0, |sum, byte| sum + i64::from(*byte))
            }
        }
    };
}

fn put(state: &i64, bytes: &mut Vec<u8>) {
    bytes.extend(state.to_le_bytes());
}

aggregate_of_numbers!(
    /// The sum.
    Total(i64),
    |state: &mut i64, other: i64| *state = state.wrapping_add(other),
    put,
    number
);

aggregate_of_numbers!(
    /// The last value that was merged, which is not commutative.
    Newest(i64),
    |state: &mut i64, other: i64| if other != 0 { *state = other },
    put,
    number
);

aggregate_of_numbers!(
    /// The middle of two values, which is not associative.
    Midpoint(i64),
    |state: &mut i64, other: i64| *state = match (*state, other) {
        (0, other) => other,
        (state, 0) => state,
        (state, other) => state / 2 + other / 2,
    },
    put,
    number
);

aggregate_of_numbers!(
    /// All values, in the order in which they came, so equal states have several encodings.
    Listed(Vec<u8>),
    |state: &mut Vec<u8>, other: Vec<u8>| {
        for value in other {
            if !state.contains(&value) {
                state.push(value);
            }
        }
    },
    |state: &Vec<u8>, bytes: &mut Vec<u8>| bytes.extend(state),
    |bytes: &[u8]| Ok::<Vec<u8>, String>(match bytes.len() {
        8 if bytes[1..].iter().all(|byte| *byte == 0 || *byte == 255) => vec![bytes[0]],
        _ => bytes.to_vec(),
    })
);

static ENCODED: AtomicI64 = AtomicI64::new(0);

aggregate_of_numbers!(
    /// The sum, and how many states were encoded before.
    Counted(i64),
    |state: &mut i64, other: i64| *state = state.wrapping_add(other),
    |state: &i64, bytes: &mut Vec<u8>| {
        put(state, bytes);
        bytes.extend(ENCODED.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    },
    number
);
