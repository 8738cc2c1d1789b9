//! RFC 9457 problems: the errors of everything that has no older form to keep.

use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::accept::PROBLEM;
use super::call::Head;
use super::door::Fault;
use super::host;
use super::reply::{self, Response};

/// What went wrong, for programs. The list is frozen: a code is added, never changed or taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// The request cannot be understood.
    BadRequest,
    /// The body is not what its content type says.
    MalformedBody,
    /// There is no body where one is needed.
    MissingBody,
    /// A query parameter has a value that cannot be.
    InvalidParameter,
    /// A query parameter or a key of the body is not known.
    UnknownField,
    /// A value breaks a rule of the domain.
    ValidationFailed,
    /// Another one has this name.
    NameTaken,
    /// Credentials are missing or wrong.
    Unauthorized,
    /// This is allowed to nobody.
    Forbidden,
    /// There is nothing at this path.
    NotFound,
    /// The path does not take this method.
    MethodNotAllowed,
    /// No form of the answer is acceptable.
    NotAcceptable,
    /// The client took too long to send its request.
    RequestTimeout,
    /// The body is larger than the server takes.
    BodyTooLarge,
    /// The content type is not one that is read here.
    UnsupportedMediaType,
    /// The path speaks WebSocket (RFC 6455), and the request does not.
    UpgradeRequired,
    /// The idempotency key is no such key.
    InvalidIdempotencyKey,
    /// The idempotency key belongs to another request.
    IdempotencyKeyReused,
    /// The cursor is none of this chat's.
    InvalidCursor,
    /// The cursor's past is gone: take a snapshot.
    CursorReset,
    /// More requests than are allowed in this time.
    RateLimited,
    /// Too many writes are waiting already.
    Busy,
    /// Too many are connected already, of the same user or from the same address.
    TooManyConnections,
    /// Something the server needs is not there now.
    Unavailable,
    /// Whether the write happened cannot be told: send it again with the same idempotency key.
    OutcomeUnknown,
    /// The server is at fault.
    Internal,
}

impl Code {
    /// The status it is answered with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadRequest
            | Self::MalformedBody
            | Self::MissingBody
            | Self::InvalidParameter
            | Self::UnknownField
            | Self::InvalidIdempotencyKey
            | Self::InvalidCursor => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::CursorReset => StatusCode::GONE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
            Self::ValidationFailed | Self::NameTaken | Self::IdempotencyKeyReused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::RateLimited | Self::Busy | Self::TooManyConnections => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unavailable | Self::OutcomeUnknown => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Its name, as programs read it.
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => String::new(),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request cannot be understood",
            Self::MalformedBody => "The body cannot be read",
            Self::MissingBody => "The body is missing",
            Self::InvalidParameter => "A parameter is invalid",
            Self::UnknownField => "A field is not known",
            Self::ValidationFailed => "A value is not allowed",
            Self::NameTaken => "The name is taken",
            Self::Unauthorized => "Credentials are missing or wrong",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "The method is not allowed here",
            Self::NotAcceptable => "No acceptable form",
            Self::RequestTimeout => "The request came too slowly",
            Self::BodyTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The content type is not read here",
            Self::UpgradeRequired => "WebSocket is spoken here",
            Self::InvalidIdempotencyKey => "The idempotency key is invalid",
            Self::IdempotencyKeyReused => "The idempotency key belongs to another request",
            Self::InvalidCursor => "The cursor is invalid",
            Self::CursorReset => "The cursor is of another time",
            Self::RateLimited => "Too many requests",
            Self::Busy => "Too many writes are waiting",
            Self::TooManyConnections => "Too many are connected",
            Self::Unavailable => "Not available now",
            Self::OutcomeUnknown => "The outcome is not known",
            Self::Internal => "The server is at fault",
        }
    }
}

/// One of several faults of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The parameter or key.
    pub field: String,
    /// What is wrong with it, for programs.
    pub code: Code,
    /// What is wrong with it, for people.
    pub message: String,
}

/// An error answer in the form of RFC 9457.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:chat:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(format = "uri")]
    kind: String,
    /// The kind of problem in words.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    detail: String,
    /// The kind of problem for programs.
    code: Code,
    /// The id under which the server logged the request.
    request_id: String,
    /// Every fault by its field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
}

