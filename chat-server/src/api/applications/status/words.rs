//! What is said of an error.

use chat_core::cursor::CursorError;
use chat_core::error::ChatError;

use super::RequestError;
use crate::http::body::BodyFault;
use crate::http::input::InputFault;
use crate::http::problem::Code;
use crate::live::handshake::NoHandshake;

/// The older form of an error's body.
pub(super) enum Plain {
    /// `{"error": …}`, as the original has it.
    Error(&'static str),
    /// `{"field": ["what is wrong"]}`, as the original has it.
    Field(String, String),
    /// `{"error": …, "code": …}`, where the original says nothing.
    Coded,
}

/// An error in both forms.
pub(super) struct ErrorWords {
    pub(super) code: Code,
    pub(super) detail: String,
    pub(super) plain: Plain,
    pub(super) errors: Vec<(String, Code, String)>,
}

impl ErrorWords {
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
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

pub(super) fn words_for(wrong: &RequestError) -> ErrorWords {
    match wrong {
        RequestError::Chat(error) => words_for_core(error),
        RequestError::NoApplication => ErrorWords::lost("Application Not Found"),
        RequestError::NoChat => ErrorWords::lost("Chat Not Found"),
        RequestError::NoMessage => ErrorWords::lost("Message Not Found"),
        RequestError::NoOperation => ErrorWords::lost("Operation Not Found"),
        RequestError::Input(fault) => ErrorWords::new(input_code(fault), fault.to_string()),
        RequestError::Field(field, violation) => {
            ErrorWords::field(Code::ValidationFailed, field, violation.to_string())
        }
        RequestError::Parameter(name, message) => {
            ErrorWords::parameter(Code::InvalidParameter, name, message)
        }
        RequestError::Cursor(field, message) => {
            ErrorWords::parameter(Code::InvalidCursor, field, message)
        }
        RequestError::Unknown(names) => ErrorWords {
            errors: names
                .iter()
                .map(|name| (name.clone(), Code::UnknownField, "is not known".to_owned()))
                .collect(),
            ..ErrorWords::new(
                Code::UnknownField,
                format!("not known: {}", names.join(", ")),
            )
        },
        RequestError::Key(violation) => ErrorWords::parameter(
            Code::InvalidIdempotencyKey,
            "Idempotency-Key",
            &violation.to_string(),
        ),
        RequestError::NotAcceptable => {
            ErrorWords::new(Code::NotAcceptable, "no form of the answer is acceptable")
        }
        RequestError::Unauthorized => ErrorWords {
            plain: Plain::Error("Unauthorized"),
            ..ErrorWords::new(
                Code::Unauthorized,
                "the admin key is needed: Authorization: Bearer KEY",
            )
        },
        RequestError::NotForUsers => words_for_core(&ChatError::NotAllowed),
        RequestError::NoSession => ErrorWords::new(Code::Unauthorized, "the session is not known"),
        RequestError::NoHello => ErrorWords::new(
            Code::Unauthorized,
            "hello is said first: it says who this is",
        ),
        RequestError::NoUser => ErrorWords {
            errors: vec![("As-User".into(), Code::NotFound, "does not exist".into())],
            ..ErrorWords::new(Code::NotFound, "User Not Found")
        },
        RequestError::Lost(noun) => ErrorWords::lost(noun),
        RequestError::Rule(field, message) => {
            ErrorWords::field(Code::ValidationFailed, field, message)
        }
        RequestError::NoHandshake(why) => {
            let code = match why {
                NoHandshake::NotAsked => Code::UpgradeRequired,
                NoHandshake::BadKey => Code::BadRequest,
            };
            ErrorWords::new(code, why.words())
        }
        RequestError::ForeignPage => ErrorWords::new(
            Code::Forbidden,
            "pages of this origin may open no socket here: see the setting allow_origin",
        ),
        RequestError::NotAFrame(why) => ErrorWords::new(Code::MalformedBody, *why),
        RequestError::TooManyAttempts(allowance) => ErrorWords::new(
            Code::RateLimited,
            format!("too many wrong attempts: go on in {} s", allowance.reset()),
        ),
        RequestError::Exhausted(allowance) => ErrorWords::new(
            Code::RateLimited,
            format!("the application may go on in {} s", allowance.reset()),
        ),
    }
}

pub(super) fn words_for_core(error: &ChatError) -> ErrorWords {
    match error {
        ChatError::ApplicationNotFound => ErrorWords::lost("Application Not Found"),
        ChatError::ChatNotFound(_) => ErrorWords::lost("Chat Not Found"),
        ChatError::MessageNotFound(_) => ErrorWords::lost("Message Not Found"),
        ChatError::NameTaken => {
            ErrorWords::field(Code::NameTaken, "name", "has already been taken")
        }
        ChatError::Invalid { field, violation } => {
            ErrorWords::field(Code::ValidationFailed, field, violation.to_string())
        }
        // A stranger cannot tell what exists.
        ChatError::NotAMember | ChatError::Removed => ErrorWords::lost("Chat Not Found"),
        ChatError::UserNotFound(_) => ErrorWords::lost("User Not Found"),
        ChatError::MemberNotFound(_) => ErrorWords::lost("Member Not Found"),
        ChatError::SessionNotFound => ErrorWords::lost("Session Not Found"),
        ChatError::UsernameTaken => {
            ErrorWords::field(Code::NameTaken, "username", "has already been taken")
        }
        ChatError::ChatNameTaken => {
            ErrorWords::field(Code::NameTaken, "name", "has already been taken")
        }
        ChatError::CallerNotFound => ErrorWords::lost("User Not Found"),
        ChatError::NotLoggedIn => ErrorWords::new(Code::Unauthorized, error.to_string()),
        ChatError::NotAllowed | ChatError::NoCaller => {
            ErrorWords::new(Code::Forbidden, error.to_string())
        }
        ChatError::WrongCredentials => ErrorWords::new(Code::Unauthorized, error.to_string()),
        ChatError::ReplyNotFound(_) => {
            ErrorWords::field(Code::ValidationFailed, "reply_to", "does not exist")
        }
        ChatError::LastOwner => {
            ErrorWords::field(Code::ValidationFailed, "role", error.to_string())
        }
        ChatError::AlreadyAMember(_) | ChatError::WrongParticipants => {
            ErrorWords::field(Code::ValidationFailed, "members", error.to_string())
        }
        ChatError::WrongKind(kind) => ErrorWords::field(
            Code::ValidationFailed,
            "kind",
            format!("{} does not allow it", kind.as_str()),
        ),
        ChatError::BeyondHead(last) => ErrorWords::field(
            Code::ValidationFailed,
            "read",
            format!("is beyond the last message, {last}"),
        ),
        ChatError::KeyReused => ErrorWords::new(Code::IdempotencyKeyReused, error.to_string()),
        ChatError::DefaultApplication => ErrorWords::new(Code::Forbidden, error.to_string()),
        ChatError::Cursor(CursorError::Malformed | CursorError::OtherChat) => {
            ErrorWords::parameter(
                Code::InvalidCursor,
                "after",
                error.to_string().trim_start_matches("cursor "),
            )
        }
        ChatError::CursorReset => ErrorWords::new(Code::CursorReset, error.to_string()),
        ChatError::TooManyListeners => ErrorWords::new(Code::TooManyConnections, error.to_string()),
        ChatError::Busy { .. } => ErrorWords::new(Code::Busy, error.to_string()),
        ChatError::Unavailable(_) => ErrorWords::new(
            Code::Unavailable,
            "the storage cannot do it now: try again soon",
        ),
        ChatError::SearchUnavailable(_) => ErrorWords::new(
            Code::Unavailable,
            "the search cannot answer now: try again soon",
        ),
        ChatError::OutcomeUnknown(_) => ErrorWords::new(
            Code::OutcomeUnknown,
            "whether it was written is not known: send it again with the same Idempotency-Key",
        ),
        // No detail of a fault of ours leaves the server.
        _ => ErrorWords::new(Code::Internal, ""),
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
