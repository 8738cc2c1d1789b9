//! What clients send on a socket: a JSON object a frame, with its kind in `type`. Keys that are not known mean nothing.

use std::collections::BTreeMap;

use chat_core::commit::Mark;
use chat_core::cursor::Cursor;
use chat_core::ids::{ChatNumber, MessageNumber};
use chat_core::text::{Body, IdempotencyKey, Violation};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::input::{count, id, text};
use super::super::status::RequestError;
use crate::api::cursors::{self, Illegible, MOST};
use crate::api::number::Numeral;
use crate::http::input::{Field, Object};

/// What a client asks for in a frame.
#[derive(Debug)]
pub(super) enum Asked {
    /// To post a message.
    Message {
        chat: ChatNumber,
        body: Body,
        key: Option<IdempotencyKey>,
    },
    /// To say that it writes.
    Typing(ChatNumber),
    /// To say how far a conversation was received or read.
    Mark(ChatNumber, Mark),
    /// To be told what happened since.
    Resume(BTreeMap<ChatNumber, Cursor>),
    /// A sign of life.
    Ping,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Sent {
    #[serde(rename = "type")]
    kind: Field,
    conversation_id: Numeral,
    content: Field,
    client_id: Field,
    number: Numeral,
    after: Option<Box<RawValue>>,
}

/// Reads a frame: what the client calls it, and what it asks for.
pub(super) fn read(frame: &str) -> (Option<String>, Result<Asked, RequestError>) {
    let Ok(Object(sent)) = serde_json::from_str::<Object<Sent>>(frame) else {
        let wrong = RequestError::Bad("a frame must be a JSON object".into());
        return (None, Err(wrong));
    };
    let client_id = match &sent.client_id {
        Field::Text(text) => IdempotencyKey::parse(text.as_str())
            .ok()
            .map(|_| text.clone()),
        Field::Missing | Field::NotText => None,
    };
    (client_id, sent.asked())
}

impl Sent {
    fn asked(self) -> Result<Asked, RequestError> {
        let kind = text("type", self.kind, Ok)?;
        let chat = || id("conversationId", self.conversation_id).map(|id| ChatNumber(id.0));
        let number = || count("number", self.number).map(|number| Some(MessageNumber(number)));
        Ok(match kind.as_str() {
            "message" => Asked::Message {
                chat: chat()?,
                key: match self.client_id {
                    Field::Missing => None,
                    key => Some(text("clientId", key, IdempotencyKey::parse)?),
                },
                body: text("content", self.content, Body::parse)?,
            },
            "typing" => Asked::Typing(chat()?),
            "delivered" => Asked::Mark(
                chat()?,
                Mark {
                    delivered: number()?,
                    read: None,
                },
            ),
            "read" => Asked::Mark(
                chat()?,
                Mark {
                    delivered: None,
                    read: number()?,
                },
            ),
            "resume" => Asked::Resume(after(self.after)?),
            "ping" => Asked::Ping,
            _ => return Err(RequestError::Bad("type is not known".into())),
        })
    }
}

fn after(sent: Option<Box<RawValue>>) -> Result<BTreeMap<ChatNumber, Cursor>, RequestError> {
    let wrong = |violation| RequestError::Field("after", violation);
    let sent = sent.filter(|sent| sent.get() != "null");
    let sent = sent.ok_or(wrong(Violation::Blank))?;
    cursors::read(sent.get()).map_err(|illegible| match illegible {
        Illegible::NotCursors => wrong(Violation::Invalid),
        Illegible::TooMany => wrong(Violation::TooLong {
            max: MOST,
            unit: "cursors",
        }),
        Illegible::Cursor(chat, error) => RequestError::Bad(format!("after.{chat} {error}")),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::testing::noise::objects;

    proptest! {
        #[test]
        fn any_text_is_a_frame_or_is_refused(text in any::<String>()) {
            let _ = read(&text);
        }

        #[test]
        fn any_object_with_these_keys_is_a_frame_or_is_refused(
            frame in objects(
                "message|typing|delivered|read|resume|ping|watch",
                "conversationId|content|clientId|number|after|x",
            ),
        ) {
            let (_, asked) = read(&frame);
            let is_known = !frame.contains(r#""type":"watch""#);
            prop_assert!(is_known || asked.is_err());
        }
    }
}
