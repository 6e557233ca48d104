//! Bombs: small files that claim, or unfold to, far more than a process may use.
//!
//! Method: hostile files made by the libraries themselves, some with a header changed by hand. Each
//! is read as events and as a table in a child process that may use 1 GiB of memory and 10 s of
//! processor time. Deliberately absent: damaged bytes (`source.rs`).

use super::{drain, read, schema, write};
use arrow::array::*;
use arrow::datatypes::{Field, Int8Type, Int32Type, Schema};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use lockstep_source::{
    ARROW_BATCH_BYTES_MAX, CELL_BYTES_MAX, DECODED_BATCH_BYTES_MAX, Format, PAGE_BYTES_MAX,
    ReadOptions, SourceFile, open_events_stdin, read_table,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const CHILD_FILE: &str = "LOCKSTEP_TEST_BOMB";
const COLUMNS: [&str; 2] = ["t timestamp", "s string?"];
const MIB: usize = 1 << 20;

/// The child: reads the file that it was given, as events and as a table.
#[test]
fn child_reads_a_file() {
    let Ok(path) = std::env::var(CHILD_FILE) else { return };
    let path = Path::new(&path);
    let columns: &[&str] = if path.to_string_lossy().contains("list") {
        &["t timestamp", "l list<int64>?"]
    } else {
        &COLUMNS
    };
    let schema = schema(columns, None);
    let events = match path.to_string_lossy().ends_with("stream.arrow") {
        true => {
            let input = Box::new(std::fs::File::open(path).unwrap());
            let options = ReadOptions::default();
            open_events_stdin(Format::ArrowIpc, input, schema, options)
                .and_then(|mut reader| count(&mut *reader))
        }
        false => lockstep_source::open_events(path, schema, ReadOptions::default())
            .and_then(|mut reader| count(&mut *reader)),
    };
    let table = read_table(path, &[]).map(|table| table.num_rows() as u64);
    for (what, ended) in [("events", events), ("table", table)] {
        match ended {
            Ok(rows) => println!("\nended {what} {rows}"),
            Err(error) => println!("\nended {what} {error:?}"),
        }
    }
}

fn count(reader: &mut dyn lockstep_source::EventReader) -> lockstep_core::Result<u64> {
    let mut rows = 0;
    while let Some(batch) = reader.next()? {
        rows += batch.positions.len() as u64;
    }
    Ok(rows)
}

/// How reading a file in a child with limits ended: as events, and as a table.
fn limited(path: &Path) -> [String; 2] {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v 1048576; ulimit -t 10; exec \"$@\"", "sh"]);
    shell.arg(std::env::current_exe().unwrap());
    shell.args(["--exact", "sources::bombs::child_reads_a_file", "--nocapture"]);
    let output = shell.env(CHILD_FILE, path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |what: &str| {
        let begin = format!("ended {what} ");
        let line = text.lines().find_map(|line| line.strip_prefix(begin.as_str()));
        let errors = String::from_utf8_lossy(&output.stderr);
        line.unwrap_or_else(|| panic!("{}: {}\n{errors}", path.display(), output.status))
            .to_string()
    };
    ["events", "table"].map(line)
}

fn times(rows: usize) -> ArrayRef {
    let times = TimestampMicrosecondArray::from_iter_values(0..rows as i64);
    Arc::new(times.with_timezone("UTC"))
}

/// Rows whose text is one long one.
fn repeated(bytes: usize, rows: usize) -> RecordBatch {
    let texts = StringArray::from_iter_values((0..rows).map(|_| "x".repeat(bytes)));
    RecordBatch::try_from_iter([("t", times(rows)), ("s", Arc::new(texts) as _)]).unwrap()
}

/// The same rows, with a dictionary of one text.
fn referred(bytes: usize, rows: usize) -> RecordBatch {
    let keys = PrimitiveArray::<Int32Type>::from_iter_values(vec![0; rows]);
    let values = Arc::new(StringArray::from(vec!["x".repeat(bytes)]));
    let texts = DictionaryArray::new(keys, values);
    RecordBatch::try_from_iter([("t", times(rows)), ("s", Arc::new(texts) as _)]).unwrap()
}

fn parquet(
    batches: &[RecordBatch],
    set: impl Fn(WriterPropertiesBuilder) -> WriterPropertiesBuilder,
) -> Vec<u8> {
    let properties = WriterProperties::builder().set_compression(zstd());
    // The statistics would repeat the texts.
    let properties = properties
        .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None)
        .set_offset_index_disabled(true);
    let properties = Some(set(properties).build());
    let mut writer = ArrowWriter::try_new(Vec::new(), batches[0].schema(), properties).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn zstd() -> Compression {
    Compression::ZSTD(ZstdLevel::default())
}

