//! What this API shows of things.

use chat_core::clock::Timestamp;
use chat_core::commit::Done;
use chat_core::ids::OperationId;
use chat_core::model::{ChatView, Message, Tenant};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::problem::Problem;

/// A time in UTC with microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0.rfc3339(6))
    }
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Application)]
pub(super) struct ApplicationJson {
    /// The secret that gives full power in it.
    token: Uuid,
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// How many chats exist in it.
    #[schema(minimum = 0)]
    chats_count: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last renamed, or made.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// The id that gives no power by itself.
    public_id: Uuid,
}

impl From<Tenant> for ApplicationJson {
    fn from(tenant: Tenant) -> Self {
        Self {
            token: tenant.token.expose(),
            name: tenant.name,
            chats_count: tenant.chats_count,
            created_at: Time(tenant.created_at),
            updated_at: Time(tenant.updated_at),
            public_id: tenant.public_id.0,
        }
    }
}

/// A conversation in an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Chat)]
pub(super) struct ChatJson {
    /// Its number in the application.
    #[schema(minimum = 1)]
    number: u64,
    /// How many messages exist in it.
    #[schema(minimum = 0)]
    messages_count: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When something last happened in it.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// Who takes part.
    #[schema(value_type = super::shapes::ChatKind)]
    kind: &'static str,
    /// Its name, if it has one.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Ask for changes after it to hear what happens from now on.
    cursor: String,
}

impl From<ChatView> for ChatJson {
    fn from(chat: ChatView) -> Self {
        Self {
            number: chat.number.0,
            messages_count: chat.messages_count,
            created_at: Time(chat.created_at),
            updated_at: Time(chat.updated_at),
            kind: chat.kind.as_str(),
            name: chat.name,
            cursor: chat.cursor.encode(),
        }
    }
}

/// A message in a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(super) struct MessageJson {
    /// Its number in the chat.
    #[schema(minimum = 1)]
    number: u64,
    /// The text; empty when it was deleted.
    body: String,
    /// When it was posted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last edited, or posted.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// The number of the user who posted it; null when nobody did, or one who is deleted.
    #[schema(minimum = 1)]
    author: Option<u64>,
    /// Who wrote it, when it was imported with a name.
    author_name: Option<String>,
    /// The number of the message that it answers.
    #[schema(minimum = 1)]
    reply_to: Option<u64>,
    /// When it was last edited.
    #[schema(value_type = Option<String>, format = DateTime)]
    edited_at: Option<Time>,
    /// What the host keeps beside it, as it was sent.
    #[schema(value_type = Option<Object>)]
    data: Option<Box<RawValue>>,
    /// When it was deleted; only there when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    deleted_at: Option<Time>,
}

impl From<Message> for MessageJson {
    fn from(message: Message) -> Self {
        Self {
            created_at: Time(message.created_at),
            updated_at: Time(message.updated_at()),
            number: message.number.0,
            body: message.body,
            author: message.sender.map(|user| user.0),
            author_name: message.author_name,
            reply_to: message.reply_to.map(|number| number.0),
            edited_at: message.edited_at.map(Time),
            data: message
                .data
                .and_then(|data| RawValue::from_string(data).ok()),
            deleted_at: message.deleted_at.map(Time),
        }
    }
}

/// A write on its way through the queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub(super) struct OperationJson {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub(super) id: OperationId,
    /// `pending`, `done`, `refused`, or `failed` when an operator has to look at it.
    pub(super) state: &'static str,
    /// What was made, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Made>,
    /// Why it was refused: the problem that a caller who waited would have got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<Problem>,
}

/// What an operation made.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Made {
    /// The number of the chat, the message or the user that was made, or of the chat that the two users have.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Time>,
}

impl OperationJson {
    pub(super) fn new(id: OperationId, state: &'static str) -> Self {
        Self {
            id,
            state,
            result: None,
            problem: None,
        }
    }
}

impl Made {
    pub(super) fn of(done: &Done) -> Self {
        let made = |number, at: Timestamp| Self {
            number: Some(number),
            created_at: Some(Time(at)),
        };
        match done {
            Done::ChatCreated { number, at, .. } => made(number.0, *at),
            Done::Posted { number, at, .. } => made(number.0, *at),
            Done::UserCreated { number, at } => made(number.0, *at),
            Done::ChatFound { number } => Self {
                number: Some(number.0),
                created_at: None,
            },
            _ => Self::default(),
        }
    }
}
