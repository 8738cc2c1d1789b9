//! The status codes of this API, all of them.

use std::borrow::Cow;

use chat_core::cursor::CursorError;
use chat_core::error::ChatError;
use chat_core::text::Violation;
use http::StatusCode;
use serde_json::json;

use crate::api::gate::Barred;
use crate::http::accept::wants_problem;
use crate::http::auth;
use crate::http::body::BodyFault;
use crate::http::call::Head;
use crate::http::door::Fault;
use crate::http::host;
use crate::http::input::InputFault;
use crate::http::leaf::Answer;
use crate::http::paging::WrongParameter;
use crate::http::problem::{Code, Problem};
use crate::http::rate::Allowance;
use crate::http::reply::{self, Response};

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The core refuses it or cannot do it.
    Chat(ChatError),
    /// The segment in an application's place is no token.
    NoApplication,
    /// The segment in a chat's place is no number.
    NoChat,
    /// The segment in a message's place is no number.
    NoMessage,
    /// What was sent cannot be read.
    Input(InputFault),
    /// A field breaks its rule.
    Field(&'static str, Violation),
    /// A parameter has a value that cannot be.
    Parameter(Cow<'static, str>, String),
    /// Parameters or keys that nobody knows.
    Unknown(Vec<String>),
    /// The idempotency key is none.
    Key(Violation),
    /// No form of the answer is acceptable.
    NotAcceptable,
    /// The admin key is missing or wrong.
    Unauthorized,
    /// The session beside the token is not known.
    NoSession,
    /// The token is to act for a user that does not exist.
    NoUser,
    /// A field asks for what cannot be done yet.
    Unserved(&'static str),
    /// The application made all its requests of this time.
    Exhausted(Allowance),
}

/// Why a request was not done on a path and method that the original API does not have: always a problem.
#[derive(Debug)]
pub(super) struct Native(pub(super) Wrong);

impl<T: Into<Wrong>> From<T> for Native {
    fn from(wrong: T) -> Self {
        Self(wrong.into())
    }
}

impl From<ChatError> for Wrong {
    fn from(error: ChatError) -> Self {
        Self::Chat(error)
    }
}

impl From<Barred> for Wrong {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::NoApplication => Self::NoApplication,
            Barred::NoChat => Self::NoChat,
            Barred::Exhausted(allowance) => Self::Exhausted(allowance),
            Barred::Chat(error) => Self::Chat(error),
        }
    }
}

impl From<InputFault> for Wrong {
    fn from(fault: InputFault) -> Self {
        Self::Input(fault)
    }
}

impl From<WrongParameter> for Wrong {
    fn from(wrong: WrongParameter) -> Self {
        Self::Parameter(wrong.name.into(), wrong.message)
    }
}

/// The older form of an error's body.
enum Plain {
    /// `{"error": …}`, as the original has it.
    Error(&'static str),
    /// `{"field": ["what is wrong"]}`, as the original has it.
    Field(String, String),
    /// `{"error": …, "code": …}`, where the original says nothing.
    Coded,
}

/// An error in both forms.
struct Told {
    code: Code,
    detail: String,
    plain: Plain,
    errors: Vec<(String, Code, String)>,
}

impl Told {
    fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            plain: Plain::Coded,
            errors: Vec::new(),
        }
    }

    fn lost(noun: &'static str) -> Self {
        Self {
            plain: Plain::Error(noun),
            ..Self::new(Code::NotFound, noun)
        }
    }

    fn field(code: Code, field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            plain: Plain::Field(field.to_owned(), message.clone()),
            errors: vec![(field.to_owned(), code, message.clone())],
            ..Self::new(code, format!("{field} {message}"))
        }
    }

    fn parameter(code: Code, name: &str, message: &str) -> Self {
        Self {
            errors: vec![(name.to_owned(), code, message.to_owned())],
            ..Self::new(code, format!("{name} {message}"))
        }
    }
}

fn told(wrong: &Wrong) -> Told {
    match wrong {
        Wrong::Chat(error) => told_by_core(error),
        Wrong::NoApplication => Told::lost("Application Not Found"),
        Wrong::NoChat => Told::lost("Chat Not Found"),
        Wrong::NoMessage => Told::lost("Message Not Found"),
        Wrong::Input(fault) => Told::new(input_code(fault), fault.to_string()),
        Wrong::Field(field, violation) => {
            Told::field(Code::ValidationFailed, field, violation.to_string())
        }
        Wrong::Parameter(name, message) => Told::parameter(Code::InvalidParameter, name, message),
        Wrong::Unknown(names) => Told {
            errors: names
                .iter()
                .map(|name| (name.clone(), Code::UnknownField, "is not known".to_owned()))
                .collect(),
            ..Told::new(
                Code::UnknownField,
                format!("not known: {}", names.join(", ")),
            )
        },
        Wrong::Key(violation) => Told::parameter(
            Code::InvalidIdempotencyKey,
            "Idempotency-Key",
            &violation.to_string(),
        ),
        Wrong::NotAcceptable => {
            Told::new(Code::NotAcceptable, "no form of the answer is acceptable")
        }
        Wrong::Unauthorized => Told {
            plain: Plain::Error("Unauthorized"),
            ..Told::new(
                Code::Unauthorized,
                "the admin key is needed: Authorization: Bearer KEY",
            )
        },
        Wrong::NoSession => Told::new(Code::Unauthorized, "the session is not known"),
        Wrong::NoUser => Told {
            errors: vec![("As-User".into(), Code::NotFound, "does not exist".into())],
            ..Told::new(Code::NotFound, "User Not Found")
        },
        Wrong::Unserved(field) => {
            Told::field(Code::ValidationFailed, field, "is not supported yet")
        }
        Wrong::Exhausted(allowance) => Told::new(
            Code::RateLimited,
            format!("the application may go on in {} s", allowance.reset()),
        ),
    }
}

