//! Entity keys: typed tuples of values, each with exactly one encoding (S14).
//!
//! Invariant: two keys are equal exactly when their bytes are; ("x","yz") is not ("xy","z") and 1
//! is not "1". The bytes sort as the tuples do, and no key is a prefix of another key of the same
//! view.

use crate::value::Value;
use std::borrow::Borrow;
use std::fmt;

/// The longest encoding of an entity key, in bytes; a store's keys hold a little more. A row with a
/// longer key is refused, in every host.
pub const ENTITY_KEY_BYTES_MAX: usize = 384;

/// The values that name one entity of a feature view, in the order that the view declares.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityKey(Box<[u8]>);

impl EntityKey {
    /// The key of these values.
    pub fn new(values: &[Value]) -> EntityKey {
        let mut bytes = Vec::with_capacity(16 * values.len());
        values.iter().for_each(|value| value.encode(&mut bytes));
        EntityKey(bytes.into())
    }

    /// The key whose encoding is `bytes`, as [`EntityKey::as_bytes`] gave it.
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> EntityKey {
        EntityKey(bytes.into())
    }

    /// The encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The values.
    pub fn values(&self) -> Vec<Value> {
        let mut bytes = &self.0[..];
        std::iter::from_fn(|| Value::decode(&mut bytes)).collect()
    }
}

/// Allows a map of keys to be searched by encoding, since a key has the hash and order of its
/// bytes.
impl Borrow<[u8]> for EntityKey {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<String> = self.values().iter().map(ToString::to_string).collect();
        write!(f, "({})", values.join(", "))
    }
}

impl fmt::Debug for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: tuples that print alike are different keys (S14).
    #[test]
    fn s14_keys_are_typed_tuples() {
        let text = |s: &str| Value::String(s.into());
        assert_ne!(
            EntityKey::new(&[text("x"), text("yz")]),
            EntityKey::new(&[text("xy"), text("z")])
        );
        assert_ne!(EntityKey::new(&[Value::Int64(1)]), EntityKey::new(&[text("1")]));
        assert_ne!(EntityKey::new(&[Value::Null]), EntityKey::new(&[text("")]));
        let key = EntityKey::new(&[text("a\0b"), Value::Int64(-1), Value::Null]);
        assert_eq!(key.values(), [text("a\0b"), Value::Int64(-1), Value::Null]);
    }
}
