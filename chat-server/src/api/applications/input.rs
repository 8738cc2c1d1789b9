//! What clients send to create and change things here.

mod frame;
mod people;

use std::collections::BTreeMap;
use std::str::FromStr;

use chat_core::commit::{Edit, Post};
use chat_core::ids::MessageNumber;
use chat_core::model::ChatKind;
use chat_core::service::NewChat;
use chat_core::text::{Body, Data, Name, Violation};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::status::RequestError;
use crate::api::input::ApplicationSent;
use crate::api::number::Numeral;
use crate::http::call::Call;
use crate::http::input::{self, Field, InputFault, Nested};

pub(super) use frame::{Asked, Id, read as frame};
pub(super) use people::{
    NewSession, cursors, mark, member_change, new_members, new_session, new_user, user_change,
};

/// A message, flat or in an object of its own with the same keys.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    body: Field,
    #[serde(default, deserialize_with = "given")]
    data: Option<Box<RawValue>>,
    #[serde(default)]
    reply_to: Option<Box<RawValue>>,
    #[serde(default)]
    message: Nested<Box<Self>>,
}

/// A chat, flat or in an object of its own with the same keys.
#[derive(Debug, Default, Deserialize)]
struct Chat {
    #[serde(default)]
    kind: Field,
    #[serde(default)]
    name: Field,
    #[serde(default)]
    members: Option<Box<RawValue>>,
    #[serde(default)]
    chat: Nested<Box<Self>>,
}

impl Chat {
    fn says_nothing(&self) -> bool {
        self.kind == Field::Missing && self.name == Field::Missing && self.members.is_none()
    }
}

#[derive(Debug, Deserialize)]
struct Rename {
    #[serde(default, deserialize_with = "given")]
    name: Option<Field>,
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

/// Tells null, which takes away what is there, from nothing said.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// What is read from an object of its own, if there is one.
fn nested<T, U>(
    field: &'static str,
    sent: Nested<T>,
    read: impl FnOnce(T) -> Result<U, RequestError>,
) -> Option<Result<U, RequestError>> {
    match sent {
        Nested::Missing => None,
        Nested::Object(inner) => Some(read(inner)),
        Nested::NotObject => Some(Err(RequestError::Field(field, Violation::Invalid))),
    }
}

/// The name of an application.
pub(super) fn application_name(call: &Call) -> Result<Name, RequestError> {
    let sent: ApplicationSent = input::any(call)?;
    let name = |field| text("name", field, Name::parse);
    let flat_was_sent = sent.name != Field::Missing;
    let in_object = nested("name", sent.application, |inner| name(inner.name));
    input::either(name(sent.name), flat_was_sent, in_object)
}

/// The fields of a message, flat or in an object of their own.
fn message<T>(
    call: &Call,
    read: impl Fn(Message) -> Result<T, RequestError>,
) -> Result<T, RequestError> {
    let mut sent: Message = input::any(call)?;
    let flat_was_sent = sent.body != Field::Missing || sent.data.is_some();
    let inner = std::mem::take(&mut sent.message);
    let in_object = nested("message", inner, |inner| read(*inner));
    input::either(read(sent), flat_was_sent, in_object)
}

/// A new message.
pub(super) fn post(call: &Call) -> Result<Post, RequestError> {
    message(call, |fields| {
        Ok(Post {
            body: text("body", fields.body, Body::parse)?,
            data: fields.data.map(data).transpose()?.flatten(),
            reply_to: fields
                .reply_to
                .as_deref()
                .map(|raw| number("reply_to", raw))
                .transpose()?,
        })
    })
}

/// A change of a message: of its text, or of what stands beside it alone.
pub(super) fn edit(call: &Call, number: MessageNumber) -> Result<Edit, RequestError> {
    message(call, |fields| {
        let data = fields.data.map(data).transpose()?;
        let body = match fields.body {
            Field::Missing if data.is_some() => None,
            body => Some(text("body", body, Body::parse)?),
        };
        Ok(Edit { number, body, data })
    })
}

/// A new chat, flat or in an object of its own: nothing at all asks for an open one without a name.
pub(super) fn chat(call: &Call) -> Result<NewChat, RequestError> {
    let mut sent: Chat = match input::any(call) {
        Err(InputFault::Missing) => Chat::default(),
        sent => sent?,
    };
    let fields = match std::mem::take(&mut sent.chat) {
        _ if !sent.says_nothing() => sent,
        Nested::Missing => sent,
        Nested::Object(fields) => *fields,
        Nested::NotObject => return Err(RequestError::Field("chat", Violation::Invalid)),
    };
    let kind = match fields.kind {
        Field::Missing => ChatKind::Open,
        kind => text("kind", kind, |kind| {
            ChatKind::parse(&kind).ok_or(Violation::Invalid)
        })?,
    };
    let members = fields.members.as_deref().map(people::users).transpose()?;
    Ok(NewChat {
        kind,
        members: members.unwrap_or_default(),
        ..NewChat::open(optional_name(fields.name)?)
    })
}

/// A chat's new name, or none.
pub(super) fn chat_name(call: &Call) -> Result<Option<Name>, RequestError> {
    let sent: Rename = input::json(call)?;
    if !sent.unknown.is_empty() {
        return Err(RequestError::Unknown(sent.unknown.into_keys().collect()));
    }
    optional_name(
        sent.name
            .ok_or(RequestError::Field("name", Violation::Blank))?,
    )
}

fn optional_name(name: Field) -> Result<Option<Name>, RequestError> {
    match name {
        Field::Missing => Ok(None),
        name => text("name", name, Name::parse).map(Some),
    }
}

fn text<T>(
    field: &'static str,
    sent: Field,
    parse: impl FnOnce(String) -> Result<T, Violation>,
) -> Result<T, RequestError> {
    sent.parse(parse)
        .map_err(|violation| RequestError::Field(field, violation))
}

fn data(raw: Box<RawValue>) -> Result<Option<Data>, RequestError> {
    let text: Box<str> = raw.into();
    if &*text == "null" {
        return Ok(None);
    }
    Data::parse(text)
        .map(Some)
        .map_err(|violation| RequestError::Field("data", violation))
}

fn number<N: FromStr>(field: &'static str, raw: &RawValue) -> Result<N, RequestError> {
    let digits = Numeral::read(raw).digits();
    let number = digits.and_then(|digits| digits.parse().ok());
    number.ok_or(RequestError::Field(field, Violation::Invalid))
}
