//! What is told on a socket: a JSON object a frame, with its kind in `type`.

use std::sync::Arc;
use std::time::Duration;

use chat_core::ids::OperationId;
use chat_core::live::{Batch, Marked, Shared, Sighting, Typing};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::api::applications::changes::ItemJson;
use crate::api::applications::input::Id;
use crate::api::applications::me::MyChatJson;
use crate::api::applications::presence::PresenceJson;
use crate::api::applications::status::{RequestError, of_frame};
use crate::live::Over;
use crate::live::frames::encode;

/// Of what happened in a chat no frame tells more bytes, unless one item alone has them.
const LONGEST: usize = 60 << 10;

/// What is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Frame<'a> {
    /// Whoever is there is known.
    Ready {
        epoch: String,
        /// In milliseconds.
        heartbeat: u64,
        retry_ms: u64,
    },
    /// Chats of the user that it did not name.
    New { chats: Vec<MyChatJson> },
    /// The cursor's past is gone: take a snapshot; what happens after `head` is told.
    Reset { chat: u64, head: String },
    /// Nothing of this chat is told any more.
    Removed { chat: u64 },
    /// All that was missed was told.
    CaughtUp,
    /// It is done.
    Ack {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Id>,
        /// The number of the message.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<u64>,
        /// Where the chat stands, with what was done.
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
        /// It was done before, and is not done again.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        replayed: bool,
        /// It waits in the queue.
        #[serde(skip_serializing_if = "Option::is_none")]
        operation: Option<OperationId>,
    },
    /// Somebody writes.
    Typing { chat: u64, user: u64 },
    /// Whether somebody who is watched is there.
    Presence {
        #[serde(flatten)]
        presence: PresenceJson,
    },
    /// Of a large chat: how far the user has received and read it.
    Mark {
        chat: u64,
        user: u64,
        delivered: u64,
        read: u64,
    },
    /// An answer to a sign of life.
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Id>,
    },
    /// It is over.
    Bye {
        code: &'a str,
        resume: bool,
        retry_ms: u64,
    },
}

/// Frames that go to many sockets.
#[derive(Clone)]
struct Told(Arc<[Utf8Bytes]>);

impl Frame<'_> {
    /// As it is sent.
    pub(super) fn encode(&self) -> Utf8Bytes {
        encode(self)
    }
}

/// Why what a frame asks for was not done.
pub(super) fn problem(id: Option<Id>, request_id: &str, wrong: &RequestError) -> Utf8Bytes {
    let (problem, after) = of_frame(request_id, wrong);
    let mut frame = serde_json::to_value(problem).unwrap_or_default();
    frame["type"] = "problem".into();
    if let Some(id) = id {
        frame["id"] = id;
    }
    if let Some(after) = after {
        frame["retry_ms"] = millis(after).into();
    }
    encode(&frame)
}

/// What is told last; `None` where nobody is there to be told.
pub(super) fn bye(over: Over, retry_ms: u64) -> Option<Utf8Bytes> {
    let frame = |code| Frame::Bye {
        code,
        resume: over.resumes(),
        retry_ms,
    };
    over.code().map(|code| frame(code).encode())
}

/// What happened in a chat: one frame, or several of which all but the last leave the cursor where it is.
pub(super) fn changes(batch: &Shared<Batch>) -> Vec<Utf8Bytes> {
    batch
        .encoded(|batch| Told(written(batch).into()))
        .0
        .to_vec()
}

fn written(batch: &Batch) -> Vec<Utf8Bytes> {
    let (from, to) = (batch.from.encode(), batch.to.encode());
    let frame = |to: &str, items: &str| -> Utf8Bytes {
        let chat = batch.from.chat;
        let head = format!(r#"{{"type":"changes","chat":{chat},"from":"{from}","to":"{to}""#);
        format!(r#"{head},"items":[{items}]}}"#).into()
    };
    let (mut frames, mut items) = (Vec::new(), String::new());
    for item in batch.items.iter().cloned().filter_map(ItemJson::of) {
        let item = serde_json::to_string(&item).unwrap_or_default();
        if !items.is_empty() && items.len() + item.len() > LONGEST {
            frames.push(frame(&from, &items));
            items.clear();
        }
        if !items.is_empty() {
            items.push(',');
        }
        items.push_str(&item);
    }
    frames.push(frame(&to, &items));
    frames
}

/// Somebody writes.
pub(super) fn typing(typing: &Shared<Typing>) -> Vec<Utf8Bytes> {
    let frame = |typing: &Typing| Frame::Typing {
        chat: typing.chat.0,
        user: typing.user.0,
    };
    let told = typing.encoded(|typing| Told([frame(typing).encode()].into()));
    told.0.to_vec()
}

/// Whether somebody is there.
pub(super) fn presence(sighting: &Shared<Sighting>) -> Vec<Utf8Bytes> {
    let frame = |sighting: &Sighting| Frame::Presence {
        presence: sighting.into(),
    };
    let told = sighting.encoded(|sighting| Told([frame(sighting).encode()].into()));
    told.0.to_vec()
}

/// The user, on all of whose sockets this is told, has received and read more.
pub(super) fn marked(marked: &Shared<Marked>, user: u64) -> Vec<Utf8Bytes> {
    let frame = |marked: &Marked| Frame::Mark {
        chat: marked.chat.0,
        user,
        delivered: marked.delivered.0,
        read: marked.read.0,
    };
    let told = marked.encoded(|marked| Told([frame(marked).encode()].into()));
    told.0.to_vec()
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
