//! The status codes of this API, all of them.

use chat_core::error::ChatError;
use chat_core::text::Violation;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::gate::{EntryError, accepted};
use crate::http::body::BodyFault;
use crate::http::call::Head;
use crate::http::door::Fault;
use crate::http::input::InputFault;
use crate::http::leaf::Answer;
use crate::http::rate::Allowance;
use crate::http::reply::{self, Response};

const FAILED: &str = "Validation failed";
const APPLICATION: &str = "Application Not Found";
const CHAT: &str = "Chat Not Found";

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum RequestError {
    /// There is no such thing.
    Lost(&'static str),
    /// A field of a request cannot be: 400.
    Field(&'static str, String),
    /// The name of a new application cannot be: 422.
    Name(String),
    /// What was sent cannot be read; the field is the one that is missed then.
    Input(&'static str, InputFault),
    /// The idempotency key belongs to another request: 422.
    KeyReused,
    /// The application made all its requests of this time.
    Exhausted(Allowance),
    /// The core cannot do it.
    Chat(ChatError),
}

impl From<ChatError> for RequestError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::ApplicationNotFound => Self::Lost(APPLICATION),
            ChatError::ChatNotFound(_) => Self::Lost(CHAT),
            ChatError::KeyReused => Self::KeyReused,
            ChatError::NameTaken => Self::Field("name", "has already been taken".into()),
            error => Self::Chat(error),
        }
    }
}

impl From<EntryError> for RequestError {
    fn from(barred: EntryError) -> Self {
        match barred {
            EntryError::NoApplication => Self::Lost(APPLICATION),
            EntryError::NoChat => Self::Lost(CHAT),
            EntryError::Exhausted(allowance) => Self::Exhausted(allowance),
            EntryError::Chat(error) => error.into(),
        }
    }
}

/// What the original says, in its order of keys.
#[derive(Serialize)]
struct Failed<'a> {
    message: &'static str,
    errors: &'a Value,
}

fn failed(status: StatusCode, errors: &Value) -> Response {
    let message = FAILED;
    reply::json(status, &Failed { message, errors })
}

fn status_alone(status: StatusCode) -> Response {
    reply::json(
        status,
        &json!({ "message": status.canonical_reason().unwrap_or_default() }),
    )
}

fn input(field: &'static str, fault: &InputFault) -> Response {
    let wrong = |words: String| failed(StatusCode::BAD_REQUEST, &json!({ field: [words] }));
    match fault {
        InputFault::Missing => wrong(Violation::Blank.to_string()),
        InputFault::Json(_) | InputFault::NotAnObject | InputFault::NotUtf8(_) => {
            wrong(Violation::Invalid.to_string())
        }
        InputFault::MediaType(_) => status_alone(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        InputFault::Body(BodyFault::TooLarge { .. }) => failed(
            StatusCode::PAYLOAD_TOO_LARGE,
            &json!({ field: [fault.to_string()] }),
        ),
        InputFault::Body(BodyFault::TimedOut { .. }) => status_alone(StatusCode::REQUEST_TIMEOUT),
        InputFault::Body(BodyFault::Broken) => wrong(Violation::Invalid.to_string()),
    }
}

fn by_core(error: &ChatError, head: &Head) -> Response {
    if let ChatError::Later { id, .. } = error {
        // Its uuid is its token, and needs no session there.
        let application = head.segment(super::APPLICATION).unwrap_or_default();
        return accepted(application, *id);
    }
    let status = match error {
        ChatError::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        ChatError::Unavailable(_)
        | ChatError::SearchUnavailable(_)
        | ChatError::OutcomeUnknown(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    if status.is_server_error() {
        head.log_failure(error);
    }
    match error {
        ChatError::Busy { retry_after } => {
            reply::with_retry_after(status_alone(status), *retry_after)
        }
        _ if status == StatusCode::SERVICE_UNAVAILABLE => {
            reply::with_retry_after(status_alone(status), reply::SOON)
        }
        _ => status_alone(status),
    }
}

impl Answer for RequestError {
    fn into_response(self, head: &Head) -> Response {
        match &self {
            Self::Lost(noun) => failed(StatusCode::NOT_FOUND, &json!(noun)),
            Self::Field(field, words) => {
                failed(StatusCode::BAD_REQUEST, &json!({ *field: [words] }))
            }
            Self::Name(words) => reply::json(
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!({ "name": [words] }),
            ),
            Self::Input(field, fault) => input(field, fault),
            Self::KeyReused => {
                let words = "was used for another request";
                failed(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    &json!({ "Idempotency-Key": [words] }),
                )
            }
            Self::Exhausted(allowance) => reply::with_retry_after(
                status_alone(StatusCode::TOO_MANY_REQUESTS),
                allowance.left(),
            ),
            Self::Chat(error) => by_core(error, head),
        }
    }
}

/// What is answered before any handler is asked.
pub(super) fn faults(_: &Head, fault: Fault) -> Response {
    match fault {
        Fault::NotFound => failed(StatusCode::NOT_FOUND, &json!("Not Found")),
        Fault::MethodNotAllowed => status_alone(StatusCode::METHOD_NOT_ALLOWED),
        Fault::NoHost => {
            let words = Violation::Invalid.to_string();
            failed(StatusCode::BAD_REQUEST, &json!({ "Host": [words] }))
        }
        Fault::Foreign(why) => failed(StatusCode::FORBIDDEN, &json!(why)),
        Fault::Internal => status_alone(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
