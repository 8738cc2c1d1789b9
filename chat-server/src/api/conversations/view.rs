//! What this API shows of things.

use chat_core::clock::Timestamp;
use chat_core::ids::ChatNumber;
use chat_core::live::Sighting;
use chat_core::model::{DeviceKey, Message, UserView};
use chat_core::service::{MyChat, Receipt, Roll};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A time in UTC with milliseconds.
#[derive(Debug, Clone, Copy)]
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0.rfc3339(3))
    }
}

/// Somebody who can log in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationsUser)]
pub(super) struct UserJson {
    #[schema(minimum = 1)]
    id: u64,
    username: String,
    /// Shown to its owner only.
    email: Option<String>,
    /// A URL.
    profile_picture: Option<String>,
    /// When it registered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// Whether it is connected.
    presence: Presence,
    /// When it was last connected, to a minute; of who is connected, to five. Null if it never was.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Time>,
}

/// Whether a user is connected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ConversationsPresence)]
pub(super) enum Presence {
    /// By a socket, or was a moment ago.
    Online,
    /// By none.
    Offline,
}

impl Presence {
    pub(super) const fn of(online: bool) -> Self {
        match online {
            true => Self::Online,
            false => Self::Offline,
        }
    }
}

impl UserJson {
    /// A user, and whether he is there as far as anybody knows.
    pub(super) fn new(user: UserView, sighting: Option<&Sighting>) -> Self {
        Self {
            id: user.number.0,
            username: user.username,
            email: user.email,
            profile_picture: user.picture,
            created_at: Time(user.created_at),
            presence: Presence::of(sighting.is_some_and(|sighting| sighting.online)),
            last_seen_at: sighting.and_then(|sighting| sighting.last_seen_at.map(Time)),
        }
    }
}

/// A key of a device of a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationsKey)]
pub(super) struct KeyJson {
    /// What the user calls the device.
    #[schema(min_length = 1, max_length = 64)]
    device: String,
    /// In base64.
    #[schema(min_length = 1, max_length = 4096)]
    key: String,
    /// Since when it is this one.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl From<DeviceKey> for KeyJson {
    fn from(key: DeviceKey) -> Self {
        Self {
            device: key.device,
            key: key.key,
            created_at: Time(key.created_at),
        }
    }
}

/// What a login gives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationsLogin)]
pub(super) struct LoginJson {
    /// Send it as `Authorization: Bearer`.
    pub(super) token: String,
    pub(super) user: UserJson,
}

/// How far a message came with all others who take part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ConversationsStatus)]
enum Status {
    Sent,
    Delivered,
    Read,
}

impl From<Receipt> for Status {
    fn from(receipt: Receipt) -> Self {
        match receipt {
            Receipt::Sent => Self::Sent,
            Receipt::Delivered => Self::Delivered,
            Receipt::Read => Self::Read,
        }
    }
}

/// A message in a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationsMessage)]
pub(super) struct MessageJson {
    /// Unique in the whole API.
    #[schema(minimum = 1)]
    id: Option<u64>,
    /// Its number in the conversation: 1, 2, 3 …
    #[schema(minimum = 1)]
    number: u64,
    #[schema(minimum = 1)]
    conversation_id: u64,
    /// Null when there is no sender, or not any more.
    #[schema(minimum = 1)]
    sender_id: Option<u64>,
    /// The text.
    content: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    edited_at: Option<Time>,
    status: Status,
}

impl MessageJson {
    pub(super) fn new(chat: ChatNumber, message: Message, receipt: Receipt) -> Self {
        Self {
            id: message.ext_id,
            number: message.number.0,
            conversation_id: chat.0,
            sender_id: message.sender.map(|user| user.0),
            content: message.body,
            created_at: Time(message.created_at),
            edited_at: message.edited_at.map(Time),
            status: receipt.into(),
        }
    }
}

/// A conversation as one who takes part sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Conversation)]
pub(super) struct ConversationJson {
    #[schema(minimum = 1)]
    id: u64,
    /// Null in one-to-one conversations.
    name: Option<String>,
    /// The ids of those who take part.
    participants: Vec<u64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// Messages of others that are not read, counted up to 1,000.
    #[schema(minimum = 0)]
    unread: u64,
    /// The last one that exists.
    last_message: Option<MessageJson>,
}

impl ConversationJson {
    pub(super) fn new(mine: MyChat, roll: &Roll) -> Self {
        let number = mine.chat.number;
        let last = mine.latest.map(|message| {
            let receipt = roll.receipt(&message);
            MessageJson::new(number, message, receipt)
        });
        Self {
            id: number.0,
            name: mine.chat.name,
            participants: roll.users().iter().map(|user| user.0).collect(),
            created_at: Time(mine.chat.created_at),
            unread: mine.unread,
            last_message: last,
        }
    }
}

/// A conversation with a page of its messages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationWithMessages)]
pub(super) struct HistoryJson {
    #[serde(flatten)]
    pub(super) conversation: ConversationJson,
    /// Oldest first.
    pub(super) messages: Vec<MessageJson>,
}
