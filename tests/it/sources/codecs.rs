//! Codecs: every usual compression of Parquet and Arrow files is read (docs/SOURCES.md).
//!
//! Method: files written by the libraries themselves, with each codec, in both versions of data
//! pages; and files that pyarrow wrote.

use super::{read, schema, write};
use arrow::array::{Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use lockstep_core::event::arrow_schema;
use lockstep_core::value::Value;
use lockstep_source::{ReadOptions, SourceFile, read_table};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};
use std::path::PathBuf;
use std::sync::Arc;

const ROWS: i64 = 3000;
const COLUMNS: [&str; 3] = ["t timestamp", "s string?", "n int64"];

fn batch() -> RecordBatch {
    let schema = schema(&COLUMNS, None);
    let times = TimestampMicrosecondArray::from_iter_values(0..ROWS).with_timezone("UTC");
    let texts: StringArray = (0..ROWS).map(|i| Some(format!("text {}", i % 7))).collect();
    let numbers = Int64Array::from_iter_values((0..ROWS).map(|i| i * i));
    let columns = vec![Arc::new(times) as _, Arc::new(texts) as _, Arc::new(numbers) as _];
    RecordBatch::try_new(arrow_schema(&schema.columns), columns).unwrap()
}

/// The files: their names and bytes.
fn written() -> Vec<(String, Vec<u8>)> {
    let batch = batch();
    let mut files = Vec::new();
    for (name, codec) in [
        ("plain", Compression::UNCOMPRESSED),
        ("snappy", Compression::SNAPPY),
        ("gzip", Compression::GZIP(GzipLevel::default())),
        ("brotli", Compression::BROTLI(BrotliLevel::default())),
        ("lz4-hadoop", Compression::LZ4),
        ("lz4-raw", Compression::LZ4_RAW),
        ("zstd", Compression::ZSTD(ZstdLevel::default())),
    ] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let properties = WriterProperties::builder()
                .set_compression(codec)
                .set_writer_version(version)
                .set_data_page_row_count_limit(500)
                .set_column_dictionary_enabled("s".into(), version == WriterVersion::PARQUET_1_0);
            let properties = Some(properties.build());
            let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), properties).unwrap();
            writer.write(&batch).unwrap();
            let name = format!("{name}-{}.parquet", version.as_num());
            files.push((name, writer.into_inner().unwrap()));
        }
    }
    for (name, codec) in [
        ("plain", None),
        ("lz4", Some(CompressionType::LZ4_FRAME)),
        ("zstd", Some(CompressionType::ZSTD)),
    ] {
        let options = IpcWriteOptions::default().try_with_compression(codec).unwrap();
        let mut file =
            FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options.clone()).unwrap();
        let mut stream =
            StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
        for at in [0, 1000, 2000] {
            file.write(&batch.slice(at, 1000)).unwrap();
            stream.write(&batch.slice(at, 1000)).unwrap();
        }
        files.push((format!("{name}.feather"), file.into_inner().unwrap()));
        stream.finish().unwrap();
        files.push((format!("{name}-stream.arrow"), stream.into_inner().unwrap()));
    }
    files
}

/// Goal: a file of each codec gives the same events and the same table, from any start (S6, S22).
#[test]
fn s06_every_usual_codec_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema(&COLUMNS, None);
    for (name, bytes) in written() {
        let path = write(folder.path(), &name, bytes);
        for start in [0, 1234, ROWS as u64] {
            let options = ReadOptions { start_position: start, ..ReadOptions::default() };
            let all = read(&[SourceFile::from(&*path)], &schema, options).unwrap();
            let rows = (start as i64..ROWS).collect::<Vec<_>>();
            let expect: Vec<_> = rows.iter().map(|i| Value::Int64(i * i)).collect();
            assert_eq!(all.column(2), expect, "{name} from {start}");
            let texts: Vec<_> =
                rows.iter().map(|i| super::text(&format!("text {}", i % 7))).collect();
            assert_eq!(all.column(1), texts, "{name} from {start}");
        }
        assert_eq!(read_table(&path, &[]).unwrap().columns(), batch().columns(), "{name}");
    }
}

/// Goal: files that pandas and pyarrow wrote are read. Method: three small files, `k` from 0 to 9
/// and the text `v{k}`, as pandas' Feather writes them (lz4), and as pyarrow writes brotli and lz4
/// Parquet.
#[test]
fn s06_files_of_pyarrow_are_read() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("it/sources/pyarrow");
    for name in ["lz4.feather", "brotli.parquet", "lz4.parquet"] {
        let table = read_table(&folder.join(name), &[]).unwrap();
        let numbers = table.column_by_name("k").unwrap();
        let expect = Int64Array::from_iter_values(0..10);
        assert_eq!(&**numbers, &expect as &dyn arrow::array::Array, "{name}");
        let texts =
            lockstep_source::column_of(&table, "v", &"string".to_string().try_into().unwrap(), 0);
        let expect: StringArray = (0..10).map(|i| Some(format!("v{i}"))).collect();
        assert_eq!(&*texts.unwrap(), &expect as &dyn arrow::array::Array, "{name}");
    }
}
