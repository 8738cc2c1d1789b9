//! What MySQL's codes mean to the core.

use std::time::Duration;

use chat_core::error::{BackendError, ErrorKind};
use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

pub(crate) const BACKEND: &str = "mysql";

const TOO_MANY_CONNECTIONS: u16 = 1_040;
const OUT_OF_MEMORY: u16 = 1_037;
const OUT_OF_RESOURCES: u16 = 1_041;
const DISK_FULL: u16 = 1_021;
const ENGINE_ERROR: u16 = 1_030;
const TABLE_FULL: u16 = 1_114;
const ACCESS_DENIED: u16 = 1_045;
const SERVER_SHUTDOWN: u16 = 1_053;
const ABORTING_CONNECTION: u16 = 1_152;
const PACKET_TOO_LARGE: u16 = 1_153;
const LOCK_TIMEOUT: u16 = 1_205;
const DEADLOCK: u16 = 1_213;
const USER_LIMIT: u16 = 1_226;
const USER_CONNECTIONS: u16 = 1_203;
const OUT_OF_RANGE: u16 = 1_264;
const OPTION_PREVENTS: u16 = 1_290;
const INTERRUPTED: u16 = 1_317;
const WRONG_TEXT: u16 = 1_366;
const TOO_LONG: u16 = 1_406;
const PREPARED_LIMIT: u16 = 1_461;
const READ_ONLY_TRANSACTION: u16 = 1_792;
const READ_ONLY: u16 = 1_836;
const CONNECTION_KILLED: u16 = 1_927;
/// MariaDB's.
const STATEMENT_TIME: u16 = 1_969;
const TIME_LIMIT: u16 = 3_024;
const SESSION_KILLED: u16 = 3_169;
const IDLE_TOO_LONG: u16 = 4_031;

const DUPLICATE: u16 = 1_062;
/// The unique keys whose values callers make: another row with such a value stays taken, however often one tries.
const GIVEN_BY_CALLERS: [&str; 4] = [
    "applications_public_id'",
    "applications_token_hash'",
    "chats_uuid'",
    "users_lasting_hash'",
];

/// Why a server cannot be used as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names no database, or is no such URL.
    #[error("the store's URL must be mysql://user:password@host:port/database ({reason})")]
    Url {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The server is too old.
    #[error("the server is {found}; MySQL 8.4 or MariaDB 10.11 is the oldest that is supported")]
    Version {
        /// What the server says it is.
        found: String,
    },
    /// A setting of the server has to be another one.
    #[error("the server's {name} is {found}; it must be {wanted}: {reason}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        wanted: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A newer program wrote the database.
    #[error(
        "the database was written by a newer version (its schema is {found}, this program knows up to {known}); use that version or a newer one"
    )]
    Newer {
        /// The version of its schema.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The database holds something else.
    #[error("the database is not empty and not a chat database")]
    NotOurs,
    /// Another process brings the database up to date and has not come to an end.
    #[error("another process has been bringing the database up to date for {0:?}")]
    Migrating(Duration),
}

impl OpenError {
    pub(crate) fn into_backend(self) -> BackendError {
        let kind = match self {
            Self::Migrating(_) => ErrorKind::Unavailable,
            _ => ErrorKind::Invalid,
        };
        BackendError::new(kind, BACKEND, "open").with_source(self)
    }
}

/// A call that took longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
pub(crate) struct TooSlow(pub(crate) Duration);

pub(crate) fn too_slow(op: &'static str, limit: Duration) -> BackendError {
    BackendError::new(ErrorKind::Unavailable, BACKEND, op).with_source(TooSlow(limit))
}

/// The one translation of what the driver says.
pub(crate) fn translate(op: &'static str) -> impl Fn(Error) -> BackendError {
    move |error| BackendError::new(kind(&error), BACKEND, op).with_source(error)
}

pub(crate) fn kind(error: &Error) -> ErrorKind {
    match error {
        Error::Database(inner) => match inner.try_downcast_ref::<MySqlDatabaseError>() {
            Some(inner) => database(inner.number(), inner.message()),
            None => ErrorKind::Internal,
        },
        // What cannot be understood comes from a connection that is broken.
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => ErrorKind::Unavailable,
        Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}

fn database(code: u16, message: &str) -> ErrorKind {
    match code {
        LOCK_TIMEOUT | DEADLOCK => ErrorKind::Conflict,
        DUPLICATE if GIVEN_BY_CALLERS.iter().any(|key| message.ends_with(key)) => {
            ErrorKind::AlreadyExists
        }
        DUPLICATE => ErrorKind::Conflict,
        PACKET_TOO_LARGE | OUT_OF_RANGE | WRONG_TEXT | TOO_LONG => ErrorKind::Invalid,
        TOO_MANY_CONNECTIONS
        | USER_LIMIT
        | USER_CONNECTIONS
        | ACCESS_DENIED
        | PREPARED_LIMIT
        | OUT_OF_MEMORY
        | OUT_OF_RESOURCES
        | DISK_FULL
        | ENGINE_ERROR
        | TABLE_FULL
        | OPTION_PREVENTS
        | READ_ONLY
        | READ_ONLY_TRANSACTION
        | STATEMENT_TIME
        | TIME_LIMIT => ErrorKind::Unavailable,
        _ if is_farewell(code) => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}

/// Whether the server says with this code that the connection is at its end.
const fn is_farewell(code: u16) -> bool {
    matches!(
        code,
        SERVER_SHUTDOWN
            | ABORTING_CONNECTION
            | INTERRUPTED
            | CONNECTION_KILLED
            | SESSION_KILLED
            | IDLE_TOO_LONG
    )
}

/// Whether the connection is gone, so that another one may do better.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Protocol(_) => true,
        Error::Database(inner) => inner
            .try_downcast_ref::<MySqlDatabaseError>()
            .is_some_and(|inner| is_farewell(inner.number())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_the_kinds_that_callers_match_on() {
        for (code, message, expected) in [
            (LOCK_TIMEOUT, "", ErrorKind::Conflict),
            (DEADLOCK, "", ErrorKind::Conflict),
            (
                DUPLICATE,
                "Duplicate entry 'x' for key 'requests.PRIMARY'",
                ErrorKind::Conflict,
            ),
            (
                DUPLICATE,
                "Duplicate entry 'x' for key 'applications.applications_token_hash'",
                ErrorKind::AlreadyExists,
            ),
            (
                DUPLICATE,
                "Duplicate entry 'x' for key 'applications_public_id'",
                ErrorKind::AlreadyExists,
            ),
            (TOO_LONG, "", ErrorKind::Invalid),
            (READ_ONLY, "", ErrorKind::Unavailable),
            (TABLE_FULL, "", ErrorKind::Unavailable),
            (STATEMENT_TIME, "", ErrorKind::Unavailable),
            (TIME_LIMIT, "", ErrorKind::Unavailable),
            (SERVER_SHUTDOWN, "", ErrorKind::Unavailable),
            (1_146, "no such table", ErrorKind::Internal),
        ] {
            assert_eq!(database(code, message), expected, "{code}");
        }
    }

    #[test]
    fn a_pool_without_a_connection_is_unavailable() {
        for error in [Error::PoolTimedOut, Error::PoolClosed] {
            assert_eq!(translate("read")(error).kind(), ErrorKind::Unavailable);
        }
    }
}
