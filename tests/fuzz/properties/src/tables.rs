//! Tables, such as spines.
//!
//! The law: a table that was read and is written is read as the same table. The first byte chooses
//! the format.

use lockstep_core::value::DataType;
use lockstep_source::{TrainingWriter, read_table};
use std::io::Write;

pub(crate) fn tables(bytes: &[u8]) {
    let Some((format, bytes)) = bytes.split_first() else { return };
    let extension = [".ndjson", ".csv", ".parquet", ".arrow"][usize::from(format % 4)];
    let folder = tempfile::tempdir().unwrap();
    let mut file = tempfile::Builder::new().suffix(extension).tempfile_in(&folder).unwrap();
    file.write_all(bytes).unwrap();
    let hints = [("as_of".to_string(), DataType::Timestamp), ("n".to_string(), DataType::Int64)];
    let Ok(table) = read_table(file.path(), &hints) else { return };
    let again = folder.path().join("again.arrow");
    let Ok(mut writer) = TrainingWriter::create(&again, table.schema(), vec![]) else { return };
    if writer.write(&table).and_then(|()| writer.finish()).is_ok() {
        let read = read_table(&again, &[]).unwrap();
        assert_eq!(read.num_rows(), table.num_rows());
        for (written, column) in read.columns().iter().zip(table.columns()) {
            assert_eq!(written, column, "a table that was written");
        }
    }
}
