//! What a client sends: an object as JSON, a form, or a form of several parts.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::status::{Fields, RequestError};
use crate::api::number::Numeral;
use crate::http::call::Call;
use crate::http::query;

pub(super) const REQUIRED: &str = "This field is required.";
pub(super) const NULL: &str = "This field may not be null.";
const BLANK: &str = "This field may not be blank.";
const NO_TEXT: &str = "Not a valid string.";
const NO_INTEGER: &str = "A valid integer is required.";
const NUL: &str = "Null characters are not allowed.";

/// What was sent, by field.
#[derive(Debug, Default)]
pub(super) struct Sent(Map<String, Value>);

/// Faults of one field after the other, so that all are told.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// The value, or its fault noted.
    pub(super) fn note<T, W: Into<String>>(
        &mut self,
        field: &'static str,
        value: Result<T, W>,
    ) -> Option<T> {
        value
            .map_err(|words| self.0.push((field, words.into())))
            .ok()
    }

    /// They, for an answer.
    pub(super) fn told(self) -> RequestError {
        RequestError::Fields(Fields(self.0))
    }
}

/// Reads the body; none is an object without fields.
pub(super) async fn body(call: &Call) -> Result<Sent, RequestError> {
    let body = call.body.as_ref();
    let body = body.map_err(|fault| RequestError::Body(*fault))?;
    if body.is_empty() {
        return Ok(Sent::default());
    }
    let kind = call.head.headers.get(CONTENT_TYPE);
    let kind = kind.map_or("application/json".into(), |kind| {
        String::from_utf8_lossy(kind.as_bytes())
    });
    let essence = kind.split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/json" => json(body),
        "application/x-www-form-urlencoded" => pairs(body),
        "multipart/form-data" => parts(&kind, body.clone()).await,
        _ => Err(RequestError::MediaType(kind.into_owned())),
    }
}

/// Reads the body, or without one the query.
pub(super) async fn body_or_query(call: &Call) -> Result<Sent, RequestError> {
    match (&call.body, call.head.uri.query()) {
        (Ok(body), Some(query)) if body.is_empty() => pairs(query.as_bytes()),
        _ => body(call).await,
    }
}

fn json(body: &[u8]) -> Result<Sent, RequestError> {
    let wrong =
        |error: serde_json::Error| RequestError::Wrong(format!("JSON parse error - {error}"));
    let kind = match serde_json::from_slice(body).map_err(wrong)? {
        Value::Object(fields) => return Ok(Sent(fields)),
        Value::Null => {
            return Err(RequestError::field("non_field_errors", "No data provided"));
        }
        Value::Array(_) => "list",
        Value::String(_) => "str",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
    };
    let words = format!("Invalid data. Expected a dictionary, but got {kind}.");
    Err(RequestError::field("non_field_errors", words))
}

fn pairs(text: &[u8]) -> Result<Sent, RequestError> {
    let wrong = || RequestError::Wrong("Form parse error - it is not UTF-8".into());
    let pairs = query::pairs(text).ok_or_else(wrong)?.into_iter();
    let fields = pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
    Ok(Sent(fields.collect()))
}

async fn parts(kind: &str, body: Bytes) -> Result<Sent, RequestError> {
    let wrong = |error| RequestError::Wrong(format!("Multipart form parse error - {error}"));
    let boundary = multer::parse_boundary(kind).map_err(wrong)?;
    let whole = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(body)]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut fields = Map::new();
    while let Some(part) = parts.next_field().await.map_err(wrong)? {
        let Some(name) = part.name().map(str::to_owned) else {
            continue;
        };
        let is_file = part.file_name().is_some();
        let text = part.text().await.map_err(wrong)?;
        if !is_file {
            fields.insert(name, Value::String(text));
        }
    }
    Ok(Sent(fields))
}

impl Sent {
    /// Whether the field was sent, as whatever.
    pub(super) fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// The field as it was sent.
    pub(super) fn value(&self, field: &str) -> Result<&Value, &'static str> {
        match self.0.get(field) {
            None => Err(REQUIRED),
            Some(Value::Null) => Err(NULL),
            Some(value) => Ok(value),
        }
    }

    /// The field as a text that is not blank; numbers are texts too.
    pub(super) fn text(&self, field: &str, trimmed: bool) -> Result<String, &'static str> {
        let text = match self.value(field)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(NO_TEXT),
        };
        let text = match trimmed {
            true => text.trim().to_owned(),
            false => text,
        };
        if text.is_empty() {
            return Err(BLANK);
        }
        match text.contains('\0') {
            true => Err(NUL),
            false => Ok(text),
        }
    }

    /// The field as an integer, which may be larger than what is counted with.
    pub(super) fn integer(&self, field: &str) -> Result<i128, &'static str> {
        let text = match Numeral::read(self.value(field)?) {
            Numeral::Whole(number) => return Ok(number),
            Numeral::Text(text) => text,
            Numeral::Null | Numeral::Other => return Err(NO_INTEGER),
        };
        let text = text.trim();
        let whole = match text.split_once('.') {
            Some((whole, rest)) if rest.bytes().all(|digit| digit == b'0') => whole,
            _ => text,
        };
        whole.parse().map_err(|_| NO_INTEGER)
    }
}
