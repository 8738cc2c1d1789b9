//! What clients send on a socket: a JSON object a frame, with its kind in `type`, and no key that is not known.

use std::collections::BTreeMap;

use chat_core::bearer::Bearer;
use chat_core::commit::{Edit, Mark, Post};
use chat_core::cursor::Cursor;
use chat_core::ids::{ChatNumber, MessageNumber, UserNumber};
use chat_core::text::{Body, IdempotencyKey, Violation};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::people::{cursors_of, mark_of};
use super::{data, number, text};
use crate::api::applications::status::RequestError;
use crate::api::cursors::MOST;
use crate::http::input::Field;

/// The longest text that may name a frame.
const LONGEST_ID: usize = 255;

type Raw = Box<RawValue>;

/// What the client calls its frame: the answer carries it.
pub(in crate::api::applications) type Id = Value;

/// What a client asks for in a frame.
#[derive(Debug)]
pub(in crate::api::applications) enum Asked {
    /// To be known as the user of this session.
    Hello(Option<Bearer>),
    /// To be told what happened since, and what happens; `more` when other cursors come in another frame.
    Sync {
        cursors: BTreeMap<ChatNumber, Cursor>,
        more: bool,
    },
    /// To be told what happens in these chats, or in all of its own.
    Subscribe(Option<Vec<ChatNumber>>),
    /// To post a message.
    Post {
        chat: ChatNumber,
        post: Post,
        key: Option<IdempotencyKey>,
    },
    /// To change a message.
    Edit { chat: ChatNumber, edit: Edit },
    /// To delete a message.
    Delete {
        chat: ChatNumber,
        message: MessageNumber,
    },
    /// To say how far a chat was received and read.
    Mark { chat: ChatNumber, mark: Mark },
    /// To say that it writes.
    Typing(ChatNumber),
    /// To be told whether these users are there, and of no others any more.
    Watch(Vec<UserNumber>),
    /// A sign of life.
    Ping,
}

/// Reads a frame: what the client calls it, and what it asks for.
pub(in crate::api::applications) fn read(frame: &str) -> (Option<Id>, Result<Asked, RequestError>) {
    let Ok(keys) = serde_json::from_str::<BTreeMap<String, Raw>>(frame) else {
        let wrong = RequestError::NotAFrame("a frame must be a JSON object");
        return (None, Err(wrong));
    };
    let mut keys = Keys(keys);
    match keys.id() {
        Ok(id) => (id, keys.asked()),
        Err(wrong) => (None, Err(wrong)),
    }
}

/// The keys of a frame that were not looked at yet.
struct Keys(BTreeMap<String, Raw>);

impl Keys {
    /// What stands under this key; null is nothing.
    fn take(&mut self, key: &str) -> Option<Raw> {
        self.0.remove(key).filter(|raw| raw.get() != "null")
    }

    fn field(&mut self, key: &str) -> Field {
        match self.take(key) {
            None => Field::Missing,
            // Whatever JSON there is, it is a field.
            Some(raw) => serde_json::from_str(raw.get()).unwrap_or(Field::NotText),
        }
    }

    fn id(&mut self) -> Result<Option<Id>, RequestError> {
        let Some(raw) = self.take("id") else {
            return Ok(None);
        };
        let is_whole = |number: &Number| number.is_u64() || number.is_i64();
        let id: Option<Value> = serde_json::from_str(raw.get()).ok();
        let id = id.filter(|id| match id {
            Value::String(text) => text.chars().count() <= LONGEST_ID,
            Value::Number(number) => is_whole(number),
            _ => false,
        });
        id.map(Some)
            .ok_or(RequestError::Field("id", Violation::Invalid))
    }

