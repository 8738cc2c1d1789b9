//! What is told on a socket: a JSON object a frame, with its kind in `type`.

use std::sync::Arc;
use std::time::Duration;

use chat_core::cursor::Cursor;
use chat_core::ids::{Change, MessageNumber};
use chat_core::live::{Batch, Marked, Shared, Sighting, Typing};
use chat_core::model::{Member, Message};
use chat_core::service::{Item, Receipt, Roll};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::super::view::{ConversationJson, MessageJson, Presence};
use crate::live::frames::encode;
use crate::live::talk::Said;

/// What is told.
#[derive(Debug, Serialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub(super) enum Frame<'a> {
    /// From now on what happens is told.
    Ready {
        /// In seconds.
        heartbeat: u64,
    },
    /// A new message.
    Message {
        message: MessageJson,
        cursor: String,
    },
    /// The client's message is posted.
    Ack {
        client_id: Option<&'a str>,
        message: MessageJson,
    },
    /// A message has another text.
    MessageEdited {
        message: MessageJson,
        cursor: String,
    },
    /// A message is not there any more.
    MessageDeleted {
        conversation_id: u64,
        message_id: Option<u64>,
        cursor: String,
    },
    /// A conversation that is new to the user, or is not what it was.
    Conversation { conversation: ConversationJson },
    /// The user takes no part in it any more, or it is gone.
    Removed { conversation_id: u64 },
    /// How far a user has received and read a conversation.
    Receipt {
        conversation_id: u64,
        user_id: u64,
        delivered: u64,
        read: u64,
    },
    /// Somebody writes.
    Typing { conversation_id: u64, user_id: u64 },
    /// Whether somebody is there with whom the user takes part in a conversation.
    Presence { user_id: u64, presence: Presence },
    /// The cursor is of no use: the conversation is to be read anew. What happens from now on is told.
    Reset { conversation_id: u64 },
    /// All that was missed was told.
    CaughtUp,
    /// What a frame asks for was not done.
    Error {
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
    },
    /// An answer to a sign of life.
    Pong,
}

/// One frame that goes to many sockets.
#[derive(Clone)]
struct Told(Utf8Bytes);

impl Frame<'_> {
    /// As it is sent.
    pub(super) fn encode(&self) -> Utf8Bytes {
        encode(self)
    }
}

/// What is said first.
pub(super) fn ready(heartbeat: Duration) -> Said {
    let heartbeat = heartbeat.as_secs();
    Said::frame(Frame::Ready { heartbeat }.encode())
}

/// Whether what happened makes the conversation itself another one than it was after this change: its name, or who takes part.
pub(super) fn changes_the_conversation(batch: &Batch, since: Change) -> bool {
    batch.items.iter().any(|item| match item {
        Item::Chat(_) => batch.own_change > since,
        Item::Member(member) => member.own_change > since,
        _ => false,
    })
}

/// Whether it takes the marks of all to say how far the messages came that are told. Of a new message whatever was received is in the
/// same news or in later ones.
pub(super) fn needs_roll(batch: &Batch) -> bool {
    batch.items.iter().any(|item| match item {
        Item::Message(message) if message.is_deleted() => false,
        Item::Message(message) => {
            let is_old = message.number <= batch.from.head.number;
            is_old || marks(batch).any(|mark| reaches(mark, message))
        }
        _ => false,
    })
}

/// The messages that it tells of.
pub(super) fn messages(batch: &Batch) -> impl Iterator<Item = &Message> {
    batch.items.iter().filter_map(|item| match item {
        Item::Message(message) => Some(message),
        _ => None,
    })
}

fn marks(batch: &Batch) -> impl Iterator<Item = &Member> {
    batch.items.iter().filter_map(|item| match item {
        Item::Mark(mark) => Some(mark),
        _ => None,
    })
}

fn reaches(mark: &Member, message: &Message) -> bool {
    Some(mark.user) != message.sender && mark.delivered.max(mark.read) >= message.number
}

/// What happened in a conversation, the same for all who are told. Receipts come first, for they have no cursor: whoever has come to
/// the last cursor has all. A cursor before it leads up to its message, and to nothing that was touched.
pub(super) fn changes(batch: &Batch, roll: Option<&Roll>) -> Vec<Utf8Bytes> {
    let chat = batch.from.chat;
    let mut frames: Vec<_> = marks(batch)
        .map(|mark| receipt(chat.0, mark.user.0, (mark.delivered, mark.read)))
        .collect();
    let mut messages = messages(batch).peekable();
    let mut at = batch.from;
    while let Some(message) = messages.next() {
        let is_new = message.number > batch.from.head.number;
        at.head.number = at.head.number.max(message.number);
        if messages.peek().is_none() {
            at = batch.to;
        }
        frames.push(told(message, is_new, at, roll));
    }
    frames
}

fn told(message: &Message, is_new: bool, at: Cursor, roll: Option<&Roll>) -> Utf8Bytes {
    let cursor = at.encode();
    if message.is_deleted() {
        let frame = Frame::MessageDeleted {
            conversation_id: at.chat.0,
            message_id: message.ext_id,
            cursor,
        };
        return frame.encode();
    }
    let receipt = roll.map_or(Receipt::Sent, |roll| roll.receipt(message));
    let message = MessageJson::new(at.chat, message.clone(), receipt);
    let frame = match is_new {
        true => Frame::Message { message, cursor },
        false => Frame::MessageEdited { message, cursor },
    };
    frame.encode()
}

fn receipt(
    conversation_id: u64,
    user_id: u64,
    (delivered, read): (MessageNumber, MessageNumber),
) -> Utf8Bytes {
    let frame = Frame::Receipt {
        conversation_id,
        user_id,
        delivered: delivered.0,
        read: read.0,
    };
    frame.encode()
}

/// Somebody writes.
pub(super) fn typing(typing: &Arc<Shared<Typing>>) -> Utf8Bytes {
    let frame = |typing: &Typing| Frame::Typing {
        conversation_id: typing.chat.0,
        user_id: typing.user.0,
    };
    typing.encoded(|typing| Told(frame(typing).encode())).0
}

/// Somebody came or is gone.
pub(super) fn presence(sighting: &Arc<Shared<Sighting>>) -> Utf8Bytes {
    let frame = |sighting: &Sighting| Frame::Presence {
        user_id: sighting.user.0,
        presence: Presence::of(sighting.online),
    };
    sighting
        .encoded(|sighting| Told(frame(sighting).encode()))
        .0
}

/// The user, on all of whose sockets this is told, has received and read more of a large conversation.
pub(super) fn marked(marked: &Arc<Shared<Marked>>, user: u64) -> Utf8Bytes {
    let frame = |marked: &Marked| receipt(marked.chat.0, user, (marked.delivered, marked.read));
    marked.encoded(|marked| Told(frame(marked))).0
}
