//! What clients send to create and change users, sessions, members and marks: JSON alone, and no key that is not known.

use std::collections::BTreeMap;

use chat_core::commit::{AddMembers, ChangeMember, Mark};
use chat_core::cursor::Cursor;
use chat_core::ids::{ChatNumber, MessageNumber, UserNumber};
use chat_core::model::Role;
use chat_core::page::MAX_PAGE;
use chat_core::password::Password;
use chat_core::service::{NewUser, UserChange};
use chat_core::text::{Name, Picture, Username, Violation};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::{given, number, text};
use crate::api::applications::status::RequestError;
use crate::api::cursors::{self, Illegible, MOST};
use crate::api::number::Numeral;
use crate::http::call::Call;
use crate::http::input::{self, Field};

type Unknown = BTreeMap<String, IgnoredAny>;
type Raw = Box<RawValue>;

#[derive(Debug, Deserialize)]
struct User {
    #[serde(default, deserialize_with = "given")]
    username: Option<Field>,
    #[serde(default, deserialize_with = "given")]
    display_name: Option<Field>,
    #[serde(default, deserialize_with = "given")]
    picture: Option<Field>,
    #[serde(default, deserialize_with = "given")]
    password: Option<Field>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct Login {
    #[serde(default)]
    username: Field,
    #[serde(default)]
    password: Field,
    #[serde(default)]
    user: Option<Raw>,
    #[serde(default)]
    device: Field,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct Members {
    #[serde(default)]
    members: Option<Raw>,
    #[serde(default)]
    role: Field,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct Member {
    #[serde(default)]
    role: Field,
    #[serde(default)]
    muted: Option<Raw>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct Marks {
    #[serde(default)]
    delivered: Option<Raw>,
    #[serde(default)]
    read: Option<Raw>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct Cursors {
    #[serde(default)]
    cursors: Option<Raw>,
    #[serde(flatten)]
    unknown: Unknown,
}

/// How somebody logs in.
#[derive(Debug)]
pub(in crate::api::applications) enum NewSession {
    /// With a name and a password.
    Login(String, Password),
    /// By a host that knows who it is.
    Minted(UserNumber),
}

/// The body with those of its keys that are not known.
fn read<T: DeserializeOwned>(
    call: &Call,
    unknown: impl FnOnce(&mut T) -> &mut Unknown,
) -> Result<T, RequestError> {
    let mut sent: T = input::json(call)?;
    let unknown = std::mem::take(unknown(&mut sent));
    match unknown.is_empty() {
        true => Ok(sent),
        false => Err(RequestError::Unknown(unknown.into_keys().collect())),
    }
}

fn user(call: &Call) -> Result<User, RequestError> {
    read(call, |sent: &mut User| &mut sent.unknown)
}

/// A new user.
pub(in crate::api::applications) fn new_user(call: &Call) -> Result<NewUser, RequestError> {
    let sent = user(call)?;
    Ok(NewUser {
        display_name: sent.display_name.map(display_name).transpose()?.flatten(),
        picture: sent.picture.map(picture).transpose()?.flatten(),
        password: match sent.password {
            None | Some(Field::Missing) => None,
            Some(password) => Some(text("password", password, Password::parse)?),
        },
        ..NewUser::named(text(
            "username",
            sent.username.unwrap_or_default(),
            Username::chosen,
        )?)
    })
}

/// What is to be changed of a user; null takes away what may be missing.
pub(in crate::api::applications) fn user_change(call: &Call) -> Result<UserChange, RequestError> {
    let sent = user(call)?;
    let username = |name| text("username", name, Username::chosen);
    let password = |password| text("password", password, Password::parse);
    Ok(UserChange {
        username: sent.username.map(username).transpose()?,
        display_name: sent.display_name.map(display_name).transpose()?,
        picture: sent.picture.map(picture).transpose()?,
        password: sent.password.map(password).transpose()?,
        ..UserChange::default()
    })
}

fn display_name(name: Field) -> Result<Option<Name>, RequestError> {
    optional("display_name", name, Name::parse)
}

fn picture(url: Field) -> Result<Option<Picture>, RequestError> {
    optional("picture", url, Picture::parse)
}

fn optional<T>(
    field: &'static str,
    sent: Field,
    parse: impl FnOnce(String) -> Result<T, Violation>,
) -> Result<Option<T>, RequestError> {
    match sent {
        Field::Missing => Ok(None),
        sent => text(field, sent, parse).map(Some),
    }
}

/// A login, and from what device.
pub(in crate::api::applications) fn new_session(
    call: &Call,
) -> Result<(NewSession, Option<Name>), RequestError> {
    let sent = read(call, |sent: &mut Login| &mut sent.unknown)?;
    let device = optional("device", sent.device, Name::parse)?;
    let named = sent.username != Field::Missing || sent.password != Field::Missing;
    let session = match sent.user {
        Some(_) if named => {
            let message = "cannot be given with a name and a password";
            return Err(RequestError::Rule("user", message.into()));
        }
        Some(user) => NewSession::Minted(number("user", &user)?),
        None => {
            // Whether a name is one says nothing of whether somebody has it: every text is tried alike.
            let username = text("username", sent.username, |name| match name.is_empty() {
                true => Err(Violation::Blank),
                false => Ok(name),
            })?;
            NewSession::Login(username, text("password", sent.password, Password::parse)?)
        }
    };
    Ok((session, device))
}

/// Users for a group, and what they may do there.
pub(in crate::api::applications) fn new_members(call: &Call) -> Result<AddMembers, RequestError> {
    let sent = read(call, |sent: &mut Members| &mut sent.unknown)?;
    let users = sent.members.as_deref().map(users).transpose()?;
    let users = users.unwrap_or_default();
    if users.is_empty() {
        return Err(RequestError::Field("members", Violation::Blank));
    }
    let role = role(sent.role)?.unwrap_or(Role::Member);
    Ok(AddMembers { users, role })
}

/// What is to be changed of a member.
pub(in crate::api::applications) fn member_change(
    call: &Call,
    user: UserNumber,
) -> Result<ChangeMember, RequestError> {
    let sent = read(call, |sent: &mut Member| &mut sent.unknown)?;
    let role = role(sent.role)?;
    let muted = match sent.muted.as_deref().map(RawValue::get) {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(RequestError::Field("muted", Violation::Invalid)),
    };
    if role.is_none() && muted.is_none() {
        return Err(RequestError::Field("role", Violation::Blank));
    }
    Ok(ChangeMember { user, role, muted })
}

fn role(sent: Field) -> Result<Option<Role>, RequestError> {
    let parse = |role: String| Role::parse(&role).ok_or(Violation::Invalid);
    optional("role", sent, parse)
}

/// How far a chat was received and read.
pub(in crate::api::applications) fn mark(call: &Call) -> Result<Mark, RequestError> {
    let sent = read(call, |sent: &mut Marks| &mut sent.unknown)?;
    mark_of(sent.delivered, sent.read)
}

pub(super) fn mark_of(delivered: Option<Raw>, read: Option<Raw>) -> Result<Mark, RequestError> {
    let marked = |field, raw: Raw| match Numeral::read(&*raw).digits().as_deref() {
        Some("0") => Ok(MessageNumber::ZERO),
        _ => number(field, &raw),
    };
    let delivered = delivered.map(|raw| marked("delivered", raw));
    let read = read.map(|raw| marked("read", raw));
    if delivered.is_none() && read.is_none() {
        return Err(RequestError::Field("read", Violation::Blank));
    }
    Ok(Mark {
        delivered: delivered.transpose()?,
        read: read.transpose()?,
    })
}

/// Where whoever asks stands in his chats.
pub(in crate::api::applications) fn cursors(
    call: &Call,
) -> Result<BTreeMap<ChatNumber, Cursor>, RequestError> {
    let sent = read(call, |sent: &mut Cursors| &mut sent.unknown)?;
    cursors_of(sent.cursors)
}

pub(super) fn cursors_of(sent: Option<Raw>) -> Result<BTreeMap<ChatNumber, Cursor>, RequestError> {
    let wrong = |violation| RequestError::Field("cursors", violation);
    let sent = sent.ok_or(wrong(Violation::Blank))?;
    cursors::read(sent.get()).map_err(|illegible| match illegible {
        Illegible::NotCursors => wrong(Violation::Invalid),
        Illegible::TooMany => wrong(Violation::TooLong {
            max: MOST,
            unit: "cursors",
        }),
        Illegible::Cursor(number, error) => {
            RequestError::Cursor(format!("cursors.{number}"), error.to_string())
        }
    })
}

/// Users by their numbers, each once.
pub(super) fn users(raw: &RawValue) -> Result<Vec<UserNumber>, RequestError> {
    let wrong = |violation| RequestError::Field("members", violation);
    let numbers: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| wrong(Violation::Invalid))?;
    if numbers.len() > MAX_PAGE {
        return Err(wrong(Violation::TooLong {
            max: MAX_PAGE,
            unit: "users",
        }));
    }
    let mut users: Vec<UserNumber> = Vec::with_capacity(numbers.len());
    for sent in numbers {
        users.push(number("members", sent)?);
    }
    users.sort_unstable();
    users.dedup();
    Ok(users)
}
