//! The status codes of this API, all of them.

use std::time::Duration;

use chat_core::error::ChatError;
use chat_core::text::Violation;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::auth;
use crate::http::body::BodyFault;
use crate::http::call::Head;
use crate::http::door::Fault;
use crate::http::input::InputFault;
use crate::http::leaf::Answer;
use crate::http::reply::{self, Response};

pub(super) const USER: &str = "User not found";
pub(super) const CONVERSATION: &str = "Conversation not found";
pub(super) const MESSAGE: &str = "Message not found";
pub(super) const PARTICIPANT: &str = "Participant not found";
pub(super) const ONE_TO_ONE: &str = "Not possible in a one-to-one conversation";

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum RequestError {
    /// Nobody is logged in with what the request carries.
    Unauthorized,
    /// The body cannot be read.
    Input(InputFault),
    /// A field or parameter breaks its rule.
    Field(&'static str, Violation),
    /// The request cannot be, in these words.
    Bad(String),
    /// It is not allowed to whoever asks.
    Forbidden(&'static str),
    /// There is no such thing.
    Lost(&'static str),
    /// Somebody or something is there already.
    Taken(&'static str),
    /// Too many attempts; after so long there may be more.
    TooMany(Duration),
    /// The core cannot do it.
    Chat(ChatError),
}

impl From<InputFault> for RequestError {
    fn from(fault: InputFault) -> Self {
        Self::Input(fault)
    }
}

impl From<ChatError> for RequestError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::NotLoggedIn | ChatError::CallerNotFound => Self::Unauthorized,
            ChatError::UserNotFound(_) => Self::Lost(USER),
            ChatError::ChatNotFound(_) => Self::Lost(CONVERSATION),
            ChatError::MessageNotFound(_) => Self::Lost(MESSAGE),
            ChatError::MemberNotFound(_) => Self::Lost(PARTICIPANT),
            ChatError::NotAMember | ChatError::Removed => Self::Forbidden("Not a participant"),
            ChatError::NotAllowed => Self::Forbidden("Not allowed"),
            ChatError::UsernameTaken => Self::Taken("Username already taken"),
            ChatError::ChatNameTaken => Self::Taken("Name already taken"),
            ChatError::AlreadyAMember(_) => Self::Taken("User is already a participant"),
            ChatError::WrongKind(_) | ChatError::WrongParticipants => Self::Bad(ONE_TO_ONE.into()),
            ChatError::BeyondHead(last) => {
                Self::Bad(format!("number is beyond the last message, {last}"))
            }
            ChatError::Busy { retry_after } => Self::TooMany(retry_after),
            error => Self::Chat(error),
        }
    }
}

/// What every error answer holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationsError)]
pub(super) struct ErrorJson<'a> {
    /// What failed.
    error: &'a str,
}

fn failed(status: StatusCode, error: &str) -> Response {
    reply::json(status, &ErrorJson { error })
}

fn bad(error: &str) -> Response {
    failed(StatusCode::BAD_REQUEST, error)
}

fn input(fault: &InputFault) -> Response {
    let words = fault.to_string();
    match fault {
        InputFault::Body(BodyFault::TooLarge { .. }) => {
            failed(StatusCode::PAYLOAD_TOO_LARGE, &words)
        }
        InputFault::Body(BodyFault::TimedOut { .. }) => failed(StatusCode::REQUEST_TIMEOUT, &words),
        InputFault::Json(_) => bad("the body is not valid JSON"),
        _ => bad(&words),
    }
}

fn by_core(error: &ChatError, head: &Head) -> Response {
    match error {
        ChatError::Later(id) => {
            return reply::json(StatusCode::ACCEPTED, &json!({ "operation": id }));
        }
        ChatError::WrongCredentials => {
            let answer = failed(StatusCode::UNAUTHORIZED, "Invalid username or password");
            return auth::with_challenge(answer);
        }
        ChatError::KeyReused => {
            return failed(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string());
        }
        _ => {}
    }
    head.log_failure(error);
    match error {
        ChatError::Unavailable(_)
        | ChatError::SearchUnavailable(_)
        | ChatError::OutcomeUnknown(_) => {
            let answer = failed(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable");
            reply::with_retry_after(answer, reply::SOON)
        }
        _ => internal(),
    }
}

fn internal() -> Response {
    failed(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
}

impl Answer for RequestError {
    fn into_response(self, head: &Head) -> Response {
        match self {
            Self::Unauthorized => {
                auth::with_challenge(failed(StatusCode::UNAUTHORIZED, "Unauthorized"))
            }
            Self::Input(fault) => input(&fault),
            Self::Field(name, violation) => {
                let status = match violation {
                    Violation::TooLong { .. } => StatusCode::UNPROCESSABLE_ENTITY,
                    _ => StatusCode::BAD_REQUEST,
                };
                failed(status, &format!("{name} {violation}"))
            }
            Self::Bad(words) => bad(&words),
            Self::Forbidden(words) => failed(StatusCode::FORBIDDEN, words),
            Self::Lost(words) => failed(StatusCode::NOT_FOUND, words),
            Self::Taken(words) => failed(StatusCode::CONFLICT, words),
            Self::TooMany(after) => {
                let answer = failed(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
                reply::with_retry_after(answer, after)
            }
            Self::Chat(error) => by_core(&error, head),
        }
    }
}

/// What is answered before any handler is asked.
pub(super) fn faults(_: &Head, fault: Fault) -> Response {
    match fault {
        Fault::NotFound => failed(StatusCode::NOT_FOUND, "Not found"),
        Fault::MethodNotAllowed => failed(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        Fault::NoHost => bad("the Host header is missing or malformed"),
        Fault::Internal => internal(),
    }
}
