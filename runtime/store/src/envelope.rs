//! The envelope of each stored value: a header that turns a flipped bit or a misplaced value into
//! an error.
//!
//! ```text
//! u8 magic   u8 version   u8 kind   u32 crc (little-endian)   payload
//! crc = CRC-32 (IEEE) of: version, kind, u32 length of the key, the key, the payload
//! ```
//!
//! Invariant: `open(key, seal(kind, key, payload)) = (kind, payload)`; with another key, or after
//! any change of up to 32 neighbouring bits, `open` returns an error of kind `Restore` that names
//! the key. Deliberately absent: what the payload means, and its version, which `layout` defines.

use super::key::shown;
use lockstep_core::error::{Error, Result};

/// The first byte of each value.
const MAGIC: u8 = 0xc5;
/// The version of this layout.
const VERSION: u8 = 1;
/// The bytes before the payload.
pub(super) const HEADER_BYTES: usize = 7;

/// What a payload is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A complete value.
    Inline = 0,
    /// The head of a large value, which is split into chunks.
    Large = 1,
    /// A chunk of a large value.
    Chunk = 2,
    /// The store's own record of its newest commit.
    Record = 3,
}

/// Wraps `payload` for `key`.
pub(super) fn seal(kind: Kind, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
    bytes.extend([MAGIC, VERSION, kind as u8]);
    bytes.extend(checksum(kind, key, payload).to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The payload that was sealed for `key`.
pub(super) fn open<'a>(key: &[u8], bytes: &'a [u8]) -> Result<(Kind, &'a [u8])> {
    let damaged = |what: &str| {
        Error::restore(format!(
            "the stored value of key {} is damaged ({what}); restore the store from a backup, or \
             build it anew from the source",
            shown(key)
        ))
    };
    let Some((header, payload)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Err(damaged("it is too short"));
    };
    let [magic, version, kind, crc @ ..] = *header;
    if magic != MAGIC {
        return Err(damaged("it has no envelope"));
    }
    let kind = match kind {
        0 => Kind::Inline,
        1 => Kind::Large,
        2 => Kind::Chunk,
        3 => Kind::Record,
        _ => return Err(damaged("it is of no known kind")),
    };
    if version != VERSION {
        return Err(damaged("its version is unknown"));
    }
    if u32::from_le_bytes(crc) != checksum(kind, key, payload) {
        return Err(damaged("its checksum is wrong"));
    }
    Ok((kind, payload))
}

fn checksum(kind: Kind, key: &[u8], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[VERSION, kind as u8]);
    crc.update(&(key.len() as u32).to_le_bytes());
    crc.update(key);
    crc.update(payload);
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::error::ErrorKind;

    /// Goal: the bytes on disk do not change without a new version. Method: golden bytes, whose
    /// checksum was computed by another program (zlib's crc32).
    #[test]
    fn the_layout_is_the_golden_one() {
        let golden = [0xc5, 1, 0, GOLDEN[0], GOLDEN[1], GOLDEN[2], GOLDEN[3], b'v', b'a', b'l'];
        assert_eq!(seal(Kind::Inline, b"key", b"val"), golden);
        assert_eq!(open(b"key", &golden).unwrap(), (Kind::Inline, b"val".as_slice()));
    }

    /// CRC-32 of 01 00, 03 00 00 00, "key", "val".
    const GOLDEN: [u8; 4] = 0x460f_bac6_u32.to_le_bytes();

    /// Goal: a flipped bit, a truncation or another key never yields a payload. Method: every bit
    /// and every length of one value, and neighbouring keys.
    #[test]
    fn damage_is_an_error_that_names_the_key() {
        let sealed = seal(Kind::Large, b"key", b"payload");
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let error = open(b"key", &damaged).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Restore);
            assert!(error.message.contains("\"key\""), "{error}");
        }
        for length in 0..sealed.len() {
            assert!(open(b"key", &sealed[..length]).is_err(), "{length}");
        }
        for key in [b"kez".as_slice(), b"ke", b"keyp", b""] {
            assert!(open(key, &sealed).is_err());
        }
        let shifted = [&sealed[..HEADER_BYTES], &b"ayload"[..]].concat();
        assert!(open(b"keyp", &shifted).is_err(), "the key's length is part of the checksum");
    }
}
