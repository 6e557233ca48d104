//! Error codes: what happened, for programs, with the data that a caller may act on.
//!
//! Invariant: no caller needs to read a message to tell errors apart. A code's name, as
//! [`Code::name`] returns it and `--json` prints it, never changes its meaning; `docs/ERRORS.md`
//! lists them all. Deliberately absent: who has to act, which is the error's
//! [`kind`](crate::Error::kind).

use crate::near::near;
use crate::time::Time;
use serde::{Serialize, Serializer};

/// What happened. More codes may come, so a `match` needs a `_` arm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "code", content = "data", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// Nothing more specific than the error's kind. The message names the place and the remedy.
    #[default]
    Unspecified,
    /// A name is not known. Correct it; `near` lists likely candidates.
    UnknownName {
        /// What kind of thing was named: `service`, `source`, `view`, `feature`, `key column`,
        /// `request column`, `format`.
        what: &'static str,
        /// The name.
        name: String,
        /// Known names that resemble it, the most similar first.
        near: Vec<String>,
    },
    /// A file or a request lacks a column. Add it, or correct a name.
    MissingColumn {
        /// The column.
        column: String,
        /// Columns that are there and resemble it, the most similar first.
        near: Vec<String>,
    },
    /// A column has a type that does not fit its declaration. Convert it, or declare it otherwise.
    WrongColumnType {
        /// The column.
        column: String,
        /// The declared type.
        expected: String,
        /// The type that was found.
        found: String,
    },
    /// A file, a spine or a request has two columns of the same name, or the output would. Rename
    /// one.
    DuplicateColumn {
        /// The column.
        column: String,
    },
    /// A row of a spine or a request holds a value that cannot be used. Correct the row.
    BadRow {
        /// The row, from 0; a single request is row 0.
        row: u64,
        /// The column, if the error is in a single column.
        column: Option<String>,
    },
    /// An on-demand transform refused a row or failed on it. Correct the row, or the transform.
    RowRefused {
        /// The row of the spine or the request, from 0; a single request is row 0.
        row: u64,
        /// The transform.
        transform: String,
        /// What the transform says.
        reason: String,
    },
    /// A guest answered differently when it was asked again: its answer depends on more than the
    /// item that it is about (S7), or a user-defined aggregate breaks a law (S21). Correct the
    /// transform or the aggregate, and build it again.
    Impure {
        /// The view that is stopped; `None` for an on-demand transform, and where it is not known.
        view: Option<String>,
        /// What answered, as in `view orders`, `on-demand transform score` and `aggregate Median`.
        function: String,
        /// Of a view, the position of the event in its source's partition; of an on-demand
        /// transform, the row of the spine or the request; else `None`.
        position: Option<u64>,
        /// The column in which the answers differ, if they have the same rows.
        column: Option<String>,
        /// The first answer.
        first: String,
        /// The answer when it was asked again.
        again: String,
    },
    /// A view has stopped, so its features have no values. Correct what `reason` says.
    ViewStopped {
        /// The view.
        view: String,
        /// The partition of its source in which it stopped.
        partition: String,
        /// The view holds the events before this position.
        position: u64,
        /// Why it stopped.
        reason: String,
    },
    /// A store no longer holds what a request needs. Ask as of `oldest` or later (S12).
    NotAnswerable {
        /// The oldest `as_of` at which every window of every requested view can be computed.
        #[serde(serialize_with = "as_text")]
        oldest: Time,
    },
    /// A feature reaches further back than its view keeps single events online. Use it in training
    /// sets only, or declare a larger `exact_max`.
    NotOnline {
        /// The feature, as `view.feature`.
        feature: String,
    },
    /// A view has never caught up with its source. Run `lockstep stream` or `backfill`.
    NotCaughtUp {
        /// The view.
        view: String,
        /// The source position that it has reached.
        position: u64,
        /// The position that it must reach before it serves requests.
        target: u64,
    },
    /// A new generation of a view cannot be filled, because its source cannot be read again from
    /// its first position. Bring files that cover it, or fill a new store.
    NotRepeatable {
        /// The source.
        source: String,
        /// The partition that cannot be read again.
        partition: String,
    },
    /// The files of a source are not those that a store has read. Bring them back, or fill a new
    /// store.
    FilesChanged {
        /// The source.
        source: String,
        /// The first file that differs.
        file: String,
    },
    /// A file, an object, a store or a folder does not exist. Create it, or correct the name.
    NotFound {
        /// What is missing: `project`, `artifact`, `store`, `file`, `folder`.
        what: &'static str,
        /// Its path, pattern or URL.
        place: String,
    },
    /// The project file lacks a setting that the call needs. Add it, or pass the value.
    NotConfigured {
        /// The missing setting, as a path of TOML keys: `store.path`, `artifacts`,
        /// `sources.NAME.files`.
        setting: String,
    },
    /// The file system or an object store refuses access. Grant it, or use other credentials.
    AccessDenied {
        /// The path or URL.
        place: String,
    },
    /// A file is truncated, damaged or not of its format. Write it again, or leave it out.
    DamagedFile {
        /// The file.
        file: String,
    },
    /// The output of a run is one of its inputs. Name another output.
    OutputIsInput {
        /// The path or URL of the output.
        output: String,
    },
    /// The disk is too full for intermediate rows. Make room, or name another folder.
    NoRoom {
        /// The folder.
        folder: String,
        /// The fewest bytes that are needed.
        needed_bytes: u64,
        /// Bytes that are free in the folder.
        free_bytes: u64,
    },
    /// An artifact is not the one that the lock file pins. Restore it, or pin the new one.
    ArtifactNotPinned {
        /// The artifact's name in the project file.
        artifact: String,
    },
    /// A service does not have the digest that the caller demands. Use the model trained on that
    /// service.
    ServiceChanged {
        /// The digest that was demanded.
        demanded: String,
        /// The actual digest of the service.
        found: String,
    },
    /// Rows cannot be appended to a training set, because then it would not be the one that is made
    /// at once. Make it anew.
    NotAppendable {
        /// The file of the training set.
        file: String,
        /// What is in the way: `file` (no such file can be appended to), `service`, `columns`,
        /// `code`, `settings`, `questions`, or `events` (there are other events than there were).
        because: &'static str,
        /// The view whose code or events are others.
        view: Option<String>,
    },
    /// An interrupted backfill must be run again, in the same way, before anything else.
    BackfillUnfinished {
        /// The source.
        source: String,
    },
    /// A store was written by another version of the format. The message says what to do.
    StoreFormat {
        /// The version that was found.
        found: u32,
    },
    /// A store lacks commits that were acknowledged, or cannot tell whether it does. Restore a
    /// backup, or open it with `SledStore::open_behind` and replay the source.
    CommitsLost {
        /// The newest commit that the store holds.
        held: u64,
        /// The newest commit that was acknowledged, if the store knows it.
        acknowledged: Option<u64>,
    },
    /// Another process has the store open. Try again when that process has ended.
    StoreLocked,
    /// A call of an artifact failed for a cause that is not its event's: it says nothing about the
    /// event, and the same call may succeed later (S9).
    CallFailed {
        /// The artifact, by its name in errors.
        artifact: String,
        /// What failed.
        cause: CallCause,
    },
    /// A request was not answered within its deadline. Ask again, or allow it more time.
    DeadlineExceeded {
        /// The deadline in milliseconds from the start of the request.
        deadline_ms: u64,
    },
    /// A limit was reached. The message says how to stay below it.
    LimitReached {
        /// The name of the public constant that sets the limit; it includes the unit.
        limit: &'static str,
        /// The limit.
        max: u64,
    },
}

