//! The status codes of this API, all of them.

use std::borrow::Cow;
use std::time::Duration;

use chat_core::error::ChatError;
use chat_core::text::Violation;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::gate::{EntryError, accepted};
use crate::http::auth;
use crate::http::body::BodyFault;
use crate::http::call::Head;
use crate::http::door::Fault;
use crate::http::input::InputFault;
use crate::http::leaf::Answer;
use crate::http::reply::{self, Response};
use crate::live::handshake::{NoHandshake, with_upgrade};

pub(super) const USER: &str = "User not found";
pub(super) const CONVERSATION: &str = "Conversation not found";
pub(super) const MESSAGE: &str = "Message not found";
pub(super) const KEY: &str = "Key not found";
pub(super) const PARTICIPANT: &str = "Participant not found";
/// Those of whom there are too many come back so much later.
const LATER: Duration = Duration::from_secs(10);
const ONE_TO_ONE: &str = "Not possible in a one-to-one conversation";

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
    /// What asks for a socket does not ask for one.
    NoHandshake(NoHandshake),
    /// The core cannot do it.
    Chat(ChatError),
}

impl From<InputFault> for RequestError {
    fn from(fault: InputFault) -> Self {
        Self::Input(fault)
    }
}

impl From<EntryError> for RequestError {
    fn from(barred: EntryError) -> Self {
        match barred {
            EntryError::NoApplication | EntryError::NoChat => Self::Unauthorized,
            EntryError::Exhausted(allowance) => Self::TooMany(allowance.left()),
            EntryError::Chat(error) => error.into(),
        }
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
            ChatError::DeviceNotFound => Self::Lost(KEY),
            ChatError::TooManyDevices => Self::Taken("Too many devices have keys"),
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
            ChatError::TooManyListeners => Self::TooMany(LATER),
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

/// The status and the words for an error, whatever it is answered on.
pub(super) fn words(wrong: &RequestError) -> (StatusCode, Cow<'static, str>) {
    use StatusCode as S;
    match wrong {
        RequestError::Unauthorized => (S::UNAUTHORIZED, "Unauthorized".into()),
        RequestError::Input(fault) => input(fault),
        RequestError::Field(name, violation) => {
            let status = match violation {
                Violation::TooLong { .. } => S::UNPROCESSABLE_ENTITY,
                _ => S::BAD_REQUEST,
            };
            (status, format!("{name} {violation}").into())
        }
        RequestError::Bad(words) => (S::BAD_REQUEST, words.clone().into()),
        RequestError::Forbidden(words) => (S::FORBIDDEN, (*words).into()),
        RequestError::Lost(words) => (S::NOT_FOUND, (*words).into()),
        RequestError::Taken(words) => (S::CONFLICT, (*words).into()),
        RequestError::TooMany(_) => (S::TOO_MANY_REQUESTS, "Too many requests".into()),
        RequestError::NoHandshake(why) => {
            let status = match why {
                NoHandshake::NotAsked => S::UPGRADE_REQUIRED,
                NoHandshake::BadKey => S::BAD_REQUEST,
            };
            (status, why.words().into())
        }
        RequestError::Chat(error) => by_core(error),
    }
}

fn input(fault: &InputFault) -> (StatusCode, Cow<'static, str>) {
    let status = match fault {
        InputFault::Body(BodyFault::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
        InputFault::Body(BodyFault::TimedOut { .. }) => StatusCode::REQUEST_TIMEOUT,
        InputFault::Json(_) => {
            return (StatusCode::BAD_REQUEST, "the body is not valid JSON".into());
        }
        _ => StatusCode::BAD_REQUEST,
    };
    (status, fault.to_string().into())
}

fn by_core(error: &ChatError) -> (StatusCode, Cow<'static, str>) {
    match error {
        ChatError::Later { .. } => (StatusCode::ACCEPTED, "It waits: ask again later".into()),
        ChatError::WrongCredentials => (
            StatusCode::UNAUTHORIZED,
            "Invalid username or password".into(),
        ),
        ChatError::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string().into()),
        ChatError::Cursor(error) => (
            StatusCode::BAD_REQUEST,
            format!("the cursor {error}").into(),
        ),
        ChatError::Unavailable(_)
        | ChatError::SearchUnavailable(_)
        | ChatError::OutcomeUnknown(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Service unavailable".into(),
        ),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL.into()),
    }
}

const INTERNAL: &str = "Internal server error";

impl Answer for RequestError {
    fn into_response(self, head: &Head) -> Response {
        if let Self::Chat(ChatError::Later { application, id }) = self {
            return accepted(application, id);
        }
        let (status, words) = words(&self);
        if let Self::Chat(error) = &self
            && status.is_server_error()
        {
            head.log_failure(error);
        }
        let answer = failed(status, &words);
        match self {
            Self::Unauthorized | Self::Chat(ChatError::WrongCredentials) => {
                auth::with_challenge(answer)
            }
            Self::TooMany(after) => reply::with_retry_after(answer, after),
            Self::NoHandshake(NoHandshake::NotAsked) => with_upgrade(answer),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                reply::with_retry_after(answer, reply::SOON)
            }
            _ => answer,
        }
    }
}

/// What is answered before any handler is asked.
pub(super) fn faults(_: &Head, fault: Fault) -> Response {
    match fault {
        Fault::NotFound => failed(StatusCode::NOT_FOUND, "Not found"),
        Fault::MethodNotAllowed => failed(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        Fault::NoHost => bad("the Host header is missing or malformed"),
        Fault::Foreign(why) => failed(StatusCode::FORBIDDEN, why),
        Fault::Internal => failed(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
    }
}
