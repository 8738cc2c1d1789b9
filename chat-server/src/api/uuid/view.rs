//! What this API shows of things.

use chat_core::clock::Timestamp;
use chat_core::ids::{ChatNumber, MessageNumber};
use chat_core::model::{ChatView, Message, Tenant};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

/// A time in UTC with milliseconds.
#[derive(Debug, Clone, Copy)]
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0.rfc3339(3))
    }
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UuidApplication)]
pub(super) struct ApplicationJson {
    /// Its name.
    name: String,
    /// The secret that gives full power in it.
    uuid: Uuid,
    /// How many chats exist in it.
    #[schema(minimum = 0)]
    chats_count: u64,
}

impl From<Tenant> for ApplicationJson {
    fn from(tenant: Tenant) -> Self {
        Self {
            name: tenant.name,
            uuid: tenant.token.expose(),
            chats_count: tenant.chats_count,
        }
    }
}

/// A conversation in an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UuidChat)]
pub(super) struct ChatJson {
    /// Its number in the application.
    #[schema(minimum = 1)]
    number: u64,
    /// How many messages exist in it.
    #[schema(minimum = 0)]
    messages_count: u64,
}

impl From<ChatView> for ChatJson {
    fn from(chat: ChatView) -> Self {
        Self {
            number: chat.number.0,
            messages_count: chat.messages_count,
        }
    }
}

/// A message in a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UuidMessage)]
pub(super) struct MessageJson {
    /// Unique in the application; null beyond what a double can hold.
    #[schema(minimum = 1)]
    id: Option<u64>,
    /// The application's uuid.
    application_id: Uuid,
    /// The chat's number.
    #[schema(minimum = 1)]
    chat_number: u64,
    /// Its number in the chat.
    #[schema(minimum = 1)]
    number: u64,
    /// The text.
    message: String,
    /// When it was posted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last edited, or posted.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl MessageJson {
    pub(super) fn new(message: Message, application: Uuid, chat: ChatNumber) -> Self {
        Self {
            id: message.ext_id.or_else(|| paired(chat, message.number)),
            application_id: application,
            chat_number: chat.0,
            number: message.number.0,
            created_at: Time(message.created_at),
            updated_at: Time(message.updated_at()),
            message: message.body,
        }
    }
}

/// Every JSON reader keeps integers below this exactly.
const EXACT: u64 = 1 << 53;

/// Szudzik's pairing: one number for two, a different one for any other two.
fn paired(chat: ChatNumber, message: MessageNumber) -> Option<u64> {
    let (chat, message) = (chat.0, message.0);
    let square = chat.max(message).checked_mul(chat.max(message))?;
    let beside = if chat < message {
        chat
    } else {
        chat.checked_add(message)?
    };
    square.checked_add(beside).filter(|pair| *pair < EXACT)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn two_numbers_make_one_that_no_other_two_make() {
        let pair = |chat, message| paired(ChatNumber(chat), MessageNumber(message));
        let all: HashSet<u64> = (1..100)
            .flat_map(|chat| (1..100).filter_map(move |message| pair(chat, message)))
            .collect();
        assert_eq!(all.len(), 99 * 99);
        assert!(pair(1, 94_906_265).unwrap() < 1 << 53);
        assert!(pair(94_906_265, 1).unwrap() < 1 << 53);
        assert_eq!(pair(1, 94_906_266), None);
        assert_eq!(pair(u64::MAX, u64::MAX), None);
    }
}
