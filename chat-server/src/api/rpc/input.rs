//! What is sent: objects that have no field but their own, and ids as numbers or as text.

use std::collections::BTreeSet;
use std::fmt;

use chat_core::ids::{ChatNumber, UserNumber};
use chat_core::text::Violation;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use uuid::Uuid;

use super::status::{CHAT, NO_AUTHOR, RequestError, USER};
use crate::api::number::Numeral;
use crate::http::call::Call;
use crate::http::input::{self, Field};

/// An id as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Numeral")]
pub(super) enum Id {
    /// Not at all, or null.
    #[default]
    Missing,
    /// A number from 1, or a text that is one.
    Number(u64),
    /// Well-formed, but not one of ours.
    Nobody(String),
    /// A text or number that is no id.
    Malformed,
    /// Neither a whole number nor a text.
    WrongKind,
}

impl Id {
    fn of_text(text: &str) -> Self {
        let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        match text {
            "" => Self::Missing,
            _ if plain => match text.parse() {
                Ok(number) => Self::of_number(number),
                Err(_) => Self::Nobody(text.to_owned()),
            },
            _ if text.len() == 36 && Uuid::try_parse(text).is_ok() => Self::Nobody(text.to_owned()),
            _ => Self::Malformed,
        }
    }

    fn of_number(number: u64) -> Self {
        match number {
            0 => Self::Malformed,
            number if number > UserNumber::MAX.0 => Self::Nobody(number.to_string()),
            number => Self::Number(number),
        }
    }

    fn read(self, name: &'static str) -> Result<Result<u64, String>, RequestError> {
        match self {
            Self::Number(number) => Ok(Ok(number)),
            Self::Nobody(text) => Ok(Err(text)),
            Self::Missing => Err(RequestError::Unfilled(name)),
            Self::Malformed => Err(RequestError::Field(name, Violation::Invalid)),
            Self::WrongKind => Err(RequestError::Kind(name)),
        }
    }

    /// The user that it names: what is no id is told before what nobody has.
    pub(super) fn user(self, name: &'static str) -> Result<Named<UserNumber>, RequestError> {
        let read = self.read(name)?;
        Ok(Named(read.map(UserNumber).map_err(|text| {
            RequestError::Lost(USER, format!("not found user with id: {text}"))
        })))
    }

    /// The author that it names.
    pub(super) fn author(self, name: &'static str) -> Result<Named<UserNumber>, RequestError> {
        let lost = |_| RequestError::Lost(USER, NO_AUTHOR.into());
        let read = self.read(name)?;
        Ok(Named(read.map(UserNumber).map_err(lost)))
    }

    /// The chat that it names.
    pub(super) fn chat(self, name: &'static str) -> Result<Named<ChatNumber>, RequestError> {
        let read = self.read(name)?;
        Ok(Named(read.map(ChatNumber).map_err(|text| {
            RequestError::Lost(CHAT, format!("not found chat with id: {text}"))
        })))
    }
}

/// What an id names, or that nobody can have it.
pub(super) struct Named<T>(Result<T, RequestError>);

impl<T> Named<T> {
    /// It, once the rest of the request is known to be well-formed.
    pub(super) fn found(self) -> Result<T, RequestError> {
        self.0
    }
}

impl From<Numeral> for Id {
    fn from(sent: Numeral) -> Self {
        match sent {
            Numeral::Null => Self::Missing,
            Numeral::Whole(number) => match u64::try_from(number) {
                Ok(number) => Self::of_number(number),
                Err(_) if number > 0 => Self::Nobody(number.to_string()),
                Err(_) => Self::Malformed,
            },
            Numeral::Text(text) => Self::of_text(&text),
            Numeral::Other => Self::WrongKind,
        }
    }
}

/// Users as they were sent: read one by one, for there may be any number of them.
#[derive(Debug, Default)]
pub(super) enum Users {
    /// Not at all, or null.
    #[default]
    Missing,
    /// No list.
    WrongKind,
    /// A list: its users, each once, and the first element that names none.
    List(BTreeSet<UserNumber>, Option<Id>),
}

impl Users {
    /// The users; what is no id is told before what nobody has.
    pub(super) fn read(
        self,
        name: &'static str,
    ) -> Result<Named<BTreeSet<UserNumber>>, RequestError> {
        match self {
            Self::Missing => Err(RequestError::Unfilled(name)),
            Self::WrongKind => Err(RequestError::Kind(name)),
            Self::List(users, Some(odd)) => {
                let found = odd.user(name)?.found();
                Ok(Named(found.map(|_| users)))
            }
            Self::List(users, None) if users.is_empty() => Err(RequestError::Empty(name)),
            Self::List(users, None) => Ok(Named(Ok(users))),
        }
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Users;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("anything")
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Users, E> {
                Ok(Users::WrongKind)
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Users, E> {
                Ok(Users::WrongKind)
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Users, E> {
                Ok(Users::WrongKind)
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Users, E> {
                Ok(Users::WrongKind)
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Users, E> {
                Ok(Users::WrongKind)
            }
            fn visit_unit<E: de::Error>(self) -> Result<Users, E> {
                Ok(Users::Missing)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Users, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Users::WrongKind)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Users, A::Error> {
                let (mut users, mut odd) = (BTreeSet::new(), None);
                while let Some(id) = seq.next_element::<Id>()? {
                    match id {
                        Id::Number(number) => {
                            users.insert(UserNumber(number));
                        }
                        // A malformed one is told before one that nobody has.
                        Id::Nobody(_) if odd.is_some() => {}
                        other => match odd {
                            None | Some(Id::Nobody(_)) => odd = Some(other),
                            Some(_) => {}
                        },
                    }
                }
                Ok(Users::List(users, odd))
            }
        }
        from.deserialize_any(Reader)
    }
}

/// What any request of this API holds.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) username: Field,
    pub(super) name: Field,
    pub(super) users: Users,
    pub(super) user: Id,
    pub(super) chat: Id,
    pub(super) author: Id,
    pub(super) text: Field,
    /// The names of all that was sent, those that no request has shortened.
    given: BTreeSet<String>,
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Sent;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sent, A::Error> {
                let mut sent = Sent::default();
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "username" => sent.username = map.next_value()?,
                        "name" => sent.name = map.next_value()?,
                        "users" => sent.users = map.next_value()?,
                        "user" => sent.user = map.next_value()?,
                        "chat" => sent.chat = map.next_value()?,
                        "author" => sent.author = map.next_value()?,
                        "text" => sent.text = map.next_value()?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                    sent.given.insert(shortened(&name));
                }
                Ok(sent)
            }
        }
        from.deserialize_map(Reader)
    }
}

/// The body, whatever its content type says; it may hold these fields and no others.
pub(super) fn read(call: &Call, fields: &[&str]) -> Result<Sent, RequestError> {
    let sent: Sent = input::unlabelled(call)?;
    let mut given = sent.given.iter();
    match given.find(|name| !fields.contains(&name.as_str())) {
        Some(name) => Err(RequestError::Unknown(name.clone())),
        None => Ok(sent),
    }
}

/// Enough of a name to find it.
fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}

/// The text of a field as a value of the core.
pub(super) fn text<T>(
    name: &'static str,
    field: Field,
    parse: impl FnOnce(String) -> Result<T, Violation>,
) -> Result<T, RequestError> {
    match field {
        Field::NotText => Err(RequestError::Kind(name)),
        field => field
            .parse(parse)
            .map_err(|violation| RequestError::Field(name, violation)),
    }
}