fn ipc(batch: &RecordBatch, codec: CompressionType, stream: bool) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(Some(codec)).unwrap();
    if stream {
        let mut writer =
            StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
        return writer.into_inner().unwrap();
    }
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

/// `bytes` with the only place of `old` replaced.
fn patched(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    let places: Vec<usize> =
        bytes.windows(old.len()).enumerate().filter(|(_, w)| *w == old).map(|(at, _)| at).collect();
    assert_eq!((places.len(), old.len()), (1, new.len()));
    bytes[places[0]..places[0] + new.len()].copy_from_slice(new);
    bytes
}

/// Goal: a small file that unfolds to gigabytes is read in small batches if each row is within the
/// limits, and otherwise refused with the file, the column, the rows and the limit; within 1 GiB
/// and 10 s either way.
#[test]
fn small_files_do_not_unfold_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let dictionary = |rows: usize, bytes| {
        let batches = vec![repeated(bytes, 8); rows / 8];
        parquet(&batches, |set| set.set_dictionary_page_size_limit(64 * MIB))
    };
    let plain = |codec| {
        let batch = repeated(16 * MIB, 2);
        parquet(&vec![batch; 40], move |set| {
            set.set_dictionary_enabled(false)
                .set_compression(codec)
                .set_data_page_size_limit(1)
                .set_write_batch_size(1)
        })
    };
    let delta = parquet(&vec![repeated(MIB, 8); 256], |set| {
        set.set_dictionary_enabled(false)
            .set_column_encoding("s".into(), Encoding::DELTA_BYTE_ARRAY)
            .set_writer_version(parquet::file::properties::WriterVersion::PARQUET_2_0)
            .set_data_page_size_limit(1 << 30)
    });
    // One row of so many elements that they need more than a batch may have.
    let elements = DECODED_BATCH_BYTES_MAX as usize / 8;
    let values = Int64Array::from(vec![7; elements]);
    let field = Arc::new(Field::new("item", values.data_type().clone(), true));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([elements]);
    let list = ListArray::new(field, offsets, Arc::new(values), None);
    let list = RecordBatch::try_from_iter([("t", times(1)), ("l", Arc::new(list) as _)]).unwrap();
    let row = parquet(&[list], |set| set.set_data_page_size_limit(MIB));
    let value = "a value of 16777217 bytes, over the limit of 16777216 bytes";
    let whole = "it has more than 536870912 bytes";
    for (name, bytes, events, table) in [
        // 1 GiB of text in rows of 1 MiB: events come in small batches, a table is too large.
        ("dictionary.parquet", dictionary(1024, MIB), "1024", whole),
        ("long-dictionary.parquet", dictionary(8, CELL_BYTES_MAX as usize + 1), value, value),
        ("plain.parquet", plain(zstd()), "80", whole),
        ("delta.parquet", delta, "2048", whole),
        ("list.parquet", row, "row group 0 of 1 rows: one row may unfold to", "of 67108864 bytes"),
        (
            "page.parquet",
            parquet(&[repeated(PAGE_BYTES_MAX as usize / 8 + 1, 8)], |set| {
                set.set_dictionary_enabled(false).set_data_page_size_limit(1 << 30)
            }),
            "column \"s\", row group 0 of 8 rows: a page of 134217772 bytes",
            "over the limit of 134217728 bytes",
        ),
        (
            "lz4.arrow",
            ipc(&referred(MIB, 1 << 10), CompressionType::LZ4_FRAME, false),
            "1024",
            "1024",
        ),
        ("keys.arrow", ipc(&referred(16 * MIB, 99), CompressionType::ZSTD, false), "99", "99"),
        (
            "zeros.arrow",
            ipc(&repeated(MIB, ARROW_BATCH_BYTES_MAX as usize / MIB), CompressionType::ZSTD, false),
            "record batch 0 (from 0): its compressed buffers unfold to 26843",
            "over the limit of 268435456 bytes",
        ),
        (
            "zeros-stream.arrow",
            ipc(&repeated(MIB, ARROW_BATCH_BYTES_MAX as usize / MIB), CompressionType::ZSTD, true),
            "record batch 0 (from 0): its compressed buffers unfold to 26843",
            "over the limit of 268435456 bytes",
        ),
    ] {
        assert!(bytes.len() < 3 * MIB, "{name} has {} bytes", bytes.len());
        let path = write(folder.path(), name, bytes);
        let [found_events, found_table] = limited(&path);
        assert!(found_events.contains(events), "{name}: {found_events}");
        assert!(found_table.contains(table), "{name}: {found_table}");
        if found_events.starts_with("Error") {
            let place = if name.contains("stream") { "standard input" } else { name };
            for word in [place, "LimitReached"] {
                assert!(found_events.contains(word), "{name}: {found_events}");
            }
        }
    }
}

