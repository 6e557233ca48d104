//! Seals: codes of authentication (HMAC-SHA-256) by which a host knows its own compiled code.
//!
//! Invariant: a key comes from the system's source of randomness, and is never shown. Deliberately
//! absent: where keys are kept.

use hmac::{Hmac, KeyInit, Mac};
use lockstep_core::error::{Error, Result};
use sha2::Sha256;
use std::fmt;

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;
/// Bytes of a seal.
pub(super) const SEAL_BYTES: usize = 32;

/// A secret key.
#[derive(Clone)]
pub(super) struct Key([u8; KEY_BYTES]);

impl Key {
    /// The key with these bytes.
    pub(super) fn new(bytes: [u8; KEY_BYTES]) -> Key {
        Key(bytes)
    }

    /// A new key.
    pub(super) fn random() -> Result<Key> {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::retry("the system has no random numbers for a key").because(error)
        })?;
        Ok(Key(bytes))
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The seal of the concatenation of these parts.
    pub(super) fn seal(&self, parts: &[&[u8]]) -> [u8; SEAL_BYTES] {
        self.mac(parts).finalize().into_bytes().into()
    }

    /// Whether this is the seal of the concatenation of these parts.
    pub(super) fn seals(&self, seal: &[u8], parts: &[&[u8]]) -> bool {
        self.mac(parts).verify_slice(seal).is_ok()
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        parts.iter().for_each(|part| mac.update(part));
        mac
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a seal is HMAC-SHA-256, however its text is cut, and another key or text has another.
    /// Method: the first test vector of RFC 4231, whose key is padded with zeros here as the
    /// function itself pads it.
    #[test]
    fn a_seal_is_hmac_sha_256() {
        let mut key = [0; KEY_BYTES];
        key[..20].fill(0x0b);
        let key = Key::new(key);
        let seal = key.seal(&[b"Hi ", b"There"]);
        let digits: String = seal.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digits, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert!(key.seals(&seal, &[b"Hi There"]) && !key.seals(&seal, &[b"Hi there"]));
        assert!(!Key::random().unwrap().seals(&seal, &[b"Hi There"]));
        assert!(!key.seals(&seal[1..], &[b"Hi There"]));
    }
}
