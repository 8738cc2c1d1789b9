//! What SQLite's codes mean to the core.

use std::path::PathBuf;

use chat_core::error::{BackendError, ErrorKind};
use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE, SQLITE_IOERR_FSYNC};

pub(crate) const BACKEND: &str = "sqlite";

/// Why a file could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process writes it.
    #[error("{path} is in use by process {holder}, and only one may write it")]
    Locked {
        /// The database file.
        path: PathBuf,
        /// The process that holds it, as it wrote itself down.
        holder: String,
    },
    /// A newer program wrote it.
    #[error(
        "{path} was written by a newer version (its schema is {found}, this program knows up to {known}); use that version or a newer one"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// It must be opened for writing once, so that it is brought up to date.
    #[error(
        "{path} is of an older version (its schema is {found}, this program needs {known}); start the server on it once"
    )]
    Older {
        /// The database file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The version that is needed.
        known: i64,
    },
    /// It is something else.
    #[error("{path} is not a chat database")]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
}

impl OpenError {
    pub(crate) fn into_backend(self) -> BackendError {
        let kind = match self {
            Self::Locked { .. } => ErrorKind::Conflict,
            _ => ErrorKind::Invalid,
        };
        BackendError::new(kind, BACKEND, "open").with_source(self)
    }
}

/// A failure that SQLite said nothing about.
pub(crate) fn failure(kind: ErrorKind, op: &'static str) -> BackendError {
    BackendError::new(kind, BACKEND, op)
}

/// The one translation of what SQLite says.
pub(crate) fn translate(op: &'static str) -> impl Fn(rusqlite::Error) -> BackendError {
    move |error| BackendError::new(kind(&error), BACKEND, op).with_source(error)
}

fn kind(error: &rusqlite::Error) -> ErrorKind {
    let extended = error.sqlite_error().map(|code| code.extended_code);
    if let Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY) = extended {
        return ErrorKind::AlreadyExists;
    }
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied,
        ) => ErrorKind::Unavailable,
        Some(ErrorCode::TooBig) => ErrorKind::Invalid,
        Some(ErrorCode::ConstraintViolation) => ErrorKind::Conflict,
        _ => ErrorKind::Internal,
    }
}

/// A failure of the COMMIT itself. When the sync of the log failed, its last frame may be on disk
/// all the same, and a crash now would bring it back.
pub(crate) fn translate_commit(op: &'static str, error: rusqlite::Error) -> BackendError {
    let unknown = error
        .sqlite_error()
        .is_some_and(|code| code.extended_code == SQLITE_IOERR_FSYNC);
    let kind = if unknown {
        ErrorKind::OutcomeUnknown
    } else {
        kind(&error)
    };
    BackendError::new(kind, BACKEND, op).with_source(error)
}

/// A failure of a file beside the database.
pub(crate) fn translate_io(op: &'static str) -> impl Fn(std::io::Error) -> BackendError {
    move |error| {
        let kind = match error.kind() {
            std::io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Unavailable,
        };
        BackendError::new(kind, BACKEND, op).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
    }

    #[test]
    fn codes_become_the_kinds_that_callers_match_on() {
        use rusqlite::ffi;
        for (code, expected) in [
            (ffi::SQLITE_FULL, ErrorKind::Unavailable),
            (ffi::SQLITE_IOERR_WRITE, ErrorKind::Unavailable),
            (ffi::SQLITE_READONLY, ErrorKind::Unavailable),
            (ffi::SQLITE_BUSY, ErrorKind::Unavailable),
            (ffi::SQLITE_CANTOPEN, ErrorKind::Unavailable),
            (ffi::SQLITE_NOMEM, ErrorKind::Unavailable),
            (ffi::SQLITE_TOOBIG, ErrorKind::Invalid),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, ErrorKind::AlreadyExists),
            (ffi::SQLITE_CONSTRAINT_CHECK, ErrorKind::Conflict),
            (ffi::SQLITE_CORRUPT, ErrorKind::Internal),
            (ffi::SQLITE_NOTADB, ErrorKind::Internal),
        ] {
            assert_eq!(translate("commit")(failed(code)).kind(), expected, "{code}");
        }
    }

    #[test]
    fn a_commit_whose_sync_failed_has_an_unknown_outcome() {
        let error = translate_commit("commit", failed(SQLITE_IOERR_FSYNC));
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
        let error = translate_commit("commit", failed(rusqlite::ffi::SQLITE_FULL));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}
