//! The spine of a job: the table of questions (keys and times) that the job computes features for,
//! in one file, in the files of a pattern, or made in memory.
//!
//! Invariant: in text formats, which have no types, the service's request columns and the column of
//! times get the types that the service needs. Deliberately absent: checking that the columns are
//! there, which the engine does, so that its message can name the service.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use lockstep_core::notation::{Notation, TimeUnit};
use lockstep_core::value::DataType;
use lockstep_core::{Error, Result};
use lockstep_engine::service::Service;
use lockstep_source::clock::modified;
use lockstep_source::{
    Location, Pattern, ReadAhead, SourceFile, TableOptions, open_tables, read_tables,
};
use std::path::Path;
use std::time::Duration;

/// The most rows of a batch.
const BATCH_ROWS: usize = 1 << 17;

/// Where a spine is.
#[derive(Debug)]
pub(crate) enum Spine {
    /// In files.
    Files { files: Vec<SourceFile>, options: TableOptions },
    /// In memory: at least one batch, all of one schema.
    Made(Vec<RecordBatch>),
}

/// Reads a spine in batches.
pub(crate) enum SpineReader {
    Ahead(ReadAhead),
    Made(SchemaRef, std::vec::IntoIter<RecordBatch>),
}

impl SpineReader {
    pub(crate) fn schema(&self) -> &SchemaRef {
        match self {
            SpineReader::Ahead(reader) => reader.schema(),
            SpineReader::Made(schema, _) => schema,
        }
    }

    /// The next batch; `None` at the end.
    pub(crate) fn read(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            SpineReader::Ahead(reader) => reader.read(),
            SpineReader::Made(_, batches) => Ok(batches.next()),
        }
    }
}

impl Spine {
    /// The spine at `path`, a path, a pattern or a URL, whose column `as_of` holds the times.
    /// Integers are times in `time_unit`, if one is given.
    pub(crate) fn find(
        path: &Path,
        service: &Service,
        as_of: &str,
        time_unit: Option<TimeUnit>,
    ) -> Result<Spine> {
        let files = Pattern::new("", path.to_string_lossy()).files()?;
        let request = service.request.iter().map(|c| (c.name.clone(), c.data_type.clone()));
        let columns = request.chain([(as_of.to_string(), DataType::Timestamp)]).collect();
        let options = TableOptions { columns, notation: Notation::of_unit(time_unit) };
        Ok(Spine::Files { files, options })
    }

    /// All rows, in memory.
    pub(crate) fn read(&self) -> Result<RecordBatch> {
        match self {
            Spine::Files { files, options } => read_tables(files, options),
            Spine::Made(batches) => {
                let schema = batches[0].schema();
                concat_batches(&schema, batches)
                    .map_err(|error| Error::bug("batches of one schema").because(error))
            }
        }
    }

    /// The columns.
    pub(crate) fn schema(&self) -> Result<SchemaRef> {
        Ok(match self {
            Spine::Files { files, options } => {
                open_tables(files, options, BATCH_ROWS)?.schema().clone()
            }
            Spine::Made(batches) => batches[0].schema(),
        })
    }

    /// A reader of all rows in batches; files are read ahead by a thread of its own.
    pub(crate) fn reader(&self) -> Result<SpineReader> {
        Ok(match self {
            Spine::Files { files, options } => {
                SpineReader::Ahead(open_tables(files, options, BATCH_ROWS)?.ahead())
            }
            Spine::Made(batches) => {
                SpineReader::Made(batches[0].schema(), batches.clone().into_iter())
            }
        })
    }

    /// For each local file, its size and time of change, by which a changed file is noticed. For an
    /// object there is none; its reader compares tags.
    pub(crate) fn versions(&self) -> Vec<Option<(u64, Duration)>> {
        let version = |file: &SourceFile| match file.location() {
            Location::File(path) => {
                let metadata = path.metadata().ok()?;
                Some((metadata.len(), modified(&metadata)?))
            }
            Location::Object(_) => None,
        };
        match self {
            Spine::Files { files, .. } => files.iter().map(version).collect(),
            Spine::Made(_) => vec![],
        }
    }
}
