//! Stores that fail.

use chat_core::error::{BackendError, ErrorKind};

use crate::http::testing::Answer;

/// How a store can fail, and what is answered then.
pub(crate) const FAILURES: [(ErrorKind, u16); 2] =
    [(ErrorKind::Unavailable, 503), (ErrorKind::Internal, 500)];

/// What a store says that fails so; nobody is to hear of it.
pub(crate) fn fault(kind: ErrorKind) -> BackendError {
    BackendError::new(kind, "mysql", "read").with_source("secret host")
}

/// What is told has this status and these words and no others, and when to come back.
pub(crate) fn is_told(answer: &Answer, status: u16, words: &str) {
    assert_eq!((answer.status.as_u16(), answer.text()), (status, words));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let after = answer.header("retry-after");
    assert_eq!(after, (status == 503).then_some("1"));
}