fn told_by_core(error: &ChatError) -> Told {
    match error {
        ChatError::ApplicationNotFound => Told::lost("Application Not Found"),
        ChatError::ChatNotFound(_) => Told::lost("Chat Not Found"),
        ChatError::MessageNotFound(_) => Told::lost("Message Not Found"),
        ChatError::NameTaken => Told::field(Code::NameTaken, "name", "has already been taken"),
        ChatError::Invalid { field, violation } => {
            Told::field(Code::ValidationFailed, field, violation.to_string())
        }
        ChatError::ReplyNotFound(_) => {
            Told::field(Code::ValidationFailed, "reply_to", "does not exist")
        }
        ChatError::KeyReused => Told::new(Code::IdempotencyKeyReused, error.to_string()),
        ChatError::DefaultApplication => Told::new(Code::Forbidden, error.to_string()),
        ChatError::Cursor(CursorError::Malformed | CursorError::OtherChat) => Told::parameter(
            Code::InvalidCursor,
            "after",
            error.to_string().trim_start_matches("cursor "),
        ),
        ChatError::CursorReset => Told::new(Code::CursorReset, error.to_string()),
        ChatError::Busy { .. } => Told::new(Code::Busy, error.to_string()),
        ChatError::Unavailable(_) => Told::new(
            Code::Unavailable,
            "the storage cannot do it now: try again soon",
        ),
        ChatError::SearchUnavailable(_) => Told::new(
            Code::Unavailable,
            "the search cannot answer now: try again soon",
        ),
        ChatError::OutcomeUnknown(_) => Told::new(
            Code::OutcomeUnknown,
            "whether it was written is not known: send it again with the same Idempotency-Key",
        ),
        // No detail of a fault of ours leaves the server.
        _ => Told::new(Code::Internal, ""),
    }
}

fn input_code(fault: &InputFault) -> Code {
    match fault {
        InputFault::Missing => Code::MissingBody,
        InputFault::MediaType(_) => Code::UnsupportedMediaType,
        InputFault::Json(_) | InputFault::NotAnObject | InputFault::NotUtf8(_) => {
            Code::MalformedBody
        }
        InputFault::Body(BodyFault::TooLarge { .. }) => Code::BodyTooLarge,
        InputFault::Body(BodyFault::TimedOut { .. }) => Code::RequestTimeout,
        InputFault::Body(BodyFault::Broken) => Code::MalformedBody,
    }
}

fn problem(head: &Head, told: Told) -> Response {
    let problem = Problem::new(told.code, head).detail(told.detail);
    let fields = told.errors.into_iter();
    fields
        .fold(problem, |problem, (field, code, message)| {
            problem.field(field, code, message)
        })
        .into_response()
}

fn plain(told: &Told) -> Response {
    let status = told.code.status();
    match &told.plain {
        Plain::Error(text) => reply::json(status, &json!({ "error": text })),
        Plain::Field(field, message) => reply::json(status, &json!({ field: [message] })),
        Plain::Coded => {
            let code = told.code.name();
            let text = if told.detail.is_empty() {
                "internal error"
            } else {
                &told.detail
            };
            reply::json(status, &json!({ "error": text, "code": code }))
        }
    }
}

fn answer(wrong: &Wrong, head: &Head, always_problem: bool) -> Response {
    let told = told(wrong);
    let status = told.code.status();
    if let Wrong::Chat(error) = wrong
        && status.is_server_error()
    {
        head.log_failure(error);
    }
    // Who acts as a user is a native client wherever he does.
    let is_native = always_problem || matches!(wrong, Wrong::NoSession | Wrong::NoUser);
    let as_problem = is_native || wants_problem(&head.headers);
    let response = if as_problem {
        problem(head, told)
    } else {
        plain(&told)
    };
    match wrong {
        Wrong::Unauthorized | Wrong::NoSession => auth::with_challenge(response),
        Wrong::Exhausted(allowance) => reply::with_retry_after(response, allowance.left()),
        Wrong::Chat(ChatError::Busy { retry_after }) => {
            reply::with_retry_after(response, *retry_after)
        }
        _ if status == StatusCode::SERVICE_UNAVAILABLE => {
            reply::with_retry_after(response, reply::SOON)
        }
        _ => response,
    }
}

impl Answer for Wrong {
    fn into_response(self, head: &Head) -> Response {
        answer(&self, head, false)
    }
}

impl Answer for Native {
    fn into_response(self, head: &Head) -> Response {
        answer(&self.0, head, true)
    }
}

/// The form that the client wants where the original has the path.
fn in_form(head: &Head, told: Told) -> Response {
    if wants_problem(&head.headers) {
        problem(head, told)
    } else {
        plain(&told)
    }
}

/// What is answered before any handler is asked: what is not there, the original has no words for.
pub(super) fn faults(head: &Head, fault: Fault) -> Response {
    match fault {
        Fault::NotFound => problem(head, Told::new(Code::NotFound, "")),
        Fault::MethodNotAllowed => problem(head, Told::new(Code::MethodNotAllowed, "")),
        Fault::NoHost => in_form(head, Told::new(Code::BadRequest, host::NEEDED)),
        Fault::Internal => in_form(head, Told::new(Code::Internal, "")),
    }
}
