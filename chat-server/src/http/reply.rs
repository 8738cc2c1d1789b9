//! Answers that every door builds.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// The answer that a handler gives.
pub type Response = warp::reply::Response;

/// What stands around the elements of a list.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Before the first one.
    pub open: &'static str,
    /// After the last one.
    pub close: &'static str,
}

impl Frame {
    /// A bare array.
    pub const ARRAY: Self = Self {
        open: "[",
        close: "]",
    };
}

/// An answer with a JSON list in this frame.
pub fn json_list<T: Serialize>(status: StatusCode, frame: Frame, items: &[T]) -> Response {
    let mut bytes = Vec::with_capacity(16 + items.len() * 128);
    bytes.extend_from_slice(frame.open.as_bytes());
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            bytes.push(b',');
        }
        if let Err(error) = serde_json::to_writer(&mut bytes, item) {
            return broken(&error);
        }
    }
    bytes.extend_from_slice(frame.close.as_bytes());
    with_body(status, "application/json", bytes)
}

fn broken(error: &serde_json::Error) -> Response {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "an answer is no JSON"
    );
    empty(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An answer with a JSON body.
pub fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => with_body(status, "application/json", bytes),
        Err(error) => broken(&error),
    }
}

/// An answer with a body that is encoded already.
pub fn with_body(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into().into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// The answer, saying which methods the path takes.
pub fn with_allow(mut response: Response, allow: &HeaderValue) -> Response {
    response.headers_mut().insert(ALLOW, allow.clone());
    response
}

/// After so long a client may try again what cannot be done now.
pub const SOON: Duration = Duration::from_secs(1);

/// The seconds that cover this time, as headers count: what is left of one counts whole.
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The answer, saying after how many seconds to try again: at least one, for a client that comes again at once only
/// adds to the crowd.
pub fn with_retry_after(mut response: Response, after: Duration) -> Response {
    let seconds = whole_seconds(after).max(1);
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_never_comes_again_too_early_nor_at_once() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (2999, "3")] {
            let after = Duration::from_millis(millis);
            let answer = with_retry_after(empty(StatusCode::SERVICE_UNAVAILABLE), after);
            assert_eq!(answer.headers()[RETRY_AFTER], seconds, "{millis}");
        }
    }
}
