//! One line of a file: a message with its chat, or a chat without messages.

use std::num::NonZeroU64;

use chat_core::clock::Timestamp;
use chat_core::commit::Imported;
use chat_core::ids::MessageNumber;
use chat_core::model::Message;
use chat_core::text::{Body, Data, Name, Violation};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

/// What is wrong with a line.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BadLine {
    /// It is no JSON object with these keys.
    #[error("{0}")]
    Json(String),
    /// It is longer than any message can be.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// It says neither the name nor the number of a chat.
    #[error("names no chat: chat or number is needed")]
    NoChat,
    /// It has neither a text nor a time of deletion, but more than a chat.
    #[error("has no body; only a deleted message (deleted_at) has none")]
    NoBody,
    /// A message is deleted or has a text.
    #[error("has deleted_at and {0}, which a deleted message does not keep")]
    Deleted(&'static str),
    /// A text breaks its rule.
    #[error("{field} {violation}")]
    Invalid {
        /// Its key.
        field: &'static str,
        /// The rule.
        violation: Violation,
    },
    /// A time is none.
    #[error("{0} is no RFC 3339 time such as 2004-11-15T12:18:00Z")]
    Time(&'static str),
    /// It answers what is not before it.
    #[error("reply_to names message {0}, which its chat does not have before it")]
    Reply(MessageNumber),
}

/// A line as it is understood.
#[derive(Debug, Clone)]
pub struct Line {
    /// The name of the chat.
    pub chat: Option<Name>,
    /// What tells chats apart that have no name, or the same.
    pub number: Option<NonZeroU64>,
    /// The message; `None` on a line that only names a chat.
    pub message: Option<Imported>,
}

/// The keys of a line.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    chat: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<NonZeroU64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edited_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<NonZeroU64>,
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, BadLine> {
        if line.trim_ascii_start().first() != Some(&b'{') {
            return Err(BadLine::Json("is no JSON object".to_owned()));
        }
        let wire: Wire =
            serde_json::from_slice(line).map_err(|error| BadLine::Json(json(&error)))?;
        let chat = wire
            .chat
            .map(Name::parse)
            .transpose()
            .map_err(invalid("chat"))?;
        if chat.is_none() && wire.number.is_none() {
            return Err(BadLine::NoChat);
        }
        let body = wire
            .body
            .map(Body::parse)
            .transpose()
            .map_err(invalid("body"))?;
        let author = wire
            .author
            .map(Name::parse)
            .transpose()
            .map_err(invalid("author"))?;
        let data = wire.data.as_deref().map(data).transpose()?;
        let message = Imported {
            sender: None,
            read_by: Vec::new(),
            author_name: author,
            data,
            reply_to: wire.reply_to.map(|number| MessageNumber(number.get())),
            created_at: time("at", wire.at)?,
            edited_at: time("edited_at", wire.edited_at)?,
            deleted_at: time("deleted_at", wire.deleted_at)?,
            body,
        };
        let says_nothing = message.author_name.is_none()
            && message.data.is_none()
            && message.reply_to.is_none()
            && message.created_at.is_none()
            && message.edited_at.is_none();
        let message = match (&message.body, message.deleted_at) {
            (Some(_), Some(_)) => return Err(BadLine::Deleted("body")),
            (None, Some(_)) if message.data.is_some() => return Err(BadLine::Deleted("data")),
            (None, None) if says_nothing => None,
            (None, None) => return Err(BadLine::NoBody),
            _ => Some(message),
        };
        Ok(Self {
            chat,
            number: wire.number,
            message,
        })
    }
}

/// The line of a message and its author's name, or of a chat without messages, with its line feed.
///
/// # Errors
/// When the message's data is no JSON, which it is in no store that works.
pub fn print(
    chat: Option<&str>,
    number: Option<NonZeroU64>,
    message: Option<(&Message, Option<&String>)>,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut wire = Wire {
        chat: chat.map(str::to_owned),
        number,
        ..Wire::default()
    };
    if let Some((message, author)) = message {
        wire.at = Some(shown(message.created_at));
        wire.author = author.cloned();
        wire.body = (!message.is_deleted()).then(|| message.body.clone());
        wire.edited_at = message.edited_at.map(shown);
        wire.deleted_at = message.deleted_at.map(shown);
        wire.data = message.data.as_deref().map(raw).transpose()?;
        wire.reply_to = message
            .reply_to
            .and_then(|number| NonZeroU64::new(number.0));
    }
    let mut line = serde_json::to_vec(&wire)?;
    line.push(b'\n');
    Ok(line)
}