/// Goal: what a header claims is not believed: sizes of pages, numbers of values, and lengths of
/// buffers beyond what is there are errors that name the file. Method: headers changed by hand.
#[test]
fn claims_of_headers_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let batch = referred(5, 3);
    // A buffer of lz4 begins with its length.
    let long = |codec, stream| {
        let keys = PrimitiveArray::<Int32Type>::from_iter_values(vec![0; 777]);
        let texts = DictionaryArray::new(keys, Arc::new(StringArray::from(vec!["x"])));
        let batch = RecordBatch::try_from_iter([("t", times(777)), ("s", Arc::new(texts) as _)]);
        let bytes = ipc(&batch.unwrap(), codec, stream);
        patched(bytes, &(777u64 * 4).to_le_bytes(), &(1u64 << 40).to_le_bytes())
    };
    let mut files = vec![
        ("claim.arrow", long(CompressionType::LZ4_FRAME, false), "unfold to 1099511"),
        ("claim-stream.arrow", long(CompressionType::ZSTD, true), "unfold to 1099511"),
    ];
    // The sizes of a page are zigzag numbers of five bytes at most: 20 times 13 bytes.
    let texts = |codec| {
        parquet(&[repeated(1000, 2000)], move |set| {
            set.set_compression(codec).set_dictionary_enabled(false)
        })
    };
    for (name, codec) in [
        ("gzip.parquet", Compression::GZIP(GzipLevel::default())),
        ("brotli.parquet", Compression::BROTLI(BrotliLevel::default())),
        ("zstd.parquet", zstd()),
    ] {
        let bytes = texts(codec);
        files.push((name, smaller_page(bytes), "cannot be read"));
    }
    for (name, bytes, expect) in files {
        let path = write(folder.path(), name, bytes);
        for found in limited(&path) {
            let place = if found.contains("standard input") { "standard input" } else { name };
            assert!(found.contains(expect) && found.contains(place), "{name}: {found}");
        }
    }
    // What is sound is read, also with references in lists.
    let keys = PrimitiveArray::<Int8Type>::from_iter_values([0, 1, 0]);
    let items = DictionaryArray::new(keys, Arc::new(StringArray::from(vec!["a", "b"])));
    let item = Arc::new(Field::new("item", items.data_type().clone(), true));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([2, 0, 1]);
    let lists = ListArray::new(item, offsets, Arc::new(items), None);
    let fields = vec![
        batch.schema().field(0).clone(),
        batch.schema().field(1).clone(),
        Field::new("l", lists.data_type().clone(), true),
    ];
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(lists));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let schema = schema(&["t timestamp", "s string?", "l list<string>?"], None);
    for (name, bytes) in [
        ("sound.parquet", parquet(std::slice::from_ref(&batch), |set| set)),
        ("sound.arrow", ipc(&batch, CompressionType::ZSTD, false)),
    ] {
        let path = write(folder.path(), name, bytes);
        let all = read(&[SourceFile::from(&*path)], &schema, ReadOptions::default()).unwrap();
        assert_eq!(all.positions(), [0, 1, 2]);
        let input = Box::new(std::fs::File::open(&path).unwrap());
        if name.ends_with("arrow") {
            let schema = Arc::clone(&schema);
            let format = Format::ArrowIpc;
            let reader = open_events_stdin(format, input, schema, ReadOptions::default());
            assert!(reader.and_then(|mut reader| drain(&mut *reader)).is_err(), "it is a file");
        }
    }
}

/// The file with a first page that claims to be smaller than it is: the second number of its header
/// becomes 2, in as many bytes.
fn smaller_page(mut bytes: Vec<u8>) -> Vec<u8> {
    // The pages of the texts are the largest: their header is the one whose size is of three bytes.
    let head = (4..bytes.len()).find(|at| {
        let head = &bytes[*at..*at + 6];
        head[..3] == [0x15, 0, 0x15] && head[3] >= 0x80 && head[4] >= 0x80 && head[5] < 0x80
    });
    let at = head.expect("a page of texts") + 3;
    bytes[at..at + 3].copy_from_slice(&[0x84, 0x80, 0]);
    bytes
}
