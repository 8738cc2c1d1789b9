//! The status codes of this API, all of them.

use chat_core::error::ChatError;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde::{Serialize, Serializer};

use crate::api::gate::{EntryError, with_operation};
use crate::http::body::BodyFault;
use crate::http::call::Head;
use crate::http::door::Fault;
use crate::http::host;
use crate::http::leaf::Answer;
use crate::http::rate::Allowance;
use crate::http::reply::{self, Response};

/// What is answered to what was done.
pub(super) const OK: StatusCode = StatusCode::OK;
/// What is answered to what was made.
pub(super) const CREATED: StatusCode = StatusCode::CREATED;
/// What is answered to what was deleted.
pub(super) const DELETED: StatusCode = StatusCode::NO_CONTENT;

const DENIED: &str = "Access denied.";
const NOT_FOUND: &str = "Not found.";

/// Why nobody is known to ask: 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoLogin {
    /// There is no token, or the header is of another scheme.
    Missing,
    /// There is nothing behind the scheme.
    Empty,
    /// There is more than one word behind the scheme.
    Spaces,
    /// The token is no text.
    Characters,
    /// Nobody has the token.
    Invalid,
}

impl NoLogin {
    const fn words(self) -> &'static str {
        match self {
            Self::Missing => "Authentication credentials were not provided.",
            Self::Empty => "Invalid token header. No credentials provided.",
            Self::Spaces => "Invalid token header. Token string should not contain spaces.",
            Self::Characters => {
                "Invalid token header. Token string should not contain invalid characters."
            }
            Self::Invalid => "Invalid token.",
        }
    }
}

/// What is wrong with fields, in their order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields(pub(super) Vec<(&'static str, String)>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(field, words)| (field, [words])))
    }
}

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum RequestError {
    /// Nobody is known to ask.
    NoLogin(NoLogin),
    /// What the path names cannot be.
    NoSuchPath,
    /// The path names a thread that is none of whoever asks.
    NoThread,
    /// The path names a message that is none of whoever asks.
    NoMessage,
    /// The message is not for this user to change, or the thread not to write in.
    Denied,
    /// Fields cannot be.
    Fields(Fields),
    /// What was sent cannot be, for this reason.
    Wrong(String),
    /// What was sent is of a type that is not read here.
    MediaType(String),
    /// The body could not be read.
    Body(BodyFault),
    /// The idempotency key belongs to another request: 422.
    KeyReused,
    /// The application made all its requests of this time.
    Exhausted(Allowance),
    /// The core cannot do it.
    Chat(ChatError),
}

impl RequestError {
    /// One field cannot be.
    pub(super) fn field(field: &'static str, words: impl Into<String>) -> Self {
        Self::Fields(Fields(vec![(field, words.into())]))
    }
}

impl From<NoLogin> for RequestError {
    fn from(error: NoLogin) -> Self {
        Self::NoLogin(error)
    }
}

impl From<ChatError> for RequestError {
    fn from(error: ChatError) -> Self {
        match error {
            // It was deleted since it was asked who asks.
            ChatError::NotLoggedIn | ChatError::CallerNotFound => Self::NoLogin(NoLogin::Invalid),
            ChatError::ChatNotFound(_) | ChatError::NotAMember | ChatError::Removed => {
                Self::NoThread
            }
            ChatError::MessageNotFound(_) => Self::NoMessage,
            ChatError::NotAllowed => Self::Denied,
            ChatError::KeyReused => Self::KeyReused,
            error => Self::Chat(error),
        }
    }
}

impl From<EntryError> for RequestError {
    fn from(barred: EntryError) -> Self {
        match barred {
            EntryError::NoApplication | EntryError::NoChat => Self::NoSuchPath,
            EntryError::Exhausted(allowance) => Self::Exhausted(allowance),
            EntryError::Chat(error) => error.into(),
        }
    }
}

#[derive(Serialize)]
struct Detail<'a> {
    detail: &'a str,
}

fn detail(status: StatusCode, detail: &str) -> Response {
    reply::json(status, &Detail { detail })
}

fn body(fault: BodyFault) -> Response {
    let status = match fault {
        BodyFault::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        BodyFault::TimedOut { .. } => StatusCode::REQUEST_TIMEOUT,
        BodyFault::Broken => StatusCode::BAD_REQUEST,
    };
    detail(status, &format!("Request body error - {fault}."))
}

fn throttled(after: std::time::Duration) -> Response {
    let seconds = reply::whole_seconds(after).max(1);
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let words = format!("Request was throttled. Expected available in {seconds} {unit}.");
    reply::with_retry_after(detail(StatusCode::TOO_MANY_REQUESTS, &words), after)
}

fn by_core(error: &ChatError, head: &Head) -> Response {
    match error {
        ChatError::Later { application, id } => {
            let words = format!("Accepted as operation {id}.");
            return with_operation(detail(StatusCode::ACCEPTED, &words), application, *id);
        }
        ChatError::Busy { retry_after } => return throttled(*retry_after),
        _ => head.log_failure(error),
    }
    match error {
        ChatError::Unavailable(_)
        | ChatError::SearchUnavailable(_)
        | ChatError::OutcomeUnknown(_) => {
            let words = "Service temporarily unavailable, try again later.";
            let answer = detail(StatusCode::SERVICE_UNAVAILABLE, words);
            reply::with_retry_after(answer, reply::SOON)
        }
        _ => broken(),
    }
}

fn broken() -> Response {
    detail(
        StatusCode::INTERNAL_SERVER_ERROR,
        "A server error occurred.",
    )
}

fn challenge(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Token"));
    response
}

impl Answer for RequestError {
    fn into_response(self, head: &Head) -> Response {
        let bad = StatusCode::BAD_REQUEST;
        let lost = StatusCode::NOT_FOUND;
        match self {
            Self::NoLogin(why) => challenge(detail(StatusCode::UNAUTHORIZED, why.words())),
            Self::NoSuchPath => detail(lost, NOT_FOUND),
            Self::NoThread => detail(lost, "No Thread matches the given query."),
            Self::NoMessage => detail(lost, "No Message matches the given query."),
            Self::Denied => detail(StatusCode::FORBIDDEN, DENIED),
            Self::Fields(fields) => reply::json(bad, &fields),
            Self::Wrong(words) => detail(bad, &words),
            Self::MediaType(kind) => {
                let words = format!("Unsupported media type \"{kind}\" in request.");
                detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &words)
            }
            Self::Body(fault) => body(fault),
            Self::KeyReused => detail(
                StatusCode::UNPROCESSABLE_ENTITY,
                "The Idempotency-Key was used for another request.",
            ),
            Self::Exhausted(allowance) => throttled(allowance.left()),
            Self::Chat(error) => by_core(&error, head),
        }
    }
}

/// What is answered before any handler is asked.
pub(super) fn faults(head: &Head, fault: Fault) -> Response {
    match fault {
        Fault::NotFound => detail(StatusCode::NOT_FOUND, NOT_FOUND),
        Fault::MethodNotAllowed => {
            let words = format!("Method \"{}\" not allowed.", head.method);
            detail(StatusCode::METHOD_NOT_ALLOWED, &words)
        }
        Fault::NoHost => detail(StatusCode::BAD_REQUEST, host::NEEDED),
        Fault::Foreign(why) => detail(StatusCode::FORBIDDEN, why),
        Fault::Internal => broken(),
    }
}