/// As few digits as tell the whole time.
fn shown(at: Timestamp) -> String {
    let digits = match at.0 {
        whole if whole % 1_000_000 == 0 => 0,
        millis if millis % 1_000 == 0 => 3,
        _ => 6,
    };
    at.rfc3339(digits).to_string()
}

/// Data is kept as sent. Where that holds what cannot stand in a line, it becomes a string of its text.
fn raw(data: &str) -> Result<Box<RawValue>, serde_json::Error> {
    if data.trim() != data || data.contains(['\n', '\r']) {
        return serde_json::value::to_raw_value(data);
    }
    RawValue::from_string(data.to_owned())
}

fn data(raw: &RawValue) -> Result<Data, BadLine> {
    let text = if raw.get().starts_with('"') {
        serde_json::from_str(raw.get()).map_err(|error| BadLine::Json(json(&error)))?
    } else {
        raw.get().to_owned()
    };
    Data::parse(text).map_err(invalid("data"))
}

fn time(field: &'static str, text: Option<String>) -> Result<Option<Timestamp>, BadLine> {
    text.map(|text| Timestamp::parse(&text).ok_or(BadLine::Time(field)))
        .transpose()
}

fn invalid(field: &'static str) -> impl Fn(Violation) -> BadLine {
    move |violation| BadLine::Invalid { field, violation }
}

/// The parser counts lines of its own; here only the column tells something.
fn json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let at = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&at) {
        Some(text) => format!("{text} (column {})", error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(line: &str) -> String {
        Line::parse(line.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_line_is_a_message_with_its_chat() {
        let line = Line::parse(
            br#"{"chat":"a","at":"2004-11-15T12:18:00Z","author":"|trey|","body":" usual "}"#,
        )
        .unwrap();
        assert_eq!(line.chat.unwrap().as_str(), "a");
        let message = line.message.unwrap();
        assert_eq!(message.body.unwrap().as_str(), " usual ");
        assert_eq!(message.author_name.unwrap().as_str(), "|trey|");
        assert_eq!(
            message.created_at.unwrap(),
            Timestamp(1_100_521_080_000_000)
        );
        assert!(
            Line::parse(br#"{"chat":"empty"}"#)
                .unwrap()
                .message
                .is_none()
        );
        assert!(
            Line::parse(br#"{"chat":null,"number":3}"#)
                .unwrap()
                .message
                .is_none()
        );
    }

    #[test]
    fn a_bad_line_says_what_is_wrong() {
        for (line, reason) in [
            ("", "is no JSON object"),
            (r#"["a"]"#, "is no JSON object"),
            (r#"{"chat":"a","body":1}"#, "expected a string (column 20)"),
            (r#"{"chat":"a","text":"x"}"#, "unknown field `text`"),
            (r#"{"chat":"a","number":0,"body":"x"}"#, "nonzero"),
            (r#"{"body":"x"}"#, "names no chat"),
            (r#"{"chat":" ","body":"x"}"#, "chat can't be blank"),
            (r#"{"chat":"a","body":" "}"#, "body can't be blank"),
            (r#"{"chat":"a","author":"x"}"#, "has no body"),
            (
                r#"{"chat":"a","at":"now","body":"x"}"#,
                "at is no RFC 3339 time",
            ),
            (r#"{"chat":"a","body":"x","data":[1]}"#, "data is invalid"),
            (
                r#"{"chat":"a","body":"x","deleted_at":"2004-11-15T12:18:00Z"}"#,
                "has deleted_at and body",
            ),
        ] {
            assert!(bad(line).contains(reason), "{line}: {}", bad(line));
        }
    }

    #[test]
    fn data_is_kept_to_the_byte() {
        for data in [
            r#"{"a": 1.50}"#,
            "{\n \"a\":1}",
            " {} ",
            r#"{"\u0041":"\n"}"#,
        ] {
            let message = Message {
                number: MessageNumber(1),
                body: "x".into(),
                sender: None,
                author_name: None,
                data: Some(data.into()),
                reply_to: None,
                ext_id: None,
                created_at: Timestamp(-1),
                edited_at: None,
                deleted_at: None,
                change: chat_core::ids::Change::ZERO,
            };
            let line = print(Some("a"), None, Some((&message, None))).unwrap();
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            let read = Line::parse(&line).unwrap().message.unwrap();
            assert_eq!(read.data.unwrap().as_str(), data);
            assert_eq!(read.created_at, Some(Timestamp(-1)));
        }
    }
}
