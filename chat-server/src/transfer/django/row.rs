//! One object of a dump.

use std::borrow::Cow;
use std::collections::HashMap;

use chat_core::bearer::Bearer;
use chat_core::clock::Timestamp;
use chat_core::ids::ChatUuid;
use chat_core::password::PasswordHash;
use chat_core::text::{Body, Email, Name, Username, Violation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use thiserror::Error;

/// What is wrong with an object.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum BadRow {
    /// It is not built as Django builds them.
    #[error("{0}")]
    Json(String),
    /// A field that is needed is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field is of another type.
    #[error("{field}: {told}")]
    Type {
        /// Which field.
        field: &'static str,
        /// What was expected.
        told: String,
    },
    /// A text breaks its rule.
    #[error("{field} {violation}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// The rule.
        violation: Violation,
    },
    /// A time is none.
    #[error("{0} is no time such as 2004-11-15T12:18:00Z")]
    Time(&'static str),
    /// A token cannot be one.
    #[error("pk is no token of 1 to 255 visible ASCII characters")]
    Token,
    /// A password is kept in a way that cannot be checked.
    #[error(
        "password is kept as {0}, which cannot be checked; \"!\" instead of it stands for none"
    )]
    Password(String),
    /// It names what the dump does not have, or what was left out.
    #[error("{field} names {what}, which is not taken over")]
    Unknown {
        /// Which field.
        field: &'static str,
        /// What it names.
        what: String,
    },
    /// It is there twice.
    #[error("{0} is there already")]
    Again(&'static str),
    /// A thread has one or two participants.
    #[error("participants are {0}, and a thread has no more than two")]
    Crowd(usize),
    /// Messages are told apart by keys that rise.
    #[error("pk comes after {0}, and keys of messages have to rise, as dumpdata writes them")]
    Order(u64),
    /// Somebody else has the name.
    #[error("username is taken, without regard to case")]
    UsernameTaken,
}

/// Where an object stands and what it calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The how many-th object of the dump it is.
    pub object: u64,
    /// Its model and key.
    pub name: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { object, name } = self;
        match name.as_str() {
            "" => write!(f, "object {object}"),
            name => write!(f, "object {object} ({name})"),
        }
    }
}

/// An object that is taken over.
#[derive(Debug)]
pub enum Row {
    /// A user.
    User(Box<UserRow>),
    /// The token of a user.
    Token(TokenRow),
    /// A thread.
    Thread(ThreadRow),
    /// A message.
    Message(Box<MessageRow>),
}

/// A user.
#[derive(Debug)]
pub struct UserRow {
    /// Its key.
    pub key: u64,
    /// What it is called by.
    pub username: Username,
    /// Its first and last name.
    pub display_name: Option<Name>,
    /// Its e-mail address.
    pub email: Option<Email>,
    /// What is kept of its password; nothing for one who may not log in.
    pub password: Option<PasswordHash>,
    /// Whether it may log in.
    pub is_active: bool,
    /// When it joined.
    pub created_at: Option<Timestamp>,
}

/// The token of a user.
#[derive(Debug)]
pub struct TokenRow {
    /// The token.
    pub token: Bearer,
    /// The key of the user.
    pub user: u64,
}

/// A thread.
#[derive(Debug)]
pub struct ThreadRow {
    /// Its key.
    pub key: ChatUuid,
    /// The keys of who takes part, each once.
    pub participants: Vec<u64>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// A message.
#[derive(Debug)]
pub struct MessageRow {
    /// Its key.
    pub key: u64,
    /// The key of who wrote it.
    pub sender: Option<u64>,
    /// The key of its thread.
    pub thread: ChatUuid,
    /// The text.
    pub body: Body,
    /// When it was posted.
    pub created_at: Option<Timestamp>,
    /// Whether somebody has marked it as read.
    pub is_read: bool,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow, default)]
    pk: Option<&'a RawValue>,
    #[serde(borrow)]
    fields: &'a RawValue,
}

/// The fields of an object by their names.
struct Fields<'a>(HashMap<Cow<'a, str>, &'a RawValue>);

impl Fields<'_> {
    fn need<T: DeserializeOwned>(&self, field: &'static str) -> Result<T, BadRow> {
        read(field, self.0.get(field).copied())
    }

    /// `None` when it is not there or null.
    fn maybe<T: DeserializeOwned>(&self, field: &'static str) -> Result<Option<T>, BadRow> {
        match self.0.get(field) {
            Some(value) => read(field, Some(value)),
            None => Ok(None),
        }
    }

    /// What is blank is not there.
    fn text(&self, field: &'static str) -> Result<Option<String>, BadRow> {
        let text = self.maybe::<String>(field)?;
        Ok(text.filter(|text| !text.trim().is_empty()))
    }

    /// Without a zone, as Django writes it where it knows none, a time is taken as UTC.
    fn time(&self, field: &'static str) -> Result<Option<Timestamp>, BadRow> {
        let Some(text) = self.maybe::<String>(field)? else {
            return Ok(None);
        };
        let found = Timestamp::parse(&text).or_else(|| Timestamp::parse(&format!("{text}Z")));
        found.map(Some).ok_or(BadRow::Time(field))
    }
}