impl Problem {
    /// A problem of this kind with the request under this head.
    pub fn new(code: Code, head: &Head) -> Self {
        Self::under(code, head.request_id.to_str().unwrap_or_default())
    }

    /// A problem of this kind with what has this id in the log.
    pub fn under(code: Code, request_id: &str) -> Self {
        Self {
            kind: format!("urn:chat:problem:{}", code.name()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: String::new(),
            code,
            request_id: request_id.to_owned(),
            errors: Vec::new(),
        }
    }

    /// The problem that is found before any handler is asked.
    pub fn fault(fault: Fault, head: &Head) -> Self {
        match fault {
            Fault::NotFound => Self::new(Code::NotFound, head),
            Fault::MethodNotAllowed => Self::new(Code::MethodNotAllowed, head),
            Fault::NoHost => Self::new(Code::BadRequest, head).detail(host::NEEDED),
            Fault::Foreign(why) => Self::new(Code::Forbidden, head).detail(why),
            Fault::Internal => Self::new(Code::Internal, head),
        }
    }

    /// Says what is wrong with this request.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds the fault of one field.
    #[must_use]
    pub fn field(
        mut self,
        field: impl Into<String>,
        code: Code,
        message: impl Into<String>,
    ) -> Self {
        self.errors.push(FieldError {
            field: field.into(),
            code,
            message: message.into(),
        });
        self
    }

    /// Adds the parameters or keys that are not known.
    #[must_use]
    pub fn unknown<'a>(self, fields: impl IntoIterator<Item = &'a str>) -> Self {
        fields.into_iter().fold(self, |problem, field| {
            problem.field(field, Code::UnknownField, "is not known")
        })
    }

    /// The answer.
    pub fn into_response(self) -> Response {
        let mut response = reply::json(self.code.status(), &self);
        response.headers_mut().insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static(PROBLEM),
        );
        response
    }
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;

    /// What programs know: a new one is added, and none is changed.
    const FROZEN: [(Code, &str, u16); 26] = [
        (Code::BadRequest, "bad_request", 400),
        (Code::MalformedBody, "malformed_body", 400),
        (Code::MissingBody, "missing_body", 400),
        (Code::InvalidParameter, "invalid_parameter", 400),
        (Code::UnknownField, "unknown_field", 400),
        (Code::ValidationFailed, "validation_failed", 422),
        (Code::NameTaken, "name_taken", 422),
        (Code::Unauthorized, "unauthorized", 401),
        (Code::Forbidden, "forbidden", 403),
        (Code::NotFound, "not_found", 404),
        (Code::MethodNotAllowed, "method_not_allowed", 405),
        (Code::NotAcceptable, "not_acceptable", 406),
        (Code::RequestTimeout, "request_timeout", 408),
        (Code::BodyTooLarge, "body_too_large", 413),
        (Code::UnsupportedMediaType, "unsupported_media_type", 415),
        (Code::UpgradeRequired, "upgrade_required", 426),
        (Code::InvalidIdempotencyKey, "invalid_idempotency_key", 400),
        (Code::IdempotencyKeyReused, "idempotency_key_reused", 422),
        (Code::InvalidCursor, "invalid_cursor", 400),
        (Code::CursorReset, "cursor_reset", 410),
        (Code::RateLimited, "rate_limited", 429),
        (Code::Busy, "busy", 429),
        (Code::TooManyConnections, "too_many_connections", 429),
        (Code::Unavailable, "unavailable", 503),
        (Code::OutcomeUnknown, "outcome_unknown", 503),
        (Code::Internal, "internal", 500),
    ];

    #[test]
    fn the_codes_and_their_statuses_stay_as_they_are() {
        for (code, name, status) in FROZEN {
            assert_eq!(code.name(), name);
            assert_eq!(code.status(), status, "{name}");
        }
        let known = serde_json::to_value(Code::schema()).unwrap();
        let frozen = FROZEN.map(|(_, name, _)| name);
        assert_eq!(known["enum"], serde_json::json!(frozen), "each is listed");
    }
}
