//! UUIDs: 16 bytes that a file says are a UUID, read as their text.
//!
//! Invariant: only a column that is marked as a UUID is one; other columns of 16 bytes are refused.
//! The text has lower-case digits and hyphens, as RFC 9562 writes it.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType as ArrowType, Field};
use parquet::basic::LogicalType;
use parquet::schema::types::Type;

/// The key of a field's metadata that names an extension type.
const EXTENSION_NAME: &str = "ARROW:extension:name";
/// The name of the extension type for UUIDs.
const ARROW_UUID: &str = "arrow.uuid";
/// Where the text has hyphens: before these bytes.
const HYPHENS: [usize; 4] = [4, 6, 8, 10];

/// Whether a column is one of 16 bytes that are marked as UUIDs.
pub(super) fn is_uuid(field: &Field) -> bool {
    *field.data_type() == ArrowType::FixedSizeBinary(16)
        && field.metadata().get(EXTENSION_NAME).is_some_and(|name| name == ARROW_UUID)
}

/// Marks `field` if the Parquet column behind it is one of UUIDs.
pub(super) fn mark(field: &mut Field, parquet: &Type) {
    let info = parquet.get_basic_info();
    if *field.data_type() == ArrowType::FixedSizeBinary(16)
        && info.logical_type_ref() == Some(&LogicalType::Uuid)
    {
        let mut metadata = field.metadata().clone();
        metadata.insert(EXTENSION_NAME.to_string(), ARROW_UUID.to_string());
        field.set_metadata(metadata);
    }
}

/// A column of UUIDs as their texts.
pub(super) fn uuid_texts(array: &ArrayRef) -> StringArray {
    let ids = array.as_fixed_size_binary();
    (0..array.len()).map(|row| array.is_valid(row).then(|| uuid_text(ids.value(row)))).collect()
}

/// The text of the UUID with these bytes.
fn uuid_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if HYPHENS.contains(&at) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the text is that of RFC 9562. Method: an example from its text.
    #[test]
    fn uuids_are_written_as_usual() {
        let bytes = 0xf81d_4fae_7dec_11d0_a765_00a0_c91e_6bf6_u128.to_be_bytes();
        assert_eq!(uuid_text(&bytes), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    }
}
