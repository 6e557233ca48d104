//! The spine of a job: the table of questions (keys and times) that the job computes features for,
//! in one file or in the files of a pattern.
//!
//! Invariant: in text formats, which have no types, the service's request columns and the column of
//! times get the types that the service needs. Deliberately absent: checking that the columns are
//! there, which the engine does, so that its message can name the service.

use arrow::array::RecordBatch;
use lockstep_core::Result;
use lockstep_core::notation::{Notation, TimeUnit};
use lockstep_core::value::DataType;
use lockstep_engine::service::Service;
use lockstep_source::clock::modified;
use lockstep_source::{
    Location, Pattern, ReadAhead, SourceFile, TableOptions, open_tables, read_tables,
};
use std::path::Path;
use std::time::Duration;

/// The most rows of a batch.
const BATCH_ROWS: usize = 1 << 17;

/// The files of a spine.
#[derive(Debug)]
pub(crate) struct Spine {
    files: Vec<SourceFile>,
    options: TableOptions,
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
        Ok(Spine { files, options })
    }

    /// All rows, in memory.
    pub(crate) fn read(&self) -> Result<RecordBatch> {
        read_tables(&self.files, &self.options)
    }

    /// A reader of all rows in batches, which a thread of its own reads ahead.
    pub(crate) fn reader(&self) -> Result<ReadAhead> {
        Ok(open_tables(&self.files, &self.options, BATCH_ROWS)?.ahead())
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
        self.files.iter().map(version).collect()
    }
}
