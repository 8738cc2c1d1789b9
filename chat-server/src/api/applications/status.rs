//! The status codes of this API, all of them.

mod words;

use std::borrow::Cow;
use std::time::Duration;

use chat_core::error::ChatError;
use chat_core::ids::OperationId;
use chat_core::text::Violation;
use http::{Method, StatusCode};
use serde_json::json;

use super::view::OperationJson;
use crate::api::gate::{EntryError, with_operation};
use crate::http::accept::wants_problem;
use crate::http::auth;
use crate::http::call::Head;
use crate::http::door::Fault;
use crate::http::host;
use crate::http::input::InputFault;
use crate::http::leaf::Answer;
use crate::http::paging::ParameterError;
use crate::http::problem::{Code, Problem};
use crate::http::rate::Allowance;
use crate::http::reply::{self, Response};
use crate::live::frames::log_failure;
use crate::live::handshake::{NoHandshake, with_upgrade};

use words::{ErrorWords, Plain, words_for, words_for_core};

/// Where the application stands in a path: `/api/v1/applications/{app}`.
const APPLICATION: usize = 3;
/// After so long one of those who are too many may try again.
const LATER: Duration = Duration::from_secs(10);

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum RequestError {
    /// The core refuses it or cannot do it.
    Chat(ChatError),
    /// The segment in an application's place is no token.
    NoApplication,
    /// The segment in a chat's place is no number.
    NoChat,
    /// The segment in a message's place is no number.
    NoMessage,
    /// The application has no such operation.
    NoOperation,
    /// What was sent cannot be read.
    Input(InputFault),
    /// A field breaks its rule.
    Field(&'static str, Violation),
    /// A parameter has a value that cannot be.
    Parameter(Cow<'static, str>, String),
    /// Parameters or keys that nobody knows.
    Unknown(Vec<String>),
    /// A field holds no cursor of its chat.
    Cursor(String, String),
    /// The idempotency key is none.
    Key(Violation),
    /// No form of the answer is acceptable.
    NotAcceptable,
    /// The admin key is missing or wrong.
    Unauthorized,
    /// Only the application may ask for this.
    NotForUsers,
    /// The session beside the token is not known.
    NoSession,
    /// On a socket, it was not said who it is.
    NoHello,
    /// The token is to act for a user that does not exist.
    NoUser,
    /// What the path names is not there.
    Lost(&'static str),
    /// A field asks for what the rules of the domain refuse.
    Rule(&'static str, String),
    /// The application made all its requests of this time.
    Exhausted(Allowance),
    /// Too many logins were wrong in this time.
    TooManyAttempts(Allowance),
    /// The request asks for no socket where there is one.
    NoHandshake(NoHandshake),
    /// A page of another site asks for a socket.
    ForeignPage,
    /// What came on a socket is no frame.
    NotAFrame(&'static str),
}

/// Why a request was not done on a path and method that the original API does not have: always a problem.
#[derive(Debug)]
pub(super) struct Native(pub(super) RequestError);

impl<T: Into<RequestError>> From<T> for Native {
    fn from(wrong: T) -> Self {
        Self(wrong.into())
    }
}

impl From<ChatError> for RequestError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::NotLoggedIn => Self::NoSession,
            ChatError::CallerNotFound => Self::NoUser,
            error => Self::Chat(error),
        }
    }
}

impl From<EntryError> for RequestError {
    fn from(barred: EntryError) -> Self {
        match barred {
            EntryError::NoApplication => Self::NoApplication,
            EntryError::NoChat => Self::NoChat,
            EntryError::Exhausted(allowance) => Self::Exhausted(allowance),
            EntryError::Chat(error) => error.into(),
        }
    }
}

impl From<InputFault> for RequestError {
    fn from(fault: InputFault) -> Self {
        Self::Input(fault)
    }
}

impl From<ParameterError> for RequestError {
    fn from(wrong: ParameterError) -> Self {
        Self::Parameter(wrong.name.into(), wrong.message)
    }
}

fn problem(head: &Head, words: ErrorWords) -> Response {
    described(head, words).into_response()
}

/// The problem that a frame is answered with, and after how long it may be sent again. What is our fault is logged, under the id of
/// the request that opened the socket.
pub(super) fn of_frame(request_id: &str, wrong: &RequestError) -> (Problem, Option<Duration>) {
    let words = words_for(wrong);
    let status = words.code.status();
    if let RequestError::Chat(error) = wrong
        && status.is_server_error()
    {
        log_failure(request_id, error);
    }
    let problem = Problem::under(words.code, request_id);
    (with_words(problem, words), retry_after(wrong, status))
}

/// After how long the same may be asked again, where that helps.
fn retry_after(wrong: &RequestError, status: StatusCode) -> Option<Duration> {
    match wrong {
        RequestError::Exhausted(allowance) | RequestError::TooManyAttempts(allowance) => {
            Some(allowance.left())
        }
        RequestError::Chat(ChatError::Busy { retry_after }) => Some(*retry_after),
        RequestError::Chat(ChatError::TooManyListeners) => Some(LATER),
        _ => (status == StatusCode::SERVICE_UNAVAILABLE).then_some(reply::SOON),
    }
}

/// The problem that this error is answered with, to stand in another answer.
pub(super) fn as_problem(head: &Head, error: &ChatError) -> Problem {
    described(head, words_for_core(error))
}

fn described(head: &Head, words: ErrorWords) -> Problem {
    with_words(Problem::new(words.code, head), words)
}

fn with_words(problem: Problem, words: ErrorWords) -> Problem {
    let problem = problem.detail(words.detail);
    let fields = words.errors.into_iter();
    fields.fold(problem, |problem, (field, code, message)| {
        problem.field(field, code, message)
    })
}

fn plain(words: &ErrorWords) -> Response {
    let status = words.code.status();
    match &words.plain {
        Plain::Error(text) => reply::json(status, &json!({ "error": text })),
        Plain::Field(field, message) => reply::json(status, &json!({ field: [message] })),
        Plain::Coded => {
            let code = words.code.name();
            let text = if words.detail.is_empty() {
                "internal error"
            } else {
                &words.detail
            };
            reply::json(status, &json!({ "error": text, "code": code }))
        }
    }
}

/// The answer to a write that waits in a queue which outlives a crash.
fn accepted(head: &Head, id: OperationId) -> Response {
    let pending = OperationJson::new(id, "pending");
    let application = head.segment(APPLICATION).unwrap_or_default();
    with_operation(reply::json(StatusCode::ACCEPTED, &pending), application, id)
}

fn answer(wrong: &RequestError, head: &Head, always_problem: bool) -> Response {
    if let RequestError::Chat(ChatError::Later { id, .. }) = wrong {
        return accepted(head, *id);
    }
    let words = words_for(wrong);
    let status = words.code.status();
    if let RequestError::Chat(error) = wrong
        && status.is_server_error()
    {
        head.log_failure(error);
    }
    // Who acts as a user is a native client wherever he does.
    let is_native =
        always_problem || matches!(wrong, RequestError::NoSession | RequestError::NoUser);
    let as_problem = is_native || wants_problem(&head.headers);
    let response = if as_problem {
        problem(head, words)
    } else {
        plain(&words)
    };
    let response = match retry_after(wrong, status) {
        Some(after) => reply::with_retry_after(response, after),
        None => response,
    };
    match wrong {
        RequestError::Unauthorized
        | RequestError::NoSession
        | RequestError::Chat(ChatError::WrongCredentials) => auth::with_challenge(response),
        RequestError::NoHandshake(NoHandshake::NotAsked) => with_upgrade(response),
        _ => response,
    }
}

impl Answer for RequestError {
    fn into_response(self, head: &Head) -> Response {
        answer(&self, head, false)
    }
}

impl Answer for Native {
    fn into_response(self, head: &Head) -> Response {
        answer(&self.0, head, true)
    }
}

/// Whether the original has this path and method.
fn is_original(head: &Head) -> bool {
    let segments: Vec<&str> = head.uri.path().split('/').skip(3).collect();
    match segments[..] {
        ["applications"] | ["applications", _] | ["applications", _, "chats"] => true,
        ["applications", _, "chats", _] => head.method != Method::PATCH,
        ["applications", _, "chats", _, "messages"]
        | ["applications", _, "chats", _, "messages", _] => true,
        _ => false,
    }
}

/// The form that the client wants where the original has the path.
fn in_form(head: &Head, words: ErrorWords) -> Response {
    if wants_problem(&head.headers) || !is_original(head) {
        problem(head, words)
    } else {
        plain(&words)
    }
}

/// What is answered before any handler is asked: what is not there, the original has no words for.
pub(super) fn faults(head: &Head, fault: Fault) -> Response {
    match fault {
        Fault::NotFound => problem(head, ErrorWords::new(Code::NotFound, "")),
        Fault::MethodNotAllowed => problem(head, ErrorWords::new(Code::MethodNotAllowed, "")),
        Fault::NoHost => in_form(head, ErrorWords::new(Code::BadRequest, host::NEEDED)),
        Fault::Foreign(why) => in_form(head, ErrorWords::new(Code::Forbidden, why)),
        Fault::Internal => in_form(head, ErrorWords::new(Code::Internal, "")),
    }
}
