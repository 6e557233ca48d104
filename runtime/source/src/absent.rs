//! Columns that a source declares, may be null, and that a whole file lacks.
//!
//! Such a column is null in every row of the file, which is what its declaration allows, but often
//! a typing error in a header. So it is told once for each file, or, with strict columns, refuses
//! the file.
//!
//! Invariant: what is told never changes what is read. Deliberately absent: printing, which is the
//! caller's.

use super::header::absent_nullable_column;
use lockstep_core::code::Code;
use lockstep_core::error::Result;
use lockstep_core::event::SourceSchema;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A column that a file lacks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notice {
    /// The file.
    pub file: String,
    /// The column that is read as null.
    pub column: String,
    /// Columns that are there and resemble it, the most similar first.
    pub near: Vec<String>,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Notice { file, column, near } = self;
        let near = Code::MissingColumn { column: column.clone(), near: near.clone() };
        let near = near.did_you_mean();
        write!(f, "{file}: there is no column {column:?}, so it is null in every row{near}")
    }
}

/// What readers have to tell, until somebody takes it.
#[derive(Clone, Debug, Default)]
pub struct Notices(Arc<Mutex<Vec<Notice>>>);

impl Notices {
    /// Takes what was told since the last call.
    pub fn take(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, notice: Notice) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
    }
}

/// The declared columns that a file lacks: the index of each, and its code with similar names.
pub(super) type Absent = Vec<(usize, Code)>;

/// What is done about columns that a file lacks.
#[derive(Clone, Debug, Default)]
pub(super) struct Absence {
    /// Whether such a file is refused.
    pub(super) strict: bool,
    pub(super) notices: Notices,
}

impl Absence {
    /// Tells what the file at `place` lacks, or refuses it.
    pub(super) fn tell(&self, place: &str, schema: &SourceSchema, absent: Absent) -> Result<()> {
        for (index, code) in absent {
            let column = &schema.columns[index];
            if self.strict {
                return Err(absent_nullable_column(place, column, &schema.source, code));
            }
            let near = match code {
                Code::MissingColumn { near, .. } => near,
                _ => vec![],
            };
            let (file, column) = (place.to_string(), column.name.clone());
            self.notices.add(Notice { file, column, near });
        }
        Ok(())
    }
}
