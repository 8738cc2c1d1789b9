//! Rows as the core knows them.

use chat_core::clock::Timestamp;
use chat_core::ids::{
    ApplicationId, Change, ChatId, ChatNumber, ChatUuid, Head, MessageNumber, PublicId, UserNumber,
};
use chat_core::model::{Application, ChatInfo, ChatKind, Direct, Message, Pair};
use chat_core::port::Dirty;
use chat_core::seal::Sealed;
use sqlx::mysql::MySqlRow;
use sqlx::{Error, Result, Row as _};
use uuid::Uuid;

/// Numbers are kept in signed columns, which end at 2⁶³ − 1: above it nothing is found.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn number(row: &MySqlRow, at: usize) -> Result<u64> {
    u64::try_from(row.try_get::<i64, _>(at)?).map_err(|error| unreadable(at, error))
}

pub(super) fn maybe_number(row: &MySqlRow, at: usize) -> Result<Option<u64>> {
    row.try_get::<Option<i64>, _>(at)?
        .map(|number| u64::try_from(number).map_err(|error| unreadable(at, error)))
        .transpose()
}

pub(super) fn time(row: &MySqlRow, at: usize) -> Result<Timestamp> {
    row.try_get(at).map(Timestamp)
}

pub(super) fn maybe_time(row: &MySqlRow, at: usize) -> Result<Option<Timestamp>> {
    Ok(row.try_get::<Option<i64>, _>(at)?.map(Timestamp))
}

pub(super) fn bytes<const N: usize>(row: &MySqlRow, at: usize) -> Result<[u8; N]> {
    let found: &[u8] = row.try_get(at)?;
    found.try_into().map_err(|error| unreadable(at, error))
}

pub(super) fn public_id(row: &MySqlRow, at: usize) -> Result<PublicId> {
    Ok(PublicId(Uuid::from_bytes(bytes(row, at)?)))
}

pub(super) fn kind(row: &MySqlRow, at: usize) -> Result<ChatKind> {
    let text: &str = row.try_get(at)?;
    ChatKind::parse(text).ok_or_else(|| unreadable(at, "unknown kind of chat"))
}

/// A number and the change that stands after it.
pub(super) fn head(row: &MySqlRow, at: usize) -> Result<Head> {
    Ok(Head {
        number: MessageNumber(number(row, at)?),
        change: Change(number(row, at + 1)?),
    })
}

/// A value that this program did not write.
pub(super) fn unreadable(
    at: usize,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::ColumnDecode {
        index: at.to_string(),
        source: why.into(),
    }
}

macro_rules! application_columns {
    () => {
        "id, public_id, token, name, is_default, live_chats, created_at, updated_at, \
         last_chat"
    };
}
pub(super) use application_columns;

pub(super) fn application(row: &MySqlRow) -> Result<Application> {
    Ok(Application {
        id: ApplicationId(row.try_get(0)?),
        public_id: public_id(row, 1)?,
        token: Sealed(row.try_get(2)?),
        name: row.try_get(3)?,
        is_default: is_default(row, 4)?,
        chats_count: number(row, 5)?,
        created_at: time(row, 6)?,
        updated_at: time(row, 7)?,
        last_chat: ChatNumber(number(row, 8)?),
    })
}

pub(super) fn is_default(row: &MySqlRow, at: usize) -> Result<bool> {
    Ok(row.try_get::<Option<bool>, _>(at)?.unwrap_or_default())
}

macro_rules! chat_columns {
    () => {
        "c.id, c.application, c.number, c.kind, c.name, c.last_number, c.last_change, \
         c.own_change, c.floor, c.live, c.created_at, c.last_at, c.low_user, c.high_user, c.uuid, \
         c.members, c.active_at"
    };
}
pub(super) use chat_columns;

pub(super) fn chat(row: &MySqlRow) -> Result<ChatInfo> {
    chat_from(row, 0)
}

