//! The status codes of operators' work, all of them.

use std::borrow::Cow;

use chat_core::error::{BackendError, ErrorKind};

use crate::http::auth;
use crate::http::call::Head;
use crate::http::leaf::Answer;
use crate::http::paging::ParameterError;
use crate::http::problem::{Code, Problem};
use crate::http::reply::{self, Response};

/// Why something was not done for an operator.
#[derive(Debug)]
pub(super) enum AdminError {
    /// The admin key is missing or wrong.
    Unauthorized,
    /// There is no dead letter of this id.
    NoDeadLetter,
    /// A parameter has a value that cannot be.
    Parameter(Cow<'static, str>, String),
    /// Parameters that nobody knows.
    Unknown(Vec<String>),
    /// The query is not UTF-8.
    NotUtf8,
    /// The queue could not do it.
    Queue(BackendError),
}

impl From<BackendError> for AdminError {
    fn from(error: BackendError) -> Self {
        Self::Queue(error)
    }
}

impl From<ParameterError> for AdminError {
    fn from(wrong: ParameterError) -> Self {
        Self::Parameter(wrong.name.into(), wrong.message)
    }
}

impl Answer for AdminError {
    fn into_response(self, head: &Head) -> Response {
        let problem = |code| Problem::new(code, head);
        match self {
            Self::Unauthorized => {
                let problem = problem(Code::Unauthorized).detail("The admin key is needed.");
                auth::with_challenge(problem.into_response())
            }
            Self::NoDeadLetter => problem(Code::NotFound)
                .detail("There is no dead letter of this id.")
                .into_response(),
            Self::Parameter(name, message) => problem(Code::InvalidParameter)
                .detail(format!("The parameter {name} {message}."))
                .field(name, Code::InvalidParameter, message)
                .into_response(),
            Self::Unknown(names) => problem(Code::UnknownField)
                .unknown(names.iter().map(String::as_str))
                .into_response(),
            Self::NotUtf8 => problem(Code::BadRequest)
                .detail("The query is not valid UTF-8.")
                .into_response(),
            Self::Queue(error) => {
                head.log_failure(&error);
                queue(&error, head)
            }
        }
    }
}

fn queue(error: &BackendError, head: &Head) -> Response {
    let (code, detail) = match error.kind() {
        ErrorKind::Unavailable | ErrorKind::Conflict => {
            (Code::Unavailable, "The queue cannot be reached now.")
        }
        ErrorKind::OutcomeUnknown => (
            Code::OutcomeUnknown,
            "Whether the queue did it cannot be told.",
        ),
        _ => return Problem::new(Code::Internal, head).into_response(),
    };
    let response = Problem::new(code, head).detail(detail).into_response();
    reply::with_retry_after(response, reply::SOON)
}