fn read<T: DeserializeOwned>(field: &'static str, value: Option<&RawValue>) -> Result<T, BadRow> {
    let value = value.ok_or(BadRow::Missing(field))?;
    serde_json::from_str(value.get()).map_err(|error| {
        let told = plain(&error);
        BadRow::Type { field, told }
    })
}

/// An object at its place: taken over, of a model that is not (`None`), or bad.
pub(super) fn parse(object: u64, text: &str) -> (Place, Result<Option<Row>, BadRow>) {
    let mut place = Place {
        object,
        name: String::new(),
    };
    let parsed: Object<'_> = match serde_json::from_str(text) {
        Ok(parsed) => parsed,
        Err(error) => return (place, Err(BadRow::Json(plain(&error)))),
    };
    let pk = parsed.pk.map_or("", |pk| pk.get().trim_matches('"'));
    place.name = match parsed.model.as_ref() {
        // The key is the token.
        model if kind(model) == "token" => model.to_owned(),
        model => format!("{model} {pk}"),
    };
    let row = row(&parsed);
    (place, row)
}

/// The name of a model without that of its Django application.
fn kind(model: &str) -> &str {
    model.rsplit('.').next().unwrap_or(model)
}

fn row(object: &Object<'_>) -> Result<Option<Row>, BadRow> {
    let kind = kind(&object.model);
    if !["user", "token", "thread", "message"].contains(&kind) {
        return Ok(None);
    }
    let fields = serde_json::from_str(object.fields.get());
    let fields = Fields(fields.map_err(|error| BadRow::Json(plain(&error)))?);
    Ok(Some(match kind {
        "user" => Row::User(Box::new(user(object, &fields)?)),
        "token" => {
            let text: String = read("pk", object.pk)?;
            let token = text.parse().map_err(|_| BadRow::Token)?;
            let user = fields.need("user")?;
            Row::Token(TokenRow { token, user })
        }
        "thread" => {
            let mut participants: Vec<u64> = fields.need("participants")?;
            participants.sort_unstable();
            participants.dedup();
            if participants.len() > 2 {
                return Err(BadRow::Crowd(participants.len()));
            }
            Row::Thread(ThreadRow {
                key: uuid("pk", &read::<String>("pk", object.pk)?)?,
                participants,
                created_at: fields.time("created")?,
            })
        }
        _ => Row::Message(Box::new(MessageRow {
            key: read("pk", object.pk)?,
            sender: fields.maybe::<Option<u64>>("sender")?.flatten(),
            thread: uuid("thread", &fields.need::<String>("thread")?)?,
            body: Body::parse(fields.need::<String>("text")?).map_err(invalid("text"))?,
            created_at: fields.time("created")?,
            is_read: fields.maybe("is_read")?.unwrap_or_default(),
        })),
    }))
}

fn user(object: &Object<'_>, fields: &Fields<'_>) -> Result<UserRow, BadRow> {
    let names = [fields.text("first_name")?, fields.text("last_name")?];
    let names: Vec<_> = names.iter().flatten().map(|name| name.trim()).collect();
    let full = (!names.is_empty()).then(|| names.join(" "));
    let is_active = fields.maybe("is_active")?.unwrap_or(true);
    let kept = fields.text("password")?.unwrap_or_default();
    Ok(UserRow {
        key: read("pk", object.pk)?,
        username: Username::parse(fields.need::<String>("username")?)
            .map_err(invalid("username"))?,
        display_name: full
            .map(Name::parse)
            .transpose()
            .map_err(invalid("first_name"))?,
        email: fields
            .text("email")?
            .map(Email::parse)
            .transpose()
            .map_err(invalid("email"))?,
        password: password(&kept, is_active)?,
        is_active,
        created_at: fields.time("date_joined")?,
    })
}

/// Django marks what nobody can log in with by `!`.
fn password(text: &str, is_active: bool) -> Result<Option<PasswordHash>, BadRow> {
    if !is_active || text.is_empty() || text.starts_with('!') {
        return Ok(None);
    }
    // No more of it is told than the name of the algorithm.
    let told = || match text.split_once('$') {
        Some((algorithm, _)) => format!("{algorithm:?}"),
        None => "plain text".to_owned(),
    };
    let hash = PasswordHash::foreign(text);
    hash.map(Some).ok_or_else(|| BadRow::Password(told()))
}

fn uuid(field: &'static str, text: &str) -> Result<ChatUuid, BadRow> {
    let violation = Violation::Invalid;
    text.parse()
        .map_err(|_| BadRow::Invalid { field, violation })
}

fn invalid(field: &'static str) -> impl Fn(Violation) -> BadRow {
    move |violation| BadRow::Invalid { field, violation }
}

/// Without the place in the object's text, which tells nobody anything.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let at = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&at).unwrap_or(&text).to_owned()
}
