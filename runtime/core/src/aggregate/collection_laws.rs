//! Checks the laws of a state (S1), for the tests of every kind of collection state.
//!
//! Invariant: states are compared as bytes. A kind with its parameters implements [`Laws`]; `check`
//! folds items in many groupings, `check_noise` reads arbitrary bytes. Deliberately absent: what a
//! value means, which each kind compares with its own definition.

use proptest::prelude::TestCaseError;

/// One kind of state with its parameters.
pub(super) trait Laws {
    type Item;
    type State: Clone;

    fn zero(&self) -> Self::State;
    fn add(&self, state: &mut Self::State, item: &Self::Item);
    fn merge(&self, state: &mut Self::State, other: &Self::State);
    fn encode(&self, state: &Self::State, out: &mut Vec<u8>);
    fn decode(&self, bytes: &mut &[u8]) -> Option<Self::State>;

    /// The state of `items`, added one by one.
    fn fold<'a>(&self, items: impl IntoIterator<Item = &'a Self::Item>) -> Self::State
    where
        Self::Item: 'a,
    {
        let mut state = self.zero();
        items.into_iter().for_each(|item| self.add(&mut state, item));
        state
    }

    fn bytes(&self, state: &Self::State) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(state, &mut out);
        out
    }

    fn merged(&self, a: &Self::State, b: &Self::State) -> Self::State {
        let mut sum = a.clone();
        self.merge(&mut sum, b);
        sum
    }

    /// Checks identity, commutativity, associativity, `update = merge of one`, and that the
    /// groupings of `items` cut at `cuts` (at most their number) all give the bytes of the whole.
    fn check(&self, items: &[Self::Item], cuts: [usize; 2]) -> Result<(), TestCaseError> {
        let mut cuts = cuts.map(|cut| cut.min(items.len()));
        cuts.sort_unstable();
        let whole = self.fold(items);
        let expected = self.bytes(&whole);
        let same = |state: &Self::State, how: &str| {
            let bytes = self.bytes(state);
            if bytes == expected {
                return Ok(());
            }
            Err(TestCaseError::fail(format!("{how}: {bytes:?}, the whole: {expected:?}")))
        };
        same(&self.fold(items.iter().rev()), "reversed")?;
        same(&self.merged(&whole, &self.zero()), "merged with zero")?;
        same(&self.merged(&self.zero(), &whole), "zero merged with it")?;
        let a = self.fold(&items[..cuts[0]]);
        let b = self.fold(items[cuts[0]..cuts[1]].iter().rev());
        let c = self.fold(&items[cuts[1]..]);
        same(&self.merged(&self.merged(&a, &b), &c), "(a b) c")?;
        same(&self.merged(&a, &self.merged(&b, &c)), "a (b c)")?;
        same(&self.merged(&self.merged(&c, &a), &b), "(c a) b")?;
        same(&self.merged(&c, &self.merged(&b, &a)), "c (b a)")?;
        let mut ones = self.zero();
        for item in items.iter().rev() {
            self.merge(&mut ones, &self.fold([item]));
        }
        same(&ones, "merged one by one")?;
        self.check_round_trip(&expected)?;
        // A decoded state must behave like the original.
        let mut read = self.decoded(&self.bytes(&a))?;
        items[cuts[0]..cuts[1]].iter().for_each(|item| self.add(&mut read, item));
        self.merge(&mut read, &self.decoded(&self.bytes(&c))?);
        same(&read, "read and continued")
    }

    fn decoded(&self, bytes: &[u8]) -> Result<Self::State, TestCaseError> {
        let state = self.decode(&mut &*bytes);
        state.ok_or_else(|| TestCaseError::fail(format!("own bytes are refused: {bytes:?}")))
    }

    /// Checks that what was written reads back and ends where it ended; truncated, it is refused or
    /// decodes to another state.
    fn check_round_trip(&self, bytes: &[u8]) -> Result<(), TestCaseError> {
        let followed = [bytes, &[0xff, 0x00]].concat();
        let mut rest = followed.as_slice();
        match self.decode(&mut rest) {
            Some(state) if self.bytes(&state) == bytes && rest == [0xff, 0x00] => {}
            _ => return Err(TestCaseError::fail(format!("no round trip of {bytes:?}"))),
        }
        let step = bytes.len() / 50 + 1;
        (0..bytes.len()).step_by(step).try_for_each(|end| self.check_noise(&bytes[..end]))
    }

    /// Checks that bytes which decode are the encoding of the state that they decode to.
    fn check_noise(&self, noise: &[u8]) -> Result<(), TestCaseError> {
        let mut rest = noise;
        if let Some(state) = self.decode(&mut rest) {
            let read = &noise[..noise.len() - rest.len()];
            let bytes = self.bytes(&state);
            if bytes != read {
                return Err(TestCaseError::fail(format!("{read:?} reads as {bytes:?}")));
            }
        }
        Ok(())
    }

    /// Runs [`Laws::check_noise`] on the state's own bytes with one byte changed.
    fn check_damage(&self, state: &Self::State, damage: (usize, u8)) -> Result<(), TestCaseError> {
        let mut bytes = self.bytes(state);
        let at = damage.0 % bytes.len();
        bytes[at] = damage.1;
        self.check_noise(&bytes)
    }
}

/// A generator of values that are not null: few distinct ones, of every kind of encoding.
pub(super) fn any_value() -> impl proptest::strategy::Strategy<Value = crate::value::Value> {
    use crate::value::Value;
    use proptest::prelude::*;
    prop_oneof![
        4 => (-3i64..4).prop_map(Value::Int64),
        2 => "[\\x00ab]{0,3}".prop_map(|text| Value::String(text.into())),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => prop_oneof![Just(0.0), Just(-0.0), Just(f64::NAN), Just(-f64::NAN), Just(1.5)]
            .prop_map(Value::Float64),
        1 => any::<i64>().prop_map(Value::Timestamp),
        1 => prop::collection::vec((0i64..2).prop_map(Value::Int64), 0..3).prop_map(Value::List),
    ]
}
