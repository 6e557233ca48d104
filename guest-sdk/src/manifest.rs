//! The manifest's JSON, assembled by the compiler.
//!
//! Invariant: the derives write escaped pieces of JSON as constants; only `export!` joins them,
//! once, into the bytes of the custom section. Deliberately absent: any JSON work at run time.

/// A piece of JSON text.
#[derive(Clone, Copy, Debug)]
pub enum Piece {
    /// This text.
    Text(&'static str),
    /// These pieces in order.
    Many(&'static [Piece]),
}

/// True, as JSON.
pub const TRUE: Piece = Piece::Text("true");
/// False, as JSON.
pub const FALSE: Piece = Piece::Text("false");

/// The length of `piece` in bytes.
pub const fn length(piece: &Piece) -> usize {
    match piece {
        Piece::Text(text) => text.len(),
        Piece::Many(pieces) => {
            let (mut sum, mut at) = (0, 0);
            while at < pieces.len() {
                sum += length(&pieces[at]);
                at += 1;
            }
            sum
        }
    }
}

/// The `N` bytes of `piece`, where `N` is from [`length`].
pub const fn join<const N: usize>(piece: &Piece) -> [u8; N] {
    let mut bytes = [0; N];
    let end = put(piece, &mut bytes, 0);
    assert!(end == N, "a manifest has the length of its pieces");
    bytes
}

const fn put(piece: &Piece, bytes: &mut [u8], start: usize) -> usize {
    match piece {
        Piece::Text(text) => {
            let (_, rest) = bytes.split_at_mut(start);
            let (place, _) = rest.split_at_mut(text.len());
            place.copy_from_slice(text.as_bytes());
            start + text.len()
        }
        Piece::Many(pieces) => {
            let (mut end, mut at) = (start, 0);
            while at < pieces.len() {
                end = put(&pieces[at], bytes, end);
                at += 1;
            }
            end
        }
    }
}

/// The text of joined bytes.
pub const fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("joined texts are a text"),
    }
}
