//! Keys: how long they may be, where a prefix ends, and how messages show them.
//!
//! Invariant: [`KEY_END`] is greater than every key that a store can hold. Deliberately absent:
//! what keys mean (`layout`).

use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};

/// The longest key, in bytes. With longer ones inner pages of sled exceed 128 KB, and it writes
/// each version of such a page to a file of its own, hundreds of them.
pub const KEY_BYTES_MAX: usize = 480;

/// Greater than every key: the `end` of a scan to the last key.
pub const KEY_END: &[u8] = &[0xff; KEY_BYTES_MAX + 1];

/// Bytes of a key that an error message shows.
const KEY_SHOWN_BYTES_MAX: usize = 96;

/// The least key that is greater than every key with this prefix.
pub fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    match prefix.iter().rposition(|&byte| byte != 0xff) {
        Some(last) => {
            let mut end = prefix[..=last].to_vec();
            end[last] += 1;
            end
        }
        None => KEY_END.to_vec(),
    }
}

/// Refuses a key that no store can hold.
pub(super) fn check_key(key: &[u8]) -> Result<()> {
    if key.len() > KEY_BYTES_MAX {
        return Err(Error::input(format!(
            "key {} is {} bytes long; a store takes at most {KEY_BYTES_MAX}",
            shown(key),
            key.len()
        ))
        .with_code(Code::limit("KEY_BYTES_MAX", KEY_BYTES_MAX)));
    }
    Ok(())
}

/// A key as messages show it: printable, and shortened.
pub(super) fn shown(key: &[u8]) -> String {
    match key.get(..KEY_SHOWN_BYTES_MAX) {
        Some(head) if key.len() > KEY_SHOWN_BYTES_MAX => {
            format!("\"{}\"… ({} bytes)", head.escape_ascii(), key.len())
        }
        _ => format!("\"{}\"", key.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the end of a prefix is right after its last key. Method: prefixes with and without a
    /// carry.
    #[test]
    fn a_prefix_ends_before_its_successor() {
        assert_eq!(prefix_end(b"ab"), b"ac");
        assert_eq!(prefix_end(&[1, 0xff, 0xff]), [2]);
        assert_eq!(prefix_end(&[0xff]), KEY_END);
        assert_eq!(prefix_end(b""), KEY_END);
        assert!([0xff; KEY_BYTES_MAX].as_slice() < KEY_END);
    }

    /// Goal: keys in messages are printable and short.
    #[test]
    fn keys_are_shown_escaped_and_short() {
        assert_eq!(shown(b"a\x00\xff"), "\"a\\x00\\xff\"");
        assert!(shown(&[b'k'; 1000]).ends_with("\"… (1000 bytes)"));
    }
}
