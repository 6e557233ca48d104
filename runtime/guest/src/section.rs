//! Reads custom sections of a Wasm binary, without running or compiling it.
//!
//! Invariant: only sections at depth 0 are read; sections of a nested module or component belong to
//! that module or component. Modules and components frame their sections alike (id byte, LEB128
//! size, content), so one loop reads both. Deliberately absent: any check of other sections, which
//! the engine does.

use lockstep_core::error::{Error, Result};

/// The custom section that holds the manifest.
pub const MANIFEST_SECTION: &str = "lockstep:manifest";

/// What kind of file the first eight bytes announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// A core module, as compilers write it.
    Module,
    /// A component.
    Component,
    /// Neither.
    Other,
}

/// The kind of file that these bytes announce.
pub(super) fn layer(wasm: &[u8]) -> Layer {
    match wasm.first_chunk::<8>() {
        Some(b"\0asm\x01\0\0\0") => Layer::Module,
        Some(b"\0asm\x0d\0\x01\0") => Layer::Component,
        _ => Layer::Other,
    }
}

/// The contents of the custom sections called `name` at depth 0 of a module or component.
pub fn custom_sections<'a>(wasm: &'a [u8], name: &str) -> Result<Vec<&'a [u8]>> {
    let cut = || Error::input("the Wasm binary is cut off in the middle of a section");
    let mut rest = wasm.get(8..).ok_or_else(cut)?;
    let mut found = Vec::new();
    while let Some((&section, after)) = rest.split_first() {
        rest = after;
        let size = take_leb(&mut rest).ok_or_else(cut)?;
        let (mut content, after) = rest.split_at_checked(size).ok_or_else(cut)?;
        rest = after;
        if section != 0 {
            continue;
        }
        let length = take_leb(&mut content).ok_or_else(cut)?;
        let (section_name, content) = content.split_at_checked(length).ok_or_else(cut)?;
        if section_name == name.as_bytes() {
            found.push(content);
        }
    }
    Ok(found)
}

/// Reads an unsigned LEB128 number of at most 32 bits from the front and removes it.
fn take_leb(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0u64;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(number).ok().map(|number| number as usize);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: sections at depth 0 are found, others skipped, truncated files refused. Method: a
    /// module written by hand with two custom sections around a type section, then each of its
    /// prefixes.
    #[test]
    fn finds_custom_sections() {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        wasm.extend([0, 4, 1, b'a', 7, 8]);
        wasm.extend([1, 1, 0]);
        wasm.extend([0, 0x83, 0x00, 1, b'b', 9]);
        wasm.extend([0, 2, 1, b'a']);
        assert_eq!(custom_sections(&wasm, "a").unwrap(), [&[7u8, 8][..], &[]]);
        assert_eq!(custom_sections(&wasm, "b").unwrap(), [&[9u8][..]]);
        assert!(custom_sections(&wasm, "c").unwrap().is_empty());
        let whole = [8, 14, 17, 23, 27];
        for end in 0..=wasm.len() {
            let read = custom_sections(&wasm[..end], "a");
            assert_eq!(read.is_ok(), whole.contains(&end), "{end}");
        }
    }
}