/// What made a call of an artifact fail, other than its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallCause {
    /// The call ran out of time before it ran out of fuel.
    Time,
    /// The host has no memory left for guests: its own limit, or the system's.
    Memory,
    /// Anything else of the host: a thread, a disk, a failure that did not repeat.
    Host,
}

/// Defines the codes' names once, so that the list of names and `Code::name` cannot differ.
macro_rules! names {
    ($($variant:ident => $name:literal,)*) => {
        impl Code {
            /// The names of all codes.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The code's name, for programs.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Code::$variant { .. } => $name,)*
                }
            }
        }
    };
}

names! {
    Unspecified => "unspecified",
    UnknownName => "unknown_name",
    MissingColumn => "missing_column",
    WrongColumnType => "wrong_column_type",
    DuplicateColumn => "duplicate_column",
    BadRow => "bad_row",
    RowRefused => "row_refused",
    Impure => "impure",
    ViewStopped => "view_stopped",
    NotAnswerable => "not_answerable",
    NotOnline => "not_online",
    NotCaughtUp => "not_caught_up",
    NotRepeatable => "not_repeatable",
    FilesChanged => "files_changed",
    NotFound => "not_found",
    NotConfigured => "not_configured",
    AccessDenied => "access_denied",
    DamagedFile => "damaged_file",
    OutputIsInput => "output_is_input",
    NoRoom => "no_room",
    ArtifactNotPinned => "artifact_not_pinned",
    ServiceChanged => "service_changed",
    NotAppendable => "not_appendable",
    BackfillUnfinished => "backfill_unfinished",
    StoreFormat => "store_format",
    CommitsLost => "commits_lost",
    StoreLocked => "store_locked",
    CallFailed => "call_failed",
    DeadlineExceeded => "deadline_exceeded",
    LimitReached => "limit_reached",
}