    fn asked(mut self) -> Result<Asked, RequestError> {
        let kind = text("type", self.field("type"), Ok)?;
        let asked = match kind.as_str() {
            "hello" => Asked::Hello(self.session()?),
            "sync" => Asked::Sync {
                cursors: cursors_of(self.take("cursors"))?,
                more: self.flag("more")?,
            },
            "subscribe" => Asked::Subscribe(self.chats()?),
            "post" => Asked::Post {
                chat: self.number("chat")?,
                key: self.key()?,
                post: Post {
                    body: text("body", self.field("body"), Body::parse)?,
                    data: self.take("data").map(data).transpose()?.flatten(),
                    reply_to: self
                        .take("reply_to")
                        .map(|raw| number("reply_to", &raw))
                        .transpose()?,
                },
            },
            "edit" => Asked::Edit {
                chat: self.number("chat")?,
                edit: self.edit()?,
            },
            "delete" => Asked::Delete {
                chat: self.number("chat")?,
                message: self.number("number")?,
            },
            "mark" => Asked::Mark {
                chat: self.number("chat")?,
                mark: mark_of(self.take("delivered"), self.take("read"))?,
            },
            "typing" => Asked::Typing(self.number("chat")?),
            "watch" => Asked::Watch(self.users()?),
            "ping" => Asked::Ping,
            _ => return Err(RequestError::Rule("type", "is not known".into())),
        };
        match self.0.is_empty() {
            true => Ok(asked),
            false => Err(RequestError::Unknown(self.0.into_keys().collect())),
        }
    }

    fn number<N: std::str::FromStr>(&mut self, key: &'static str) -> Result<N, RequestError> {
        let raw = self.take(key);
        let raw = raw.ok_or(RequestError::Field(key, Violation::Blank))?;
        number(key, &raw)
    }

    fn flag(&mut self, key: &'static str) -> Result<bool, RequestError> {
        match self.take(key).as_deref().map(RawValue::get) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(RequestError::Field(key, Violation::Invalid)),
        }
    }

    fn session(&mut self) -> Result<Option<Bearer>, RequestError> {
        match self.field("session") {
            Field::Missing => Ok(None),
            Field::Text(token) => token.parse().map(Some).map_err(|_| RequestError::NoSession),
            Field::NotText => Err(RequestError::Field("session", Violation::Invalid)),
        }
    }

    fn key(&mut self) -> Result<Option<IdempotencyKey>, RequestError> {
        match self.field("key") {
            Field::Missing => Ok(None),
            key => text("key", key, IdempotencyKey::parse).map(Some),
        }
    }

    /// Of the text, or of what stands beside it alone; null takes that away.
    fn edit(&mut self) -> Result<Edit, RequestError> {
        let message = self.number("number")?;
        let data = self.0.remove("data").map(data).transpose()?;
        let body = match self.field("body") {
            Field::Missing if data.is_some() => None,
            body => Some(text("body", body, Body::parse)?),
        };
        Ok(Edit {
            number: message,
            body,
            data,
        })
    }

    fn users(&mut self) -> Result<Vec<UserNumber>, RequestError> {
        let wrong = |violation| RequestError::Field("users", violation);
        let raw = self.take("users").ok_or(wrong(Violation::Blank))?;
        let users: Vec<Raw> =
            serde_json::from_str(raw.get()).map_err(|_| wrong(Violation::Invalid))?;
        users.iter().map(|user| number("users", user)).collect()
    }

    fn chats(&mut self) -> Result<Option<Vec<ChatNumber>>, RequestError> {
        let wrong = |violation| RequestError::Field("chats", violation);
        let Some(raw) = self.take("chats") else {
            return Ok(None);
        };
        let chats: Vec<Raw> =
            serde_json::from_str(raw.get()).map_err(|_| wrong(Violation::Invalid))?;
        if chats.len() > MOST {
            return Err(wrong(Violation::TooLong {
                max: MOST,
                unit: "chats",
            }));
        }
        let chats = chats.iter().map(|chat| number("chats", chat));
        chats.collect::<Result<_, _>>().map(Some)
    }
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
                "hello|sync|subscribe|post|edit|delete|mark|typing|ping|watch|listen",
                "id|chat|chats|users|number|body|data|key|reply_to|cursors|more|session|read|delivered|x",
            ),
        ) {
            let (_, asked) = read(&frame);
            let is_known = !frame.contains(r#""type":"listen""#);
            prop_assert!(is_known || asked.is_err());
        }
    }

    #[test]
    fn a_frame_is_called_by_a_text_or_a_whole_number() {
        for id in [r#""a""#, "7", "-7"] {
            let (read, asked) = read(&format!(r#"{{"type":"ping","id":{id}}}"#));
            assert_eq!(read.unwrap().to_string(), id);
            assert!(matches!(asked, Ok(Asked::Ping)));
        }
        for id in ["1.5", "[]", "true", &format!("{:?}", "x".repeat(256))] {
            let (read, asked) = read(&format!(r#"{{"type":"ping","id":{id}}}"#));
            assert!(read.is_none() && asked.is_err(), "{id}");
        }
    }
}
