//! What a client sends to create or change something: JSON, a form, or query parameters.

use std::fmt;
use std::marker::PhantomData;

use chat_core::text::Violation;
use http::header::CONTENT_TYPE;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::{Map, Value};
use thiserror::Error;

use super::body::BodyFault;
use super::call::Call;
use super::query;

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
    /// A form or query is not UTF-8.
    #[error("the {0} is not valid UTF-8")]
    NotUtf8(&'static str),
    /// There is neither a body nor a query.
    #[error("the body is missing")]
    Missing,
}

/// A text as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field {
    /// Not at all, or null.
    #[default]
    Missing,
    /// As text.
    Text(String),
    /// As something that is no text.
    Wrong,
}

/// Reads the body's JSON object as `T`.
///
/// # Errors
/// When there is no body, or it is no such object.
pub fn json<T: DeserializeOwned>(call: &Call) -> Result<T, InputFault> {
    let body = call.body.as_ref().map_err(|fault| *fault)?;
    match kind(call)? {
        Kind::Json | Kind::Form if body.is_empty() => Err(InputFault::Missing),
        Kind::Json => parse(body),
        Kind::Form => Err(InputFault::MediaType(
            "application/x-www-form-urlencoded".into(),
        )),
    }
}

/// Reads the body, JSON or form, or without a body the query, as `T`. `application[name]` of a form or query is the
/// key `name` of the object `application`.
///
/// # Errors
/// When there is neither a body nor a query, or it cannot be read.
pub fn any<T: DeserializeOwned>(call: &Call) -> Result<T, InputFault> {
    let body = call.body.as_ref().map_err(|fault| *fault)?;
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
    serde_json::from_str::<Object<T>>(text)
        .map(|Object(value)| value)
        .map_err(|error| InputFault::Json(error.to_string()))
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

/// A JSON object; a derived struct would also take an array.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Object<T>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        from.deserialize_map(Reader(PhantomData))
    }
}

/// What stands in an object of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Nested<T> {
    /// Nothing, or null.
    #[default]
    Missing,
    /// An object.
    Object(T),
    /// Something that is no object.
    Wrong,
}

macro_rules! visit_as {
    ($value:expr; $($method:ident: $kind:ty),+) => { $(
        fn $method<E: de::Error>(self, _: $kind) -> Result<Self::Value, E> {
            Ok($value)
        }
    )+ };
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Nested<T>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("anything")
            }
            visit_as!(Nested::Wrong; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
            fn visit_unit<E: de::Error>(self) -> Result<Nested<T>, E> {
                Ok(Nested::Missing)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Nested<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Nested::Object)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Nested<T>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Nested::Wrong)
            }
        }
        from.deserialize_any(Reader(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Field;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("anything")
            }
            visit_as!(Field::Wrong; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
            fn visit_unit<E: de::Error>(self) -> Result<Field, E> {
                Ok(Field::Missing)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Field, E> {
                Ok(Field::Text(text.to_owned()))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Field, E> {
                Ok(Field::Text(text))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Field::Wrong)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Field, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Field::Wrong)
            }
        }
        from.deserialize_any(Reader)
    }
}

/// A value that may stand flat or in an object of its own: the first that is valid, or else what is wrong with the
/// one that was sent.
///
/// # Errors
/// When neither is valid.
pub fn either<T, E>(
    flat: Result<T, E>,
    flat_was_sent: bool,
    nested: Option<Result<T, E>>,
) -> Result<T, E> {
    match (flat, nested) {
        (Ok(value), _) | (Err(_), Some(Ok(value))) => Ok(value),
        (Err(_), Some(Err(error))) if !flat_was_sent => Err(error),
        (Err(error), _) => Err(error),
    }
}

impl<T> Nested<T> {
    /// What stands in the object, if it is one.
    pub fn object(self) -> Option<T> {
        match self {
            Self::Object(inner) => Some(inner),
            Self::Missing | Self::Wrong => None,
        }
    }
}

impl Field {
    /// The text as a value of the core: a missing one is blank, what is no text invalid.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse<T>(
        self,
        parse: impl FnOnce(String) -> Result<T, Violation>,
    ) -> Result<T, Violation> {
        match self {
            Self::Missing => Err(Violation::Blank),
            Self::Wrong => Err(Violation::Invalid),
            Self::Text(text) => parse(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::HeaderValue;

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
            assert_eq!(name(None, "/", body), Ok(Field::Wrong));
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(name(None, "/", b""), Err(InputFault::Missing));
        assert_eq!(name(None, "/?", b""), Err(InputFault::Missing));
        for body in [
            &b"{"[..],
            b"[]",
            b"[{}]",
            b"\"X\"",
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
        assert_eq!(deep("name"), Ok(Field::Wrong));
    }
}
