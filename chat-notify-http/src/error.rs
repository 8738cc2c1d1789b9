//! What answers mean to the core.

use chat_core::error::{BackendError, ErrorKind};
use reqwest::StatusCode;

const BACKEND: &str = "http";
const OP: &str = "notify";

/// What the receiver answered.
#[derive(Debug, thiserror::Error)]
#[error("the receiver answers {0}")]
struct Refusal(StatusCode);

/// A failure without an answer: nobody there, cut off, too late.
pub(crate) fn unanswered(error: reqwest::Error) -> BackendError {
    // A URL may hold a password.
    failure(ErrorKind::Unavailable).with_source(error.without_url())
}

/// The failure behind an answer that does not say that everything was taken. Whatever it says, an operator may mend it.
pub(crate) fn refused(status: StatusCode) -> BackendError {
    failure(ErrorKind::Unavailable).with_source(Refusal(status))
}

/// What is to be sent cannot be written.
pub(crate) fn unwritable(error: serde_json::Error) -> BackendError {
    failure(ErrorKind::Internal).with_source(error)
}

const fn failure(kind: ErrorKind) -> BackendError {
    BackendError::new(kind, BACKEND, OP)
}
