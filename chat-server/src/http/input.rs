//! What a client sends to create or change something: JSON, a form, or query parameters.

mod field;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};
use thiserror::Error;

use super::body::BodyFault;
use super::call::Call;
use super::query;

pub use field::{Field, Nested, Object, either};

/// Why there is no input.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InputFault {
    /// The body could not be read.
    #[error(transparent)]
    Body(#[from] BodyFault),
    /// The content type is neither JSON nor a form.
    #[error("the content type {0} is not read here: send application/json")]
    MediaType(String),
    /// The body is not what its content type says.
    #[error("the body is not valid JSON: {0}")]
    Json(String),
    /// The body is JSON, but no object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// A form or query is not UTF-8.
    #[error("the {0} is not valid UTF-8")]
    NotUtf8(&'static str),
    /// There is neither a body nor a query.
    #[error("the body is missing")]
    Missing,
}

/// The body, whatever it holds.
///
/// # Errors
/// When it cannot be read.
pub fn body(call: &Call) -> Result<&Bytes, InputFault> {
    call.body.as_ref().map_err(|fault| (*fault).into())
}

/// Reads the body's JSON object as `T`.
///
/// # Errors
/// When there is no body, or it is no such object.
pub fn json<T: DeserializeOwned>(call: &Call) -> Result<T, InputFault> {
    let body = body(call)?;
    match kind(call)? {
        Kind::Json | Kind::Form if body.is_empty() => Err(InputFault::Missing),
        Kind::Json => parse(body),
        Kind::Form => Err(InputFault::MediaType(
            "application/x-www-form-urlencoded".into(),
        )),
    }
}

/// Reads the body's JSON object as `T`, whatever its content type calls it.
///
/// # Errors
/// When there is no body, or it is no such object.
pub fn unlabelled<T: DeserializeOwned>(call: &Call) -> Result<T, InputFault> {
    let body = body(call)?;
    match body.is_empty() {
        true => Err(InputFault::Missing),
        false => parse(body),
    }
}

/// Reads the body, JSON or form, or without a body the query, as `T`. `application[name]` of a form or query is the
/// key `name` of the object `application`.
///
/// # Errors
/// When there is neither a body nor a query, or it cannot be read.
pub fn any<T: DeserializeOwned>(call: &Call) -> Result<T, InputFault> {
    let body = body(call)?;
    if body.is_empty() {
        let query = call.head.uri.query().filter(|query| !query.is_empty());
        return from_pairs(query.ok_or(InputFault::Missing)?.as_bytes(), "query");
    }
    match kind(call)? {
        Kind::Json => parse(body),
        // Common tools call every body a form unless they are told otherwise.
        Kind::Form if body.trim_ascii_start().starts_with(b"{") => parse(body),
        Kind::Form => from_pairs(body, "form"),
    }
}

enum Kind {
    Json,
    Form,
}

fn kind(call: &Call) -> Result<Kind, InputFault> {
    let Some(value) = call.head.headers.get(CONTENT_TYPE) else {
        return Ok(Kind::Json);
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "" | "application/json" => Ok(Kind::Json),
        "application/x-www-form-urlencoded" => Ok(Kind::Form),
        other if other.starts_with("application/") && other.ends_with("+json") => Ok(Kind::Json),
        _ => Err(InputFault::MediaType(essence)),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, InputFault> {
    let text = std::str::from_utf8(body).map_err(|_| InputFault::NotUtf8("body"))?;
    if text.trim_ascii() == "null" {
        return Err(InputFault::Missing);
    }
    match serde_json::from_str::<Object<T>>(text) {
        Ok(Object(value)) => Ok(value),
        Err(_) if is_another_value(text) => Err(InputFault::NotAnObject),
        Err(error) => Err(InputFault::Json(error.to_string())),
    }
}

/// Whether this is JSON, but no object.
fn is_another_value(text: &str) -> bool {
    !text.trim_ascii_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn from_pairs<T: DeserializeOwned>(text: &[u8], place: &'static str) -> Result<T, InputFault> {
    let pairs = query::pairs(text).ok_or(InputFault::NotUtf8(place))?;
    let mut object = Map::new();
    for (name, value) in pairs {
        let inner = name.strip_suffix(']').and_then(|name| name.split_once('['));
        match inner {
            Some((outer, inner)) => {
                let entry = object
                    .entry(outer)
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(entry) = entry {
                    entry.insert(inner.to_owned(), Value::String(value.into_owned()));
                }
            }
            None => {
                object.insert(name.into_owned(), Value::String(value.into_owned()));
            }
        }
    }
    T::deserialize(Value::Object(object)).map_err(|error| InputFault::Json(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::HeaderValue;
    use serde::Deserialize;

    use super::*;
    use crate::http::testing;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Names {
        #[serde(default)]
        name: Field,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Sent {
        #[serde(default)]
        name: Field,
        #[serde(default)]
        application: Nested<Names>,
    }

    fn call(kind: Option<&str>, uri: &str, body: &'static [u8]) -> Call {
        let mut head = testing::head("POST", uri);
        if let Some(kind) = kind {
            head.headers
                .insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        }
        Call {
            head: Arc::new(head),
            body: Ok(Bytes::from_static(body)),
        }
    }

    fn name(kind: Option<&str>, uri: &str, body: &'static [u8]) -> Result<Field, InputFault> {
        any::<Sent>(&call(kind, uri, body)).map(|sent| match sent.application {
            Nested::Object(inner) => inner.name,
            _ => sent.name,
        })
    }

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded; charset=utf-8");

    #[test]
    fn a_name_is_found_wherever_it_may_stand() {
        let text = |text: &str| Ok(Field::Text(text.into()));
        assert_eq!(name(None, "/", br#"{"name":"X"}"#), text("X"));
        assert_eq!(
            name(
                Some("Application/JSON"),
                "/",
                br#"{"application":{"name":"X"}}"#
            ),
            text("X")
        );
        assert_eq!(
            name(
                Some("application/vnd.api+json"),
                "/",
                br#"{"name":"X","x":[1]}"#
            ),
            text("X")
        );
        assert_eq!(name(FORM, "/", b"name=X+Y"), text("X Y"));
        assert_eq!(name(FORM, "/", b"application%5Bname%5D=X"), text("X"));
        assert_eq!(name(FORM, "/", br#" {"name":"X"}"#), text("X"));
        assert_eq!(name(None, "/?application[name]=X", b""), text("X"));
        assert_eq!(
            name(None, "/?name=Q", br#"{"name":"X"}"#),
            text("X"),
            "the body wins"
        );
    }

    #[test]
    fn what_is_no_text_is_told_from_what_is_missing() {
        for body in [
            &b"{}"[..],
            br#"{"name":null}"#,
            br#"{"application":"X"}"#,
            br#"{"application":[1]}"#,
        ] {
            assert_eq!(name(None, "/", body), Ok(Field::Missing));
        }
        for body in [
            &br#"{"name":1}"#[..],
            br#"{"name":[]}"#,
            br#"{"name":{"a":[1]}}"#,
            br#"{"name":true}"#,
        ] {
            assert_eq!(name(None, "/", body), Ok(Field::NotText));
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(name(None, "/", b""), Err(InputFault::Missing));
        assert_eq!(name(None, "/?", b""), Err(InputFault::Missing));
        for body in [&b"[]"[..], b"[{}]", b"\"X\"", b" 3\n", b"true"] {
            assert_eq!(name(None, "/", body), Err(InputFault::NotAnObject));
        }
        for body in [
            &b"{"[..],
            b"[",
            b"[] []",
            b"nul",
            b"{} {}",
            b"{\"name\":1e999}",
        ] {
            assert!(
                matches!(name(None, "/", body), Err(InputFault::Json(_))),
                "{body:?}"
            );
        }
        assert_eq!(
            name(None, "/", b"{\"name\":\"\xff\"}"),
            Err(InputFault::NotUtf8("body"))
        );
        assert_eq!(
            name(FORM, "/", b"name=%ff"),
            Err(InputFault::NotUtf8("form"))
        );
        assert_eq!(
            name(Some("text/xml"), "/", b"<a/>"),
            Err(InputFault::MediaType("text/xml".into()))
        );
    }

    #[test]
    fn what_the_content_type_says_may_be_left_alone() {
        let read = |kind, body| unlabelled::<Sent>(&call(kind, "/?name=Q", body));
        let named = read(Some("text/plain"), br#"{"name":"X"}"#).unwrap();
        assert_eq!(named.name, Field::Text("X".into()));
        assert!(read(FORM, br#"{"name":"X"}"#).is_ok());
        assert_eq!(read(None, b""), Err(InputFault::Missing));
        assert_eq!(read(None, b"[]"), Err(InputFault::NotAnObject));
    }

    #[test]
    fn deep_nesting_does_no_harm() {
        let deep = |key: &str| {
            let text = format!(
                "{{\"{key}\":{}{}}}",
                "[".repeat(300_000),
                "]".repeat(300_000)
            );
            let mut call = call(None, "/", b"");
            call.body = Ok(text.into());
            any::<Sent>(&call).map(|sent| sent.name)
        };
        assert_eq!(deep("ignored"), Ok(Field::Missing));
        assert_eq!(deep("name"), Ok(Field::NotText));
    }
}
