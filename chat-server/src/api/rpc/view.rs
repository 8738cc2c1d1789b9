//! What this API shows of things.

use chat_core::clock::Timestamp;
use chat_core::ids::{ChatNumber, UserNumber};
use chat_core::model::{ChatView, Message};
use http::{HeaderMap, StatusCode};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::http::accept;
use crate::http::reply::{self, Response};

/// A time in UTC with milliseconds.
#[derive(Debug, Clone, Copy)]
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0.rfc3339(3))
    }
}

/// The id of what was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RpcMade)]
pub(super) struct MadeJson {
    #[schema(minimum = 1)]
    id: u64,
}

/// The answer with the id of what was made: bare for whoever asks for text, an object for all others.
pub(super) fn made(headers: &HeaderMap, id: u64) -> Response {
    const OBJECT: &str = "application/json";
    const TEXT: &str = "text/plain";
    match accept::choose(headers, &[OBJECT, TEXT]) {
        Some(TEXT) => reply::with_body(
            StatusCode::CREATED,
            "text/plain; charset=utf-8",
            format!("{id}\n"),
        ),
        _ => reply::json(StatusCode::CREATED, &MadeJson { id }),
    }
}

/// A chat and who takes part in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RpcChat)]
pub(super) struct ChatJson {
    #[schema(minimum = 1)]
    id: u64,
    /// Its name; null when it has none.
    name: Option<String>,
    /// The ids of its users.
    users: Vec<u64>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl ChatJson {
    pub(super) fn new(chat: ChatView, users: &[UserNumber]) -> Self {
        Self {
            id: chat.number.0,
            name: chat.name,
            users: users.iter().map(|user| user.0).collect(),
            created_at: Time(chat.created_at),
        }
    }
}

/// A message in a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RpcMessage)]
pub(super) struct MessageJson {
    #[schema(minimum = 1)]
    id: Option<u64>,
    /// The chat's id.
    #[schema(minimum = 1)]
    chat: u64,
    /// The author's id; null when there is none, or not any more.
    #[schema(minimum = 1)]
    author: Option<u64>,
    /// The text.
    text: String,
    /// When it was posted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl MessageJson {
    pub(super) fn new(chat: ChatNumber, message: Message) -> Self {
        Self {
            id: message.ext_id,
            chat: chat.0,
            author: message.sender.map(|user| user.0),
            text: message.body,
            created_at: Time(message.created_at),
        }
    }
}