/// The chat whose columns begin here.
pub(super) fn chat_from(row: &MySqlRow, at: usize) -> Result<ChatInfo> {
    Ok(ChatInfo {
        id: ChatId(row.try_get(at)?),
        application: ApplicationId(row.try_get(at + 1)?),
        number: ChatNumber(number(row, at + 2)?),
        kind: kind(row, at + 3)?,
        name: row.try_get(at + 4)?,
        head: head(row, at + 5)?,
        own_change: Change(number(row, at + 7)?),
        floor: MessageNumber(number(row, at + 8)?),
        messages_count: number(row, at + 9)?,
        created_at: time(row, at + 10)?,
        updated_at: time(row, at + 11)?,
        direct: direct(row, at + 12)?,
        members_count: number(row, at + 15)?,
        active_at: time(row, at + 16)?,
    })
}

/// A pair and the UUID that stands after it, where there is one.
pub(super) fn direct(row: &MySqlRow, at: usize) -> Result<Option<Direct>> {
    let pair = maybe_user(row, at)?.zip(maybe_user(row, at + 1)?);
    let Some((low, high)) = pair else {
        return Ok(None);
    };
    let pair = Pair { low, high };
    let uuid = ChatUuid(Uuid::from_bytes(bytes(row, at + 2)?));
    Ok(Some(Direct { pair, uuid }))
}

pub(super) fn user_number(row: &MySqlRow, at: usize) -> Result<UserNumber> {
    number(row, at).map(UserNumber)
}

pub(super) fn maybe_user(row: &MySqlRow, at: usize) -> Result<Option<UserNumber>> {
    Ok(maybe_number(row, at)?.map(UserNumber))
}

macro_rules! plain_message_columns {
    () => {
        "m.number, m.body, m.author_name, m.data, m.reply_to, m.ext_id, m.created_at, \
         m.edited_at, m.deleted_at, m.change_no"
    };
}
pub(super) use plain_message_columns;

/// With whoever posted it, deleted or not.
macro_rules! message_columns {
    () => {
        concat!($crate::store::rows::plain_message_columns!(), ", m.sender")
    };
}
pub(super) use message_columns;

/// With whoever posted it and still exists, in the application of the chat `c`. Where nobody is named, nobody is looked for.
macro_rules! shown_message_columns {
    () => {
        concat!(
            $crate::store::rows::plain_message_columns!(),
            ", IF(m.sender IS NULL, NULL, (SELECT s.number FROM users s \
             WHERE s.application = c.application AND s.number = m.sender \
             AND s.deleted_at IS NULL))"
        )
    };
}
pub(super) use shown_message_columns;

pub(super) fn message(row: &MySqlRow) -> Result<Message> {
    message_from(row, 0)
}

/// The message whose columns begin here.
pub(super) fn message_from(row: &MySqlRow, at: usize) -> Result<Message> {
    Ok(Message {
        number: MessageNumber(number(row, at)?),
        body: row.try_get(at + 1)?,
        author_name: row.try_get(at + 2)?,
        data: row.try_get(at + 3)?,
        reply_to: maybe_number(row, at + 4)?.map(MessageNumber),
        ext_id: maybe_number(row, at + 5)?,
        created_at: time(row, at + 6)?,
        edited_at: maybe_time(row, at + 7)?,
        deleted_at: maybe_time(row, at + 8)?,
        change: Change(number(row, at + 9)?),
        sender: maybe_user(row, at + 10)?,
    })
}

macro_rules! dirty_columns {
    () => {
        "application, chat, from_number, from_change, to_number, to_change"
    };
}
pub(super) use dirty_columns;

pub(super) fn dirty(row: &MySqlRow) -> Result<Dirty> {
    Ok(Dirty {
        application: ApplicationId(row.try_get(0)?),
        chat: ChatId(row.try_get(1)?),
        from: head(row, 2)?,
        to: head(row, 4)?,
    })
}
