//! Frames that all doors tell alike.

use std::collections::BTreeMap;

use chat_core::cursor::Cursor;
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// One frame tells of so many chats where a socket stands.
const HEADS: usize = 500;

#[derive(Serialize)]
#[serde(tag = "type", rename = "heads")]
struct Heads {
    heads: BTreeMap<u64, String>,
}

/// A frame as it is sent: JSON.
pub(crate) fn encode(frame: &impl Serialize) -> Utf8Bytes {
    // Maps with texts for keys and nothing that can fail.
    serde_json::to_string(frame).unwrap_or_default().into()
}

/// What a socket was told of each chat: at least one frame.
pub(crate) fn heads(cursors: &[Cursor]) -> Vec<Utf8Bytes> {
    let frame = |cursors: &[Cursor]| {
        let heads = cursors.iter();
        let heads = heads.map(|cursor| (cursor.chat.0, cursor.encode()));
        let heads = heads.collect();
        encode(&Heads { heads })
    };
    match cursors {
        [] => vec![frame(&[])],
        cursors => cursors.chunks(HEADS).map(frame).collect(),
    }
}

/// Notes why what a frame asks for could not be done, when the server is at fault.
pub(crate) fn log_failure(request_id: &str, error: &(dyn std::error::Error + 'static)) {
    tracing::error!(request_id, error, "what a frame asks for failed");
}
