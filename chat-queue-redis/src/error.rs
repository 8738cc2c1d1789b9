//! What Redis' answers mean to the core.

use chat_core::error::{BackendError, ErrorKind};
use redis::{RedisError, ServerErrorKind};

const BACKEND: &str = "redis";

/// Codes of answers that say "not now": no memory, no disk, too few replicas, a script that runs.
const LATER: [&str; 5] = ["OOM", "MISCONF", "NOREPLICAS", "BUSY", "NOMASTERLINK"];

/// Codes of answers to credentials that it does not take: an operator's fault, and he may mend it.
const CREDENTIALS: [&str; 2] = ["WRONGPASS", "NOAUTH"];

/// What a server says to whoever connects when too many are, with no code of its own.
const TOO_MANY_CLIENTS: &str = "max number of clients";

/// A failure that Redis said nothing about.
pub(crate) fn failure(kind: ErrorKind, op: &'static str) -> BackendError {
    BackendError::new(kind, BACKEND, op)
}

/// The one translation of what Redis and its driver say.
pub(crate) fn translate(op: &'static str) -> impl Fn(RedisError) -> BackendError {
    move |error| failure(kind(&error), op).with_source(error)
}

fn kind(error: &RedisError) -> ErrorKind {
    match error.kind() {
        redis::ErrorKind::Io
        | redis::ErrorKind::AuthenticationFailed
        | redis::ErrorKind::ClusterConnectionNotFound
        | redis::ErrorKind::MasterNameNotFoundBySentinel
        | redis::ErrorKind::NoValidReplicasFoundBySentinel
        | redis::ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly,
        ) => ErrorKind::Unavailable,
        _ if error
            .code()
            .is_some_and(|code| LATER.contains(&code) || CREDENTIALS.contains(&code)) =>
        {
            ErrorKind::Unavailable
        }
        _ if error
            .detail()
            .is_some_and(|detail| detail.contains(TOO_MANY_CLIENTS)) =>
        {
            ErrorKind::Unavailable
        }
        redis::ErrorKind::InvalidClientConfig => ErrorKind::Invalid,
        _ => ErrorKind::Internal,
    }
}

/// Whether the connection is to be replaced: it broke, does not answer, or leads to a server that
/// follows another one now.
pub(crate) fn is_worn(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            redis::ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
        )
}

/// No answer in time.
pub(crate) fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_the_kinds_that_callers_match_on() {
        let said = |code: &str| redis::make_extension_error(code.to_owned(), None);
        let server = |kind| RedisError::from((redis::ErrorKind::Server(kind), "said"));
        for (error, expected) in [
            (timed_out(), ErrorKind::Unavailable),
            (said("OOM"), ErrorKind::Unavailable),
            (said("MISCONF"), ErrorKind::Unavailable),
            (said("WRONGPASS"), ErrorKind::Unavailable),
            (said("NOAUTH"), ErrorKind::Unavailable),
            (
                (redis::ErrorKind::AuthenticationFailed, "said").into(),
                ErrorKind::Unavailable,
            ),
            (
                redis::make_extension_error(
                    "ERR".to_owned(),
                    Some("max number of clients reached".to_owned()),
                ),
                ErrorKind::Unavailable,
            ),
            (said("ERR"), ErrorKind::Internal),
            (said("WRONGTYPE"), ErrorKind::Internal),
            (server(ServerErrorKind::BusyLoading), ErrorKind::Unavailable),
            (server(ServerErrorKind::ReadOnly), ErrorKind::Unavailable),
            (server(ServerErrorKind::ClusterDown), ErrorKind::Unavailable),
            (server(ServerErrorKind::NoPerm), ErrorKind::Internal),
            (server(ServerErrorKind::CrossSlot), ErrorKind::Internal),
        ] {
            assert_eq!(kind(&error), expected, "{error}");
        }
    }
}