impl Code {
    /// The code for `name`, which is none of the `known` names of this kind (`what`).
    pub fn unknown_name<'a>(
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Code {
        Code::UnknownName { what, name: name.to_string(), near: near(name, known) }
    }

    /// The code for `column`, which is none of the columns `found`.
    pub fn missing_column<'a>(column: &str, found: impl IntoIterator<Item = &'a str>) -> Code {
        Code::MissingColumn { column: column.to_string(), near: near(column, found) }
    }

    /// The code for row `row`, which holds a value that cannot be used, in `column` if that is
    /// known.
    pub fn bad_row(row: usize, column: Option<&str>) -> Code {
        Code::BadRow { row: row as u64, column: column.map(str::to_string) }
    }

    /// The code for reaching the limit called `limit`.
    pub fn limit(limit: &'static str, max: usize) -> Code {
        Code::LimitReached { limit, max: max as u64 }
    }

    /// The end of a message about an unknown name: `; did you mean "a" or "b"?`, or an empty
    /// string.
    pub fn did_you_mean(&self) -> String {
        let (Code::UnknownName { near, .. } | Code::MissingColumn { near, .. }) = self else {
            return String::new();
        };
        let shown: Vec<String> = near.iter().map(|name| format!("{name:?}")).collect();
        match shown.split_last() {
            None => String::new(),
            Some((last, [])) => format!("; did you mean {last}?"),
            Some((last, others)) => format!("; did you mean {} or {last}?", others.join(", ")),
        }
    }
}

/// Serialises a time as RFC 3339.
fn as_text<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a suggestion reads as a sentence. Method: none, one, two and three names.
    #[test]
    fn suggestions_are_sentences() {
        let said = |known: &[&str]| Code::missing_column("area", known.to_vec()).did_you_mean();
        assert_eq!(said(&["kind"]), "");
        assert_eq!(said(&["areas"]), "; did you mean \"areas\"?");
        assert_eq!(said(&["are", "areas"]), "; did you mean \"are\" or \"areas\"?");
        let three = "; did you mean \"Area\", \"are\" or \"areas\"?";
        assert_eq!(said(&["are", "areas", "Area"]), three);
    }

    /// Goal: programs read the same name in JSON. Method: codes with and without data.
    #[test]
    fn json_has_the_name_and_the_data() {
        let json = |code: &Code| serde_json::to_string(code).unwrap();
        assert_eq!(json(&Code::StoreLocked), r#"{"code":"store_locked"}"#);
        let oldest = Code::NotAnswerable { oldest: Time::saturating(1) };
        let expect = r#"{"code":"not_answerable","data":{"oldest":"1970-01-01T00:00:00.000001Z"}}"#;
        assert_eq!(json(&oldest), expect);
    }
}
