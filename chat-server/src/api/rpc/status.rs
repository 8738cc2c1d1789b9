//! The status codes of this API, all of them.

use chat_core::error::ChatError;
use chat_core::text::Violation;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::gate::accepted;
use crate::http::body::BodyFault;
use crate::http::call::Head;
use crate::http::door::Fault;
use crate::http::input::InputFault;
use crate::http::leaf::Answer;
use crate::http::reply::{self, Response};

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum RequestError {
    /// The body is no JSON object, or cannot be read at all.
    Input(InputFault),
    /// Fields that this request does not have; the first of them.
    Unknown(String),
    /// A field is missing or empty.
    Unfilled(&'static str),
    /// A list has no element.
    Empty(&'static str),
    /// A field is of another type.
    Kind(&'static str),
    /// A text breaks its rule.
    Field(&'static str, Violation),
    /// What was asked for is not there: which noun, and in which words.
    Lost(&'static str, String),
    /// A name has to be unique: which noun, and the taken one.
    Taken(Taken, String),
    /// The core cannot do it.
    Chat(ChatError),
}

/// What has a unique name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Taken {
    User,
    Chat,
}

pub(super) const USER: &str = "User not found";
pub(super) const CHAT: &str = "Chat not found";
/// Why a message without a known author is not posted.
pub(super) const NO_AUTHOR: &str = "author not found";
const EITHER: &str = "User or chat not found";

impl From<InputFault> for RequestError {
    fn from(fault: InputFault) -> Self {
        Self::Input(fault)
    }
}

impl From<ChatError> for RequestError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::UserNotFound(id) => {
                Self::Lost(USER, format!("not found user with id: {id}"))
            }
            ChatError::ChatNotFound(id) => {
                Self::Lost(CHAT, format!("not found chat with id: {id}"))
            }
            ChatError::CallerNotFound => Self::Lost(USER, NO_AUTHOR.into()),
            ChatError::NotAMember | ChatError::NotAllowed => {
                Self::Lost(EITHER, "no such author in chat".into())
            }
            error => Self::Chat(error),
        }
    }
}

/// What every error answer holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RpcError)]
pub(super) struct ErrorJson {
    /// What the status is called.
    error: &'static str,
    /// What failed.
    message: &'static str,
    /// Why.
    detail: String,
}

fn failed(status: StatusCode, message: &'static str, detail: impl Into<String>) -> Response {
    let body = ErrorJson {
        error: status.canonical_reason().unwrap_or_default(),
        message,
        detail: detail.into(),
    };
    reply::json(status, &body)
}

fn bad(detail: impl Into<String>) -> Response {
    failed(StatusCode::BAD_REQUEST, "Bad request", detail)
}

fn input(fault: &InputFault) -> Response {
    match fault {
        InputFault::Body(BodyFault::TooLarge { .. }) => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            failed(status, "Payload too large", fault.to_string())
        }
        InputFault::Body(BodyFault::TimedOut { .. }) => {
            let status = StatusCode::REQUEST_TIMEOUT;
            failed(status, "Request timeout", fault.to_string())
        }
        InputFault::Body(BodyFault::Broken) => bad(fault.to_string()),
        _ => bad("incorrect json syntax"),
    }
}

fn field(name: &str, violation: Violation) -> Response {
    match violation {
        Violation::Blank => bad(format!("field '{name}' must be filled")),
        Violation::TooLong { .. } => bad(format!("field '{name}' {violation}")),
        _ => bad(format!("check format of '{name}'")),
    }
}

fn by_core(error: &ChatError, head: &Head) -> Response {
    match error {
        ChatError::Later { application, id } => return accepted(application, *id),
        ChatError::Busy { retry_after } => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let answer = failed(status, "Too many requests", "try again later");
            return reply::with_retry_after(answer, *retry_after);
        }
        ChatError::KeyReused => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let detail = "the idempotency key was used for another request";
            return failed(status, "Idempotency key reused", detail);
        }
        _ => {}
    }
    head.log_failure(error);
    match error {
        ChatError::Unavailable(_)
        | ChatError::SearchUnavailable(_)
        | ChatError::OutcomeUnknown(_) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let answer = failed(status, "Service unavailable", "try again later");
            reply::with_retry_after(answer, reply::SOON)
        }
        _ => internal(),
    }
}

fn internal() -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    failed(status, "Internal server error", "the server is at fault")
}

impl Answer for RequestError {
    fn into_response(self, head: &Head) -> Response {
        match self {
            Self::Input(fault) => input(&fault),
            Self::Unknown(name) => bad(format!("Unknown field '{name}'")),
            Self::Unfilled(name) => bad(format!("field '{name}' must be filled")),
            Self::Empty(name) => bad(format!("field '{name}' must have at least 1 args")),
            Self::Kind(name) => bad(format!("invalid type of field '{name}'")),
            Self::Field(name, violation) => field(name, violation),
            Self::Lost(noun, detail) => failed(StatusCode::NOT_FOUND, noun, detail),
            Self::Taken(what, name) => {
                let (message, noun) = match what {
                    Taken::User => ("Username already used", "user"),
                    Taken::Chat => ("Chat name already used", "chat"),
                };
                let detail = format!("{noun} {name} already exists, must be unique");
                failed(StatusCode::CONFLICT, message, detail)
            }
            Self::Chat(error) => by_core(&error, head),
        }
    }
}

/// What is answered before any handler is asked.
pub(super) fn faults(head: &Head, fault: Fault) -> Response {
    match fault {
        Fault::NotFound => {
            let detail = "there is nothing at this path";
            failed(StatusCode::NOT_FOUND, "Not found", detail)
        }
        Fault::MethodNotAllowed => {
            let detail = format!("{} is not allowed here, use POST", head.method);
            failed(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", detail)
        }
        Fault::NoHost => bad("the Host header is missing or malformed"),
        Fault::Foreign(why) => failed(StatusCode::FORBIDDEN, "Forbidden", why),
        Fault::Internal => internal(),
    }
}
