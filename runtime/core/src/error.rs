//! The one public error type.
//!
//! Invariant: `message` names the place (view, key, file, row) and the remedy; `kind` says who has
//! to act, and `code` says what happened, for programs. No program needs to match the text of a
//! message: messages are for people, and the chain of sources keeps the cause.

use crate::code::Code;
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// What the caller does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Fix the input: a file, a flag, a declaration or a request is wrong.
    Input,
    /// Try again later: the environment failed (I/O, a lock, a full disk).
    Retry,
    /// Restore the store from a backup or replay it from the source: its bytes are damaged.
    Restore,
    /// Report a bug: an invariant of Lockstep itself does not hold.
    Bug,
}

/// The error of every public function. As JSON it has a `kind`, a `code`, that code's `data` if it
/// has any, and a `message` with all causes.
#[derive(Clone, Debug)]
pub struct Error {
    /// What the caller does about it.
    pub kind: ErrorKind,
    /// What happened, with the data that a caller may act on.
    pub code: Code,
    /// What went wrong, where, and the remedy.
    pub message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The result of every public function.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` without a cause.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, code: Code::Unspecified, message: message.into(), source: None }
    }

    /// The caller must fix its input.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// The environment failed; the same call may succeed later.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Retry, message)
    }

    /// A store is damaged.
    pub fn restore(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Restore, message)
    }

    /// An invariant of Lockstep does not hold.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bug, message)
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into().into());
        self
    }

    /// Says what happened, for programs.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// Replaces the kind, where the caller knows better who has to act.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Gives the position that the error's code names another form: where a call begins is known
    /// step by step. Only [`Code::Impure`] has such a position.
    #[must_use]
    pub fn moved(mut self, position: impl FnOnce(u64) -> u64) -> Self {
        if let Code::Impure { position: Some(of), .. } = &mut self.code {
            *of = position(*of);
        }
        self
    }

    /// Says for which view a guest was asked, if the error is that the guest is not pure.
    #[must_use]
    pub fn of_view(mut self, name: &str) -> Self {
        if let Code::Impure { view, .. } = &mut self.code {
            view.get_or_insert_with(|| name.to_string());
        }
        self
    }

    /// Puts `place` in front of the message, as in `events.parquet: row 7: …`.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            kind: ErrorKind,
            #[serde(flatten)]
            code: &'a Code,
            message: String,
        }
        Shown { kind: self.kind, code: &self.code, message: self.to_string() }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: adding to an error never changes its kind or code. Method: each way to add to one, and
    /// a clone.
    #[test]
    fn more_words_keep_kind_and_code() {
        let error =
            Error::retry("in use").with_code(Code::StoreLocked).at("store s").because("why");
        let again = error.clone().at("here");
        assert_eq!((again.kind, &again.code), (ErrorKind::Retry, &Code::StoreLocked));
        assert_eq!(again.to_string(), "here: store s: in use: why");
        let json = r#"{"kind":"retry","code":"store_locked","message":"store s: in use: why"}"#;
        assert_eq!(serde_json::to_string(&error).unwrap(), json);
    }
}
