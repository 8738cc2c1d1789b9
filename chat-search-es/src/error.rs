//! What Elasticsearch's answers mean to the core.

use chat_core::error::{BackendError, ErrorKind};
use serde_json::Value;

pub(crate) const BACKEND: &str = "elasticsearch";

/// The index is there already.
pub(crate) const EXISTS: &str = "resource_already_exists_exception";

const BAD_REQUEST: u16 = 400;
const UNAUTHORIZED: u16 = 401;
const FORBIDDEN: u16 = 403;
pub(crate) const NOT_FOUND: u16 = 404;
const TIMED_OUT: u16 = 408;
/// A document of this version or a newer one is there, or somebody else was first.
pub(crate) const CONFLICT: u16 = 409;
const TOO_LARGE: u16 = 413;
/// Its queues are full; in a while they are not.
pub(crate) const BUSY: u16 = 429;
/// A shard is not there at the moment.
pub(crate) const UNAVAILABLE: u16 = 503;

/// What Elasticsearch refused, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{status} {kind}: {reason}")]
struct Refusal {
    status: u16,
    kind: String,
    reason: String,
}

/// A failure without an answer: nobody there, cut off, too late.
pub(crate) fn unanswered(op: &'static str) -> impl Fn(elasticsearch::Error) -> BackendError {
    move |error| {
        let kind = if error.is_json() {
            ErrorKind::Internal
        } else {
            ErrorKind::Unavailable
        };
        failure(kind, op).with_source(error)
    }
}

/// The failure behind an answer, or behind the part of a `_bulk` answer that is about one document.
pub(crate) fn refused(op: &'static str, status: u16, body: &Value) -> BackendError {
    let kind = match status {
        NOT_FOUND => ErrorKind::NotFound,
        CONFLICT => ErrorKind::Conflict,
        BAD_REQUEST if error_type(body) == Some(EXISTS) => ErrorKind::AlreadyExists,
        BAD_REQUEST | TOO_LARGE => ErrorKind::Invalid,
        // Credentials that it does not take are an operator's fault, and he may mend it.
        UNAUTHORIZED | FORBIDDEN | TIMED_OUT | BUSY | 500.. => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    };
    let reason = body["error"]["reason"].as_str().unwrap_or_default();
    failure(kind, op).with_source(Refusal {
        status,
        kind: error_type(body).unwrap_or("without a reason").to_owned(),
        reason: reason.chars().take(300).collect(),
    })
}

/// An answer that lacks what it should hold.
pub(crate) fn unexpected(op: &'static str, what: &'static str) -> BackendError {
    failure(ErrorKind::Internal, op).with_source(what)
}

/// A failure of this backend.
pub(crate) const fn failure(kind: ErrorKind, op: &'static str) -> BackendError {
    BackendError::new(kind, BACKEND, op)
}

/// What kind of error an answer tells.
fn error_type(body: &Value) -> Option<&str> {
    body["error"]["type"].as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_answer_has_its_kind() {
        let exists = json!({"error": {"type": EXISTS, "reason": "there"}});
        for (status, body, kind) in [
            (400, &exists, ErrorKind::AlreadyExists),
            (400, &Value::Null, ErrorKind::Invalid),
            (401, &Value::Null, ErrorKind::Unavailable),
            (404, &Value::Null, ErrorKind::NotFound),
            (409, &Value::Null, ErrorKind::Conflict),
            (413, &Value::Null, ErrorKind::Invalid),
            (429, &Value::Null, ErrorKind::Unavailable),
            (503, &Value::Null, ErrorKind::Unavailable),
            (302, &Value::Null, ErrorKind::Internal),
        ] {
            assert_eq!(refused("put", status, body).kind(), kind, "{status}");
        }
    }
}
