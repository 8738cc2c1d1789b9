//! Rows as the core knows them.

use chat_core::clock::Timestamp;
use chat_core::ids::{
    ApplicationId, Change, ChatId, ChatNumber, ChatUuid, Head, MessageNumber, PublicId, UserNumber,
};
use chat_core::model::{Application, ChatInfo, ChatKind, Direct, Message, Pair};
use chat_core::port::Dirty;
use chat_core::seal::Sealed;
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};
use uuid::Uuid;

/// SQLite's integers end at 2⁶³ − 1, and so do the numbers it can hold: above it nothing is found.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

macro_rules! application_columns {
    () => {
        "id, public_id, token, name, is_default, live_chats, created_at, updated_at, \
         last_chat"
    };
}
pub(super) use application_columns;

pub(super) fn application(row: &Row<'_>) -> Result<Application> {
    Ok(Application {
        id: ApplicationId(row.get(0)?),
        public_id: public_id(row, 1)?,
        token: Sealed(row.get(2)?),
        name: row.get(3)?,
        is_default: row.get(4)?,
        chats_count: row.get(5)?,
        created_at: Timestamp(row.get(6)?),
        updated_at: Timestamp(row.get(7)?),
        last_chat: ChatNumber(row.get(8)?),
    })
}

macro_rules! chat_columns {
    () => {
        "c.id, c.application, c.number, c.kind, c.name, c.last_number, c.last_change, \
         c.own_change, c.floor, c.live, c.created_at, c.last_at, c.low, c.high, c.uuid, c.members, \
         c.active_at"
    };
}
pub(super) use chat_columns;

pub(super) fn chat(row: &Row<'_>) -> Result<ChatInfo> {
    Ok(ChatInfo {
        id: ChatId(row.get(0)?),
        application: ApplicationId(row.get(1)?),
        number: ChatNumber(row.get(2)?),
        kind: kind(row, 3)?,
        name: row.get(4)?,
        head: head(row, 5)?,
        own_change: Change(row.get(7)?),
        floor: MessageNumber(row.get(8)?),
        messages_count: row.get(9)?,
        created_at: Timestamp(row.get(10)?),
        updated_at: Timestamp(row.get(11)?),
        direct: direct(row, 12)?,
        members_count: row.get(15)?,
        active_at: Timestamp(row.get(16)?),
    })
}

/// A message as it stands, with whoever posted it, also when that user is deleted.
macro_rules! message_columns {
    () => {
        rows::message_columns!("m.sender")
    };
    ($sender:literal) => {
        concat!(
            "m.number, m.body, m.author_name, m.data, m.reply_to, m.ext_id, m.created_at, \
             m.edited_at, m.deleted_at, m.change, ",
            $sender
        )
    };
}
pub(super) use message_columns;

/// A message as it is shown: a deleted user is no sender. Its application is the second parameter. Where there is no sender, nothing
/// is looked up.
macro_rules! shown_columns {
    () => {
        rows::message_columns!(
            "(SELECT u.number FROM users u WHERE u.application = ?2 AND u.number = m.sender \
              AND u.deleted_at IS NULL)"
        )
    };
}
pub(super) use shown_columns;

pub(super) fn message(row: &Row<'_>) -> Result<Message> {
    Ok(Message {
        number: MessageNumber(row.get(0)?),
        body: row.get(1)?,
        author_name: row.get(2)?,
        data: row.get(3)?,
        reply_to: row.get::<_, Option<u64>>(4)?.map(MessageNumber),
        ext_id: row.get(5)?,
        created_at: Timestamp(row.get(6)?),
        edited_at: time(row, 7)?,
        deleted_at: time(row, 8)?,
        change: Change(row.get(9)?),
        sender: row.get::<_, Option<u64>>(10)?.map(UserNumber),
    })
}

macro_rules! dirty_columns {
    () => {
        "application, chat, from_number, from_change, to_number, to_change"
    };
}
pub(super) use dirty_columns;

pub(super) fn dirty(row: &Row<'_>) -> Result<Dirty> {
    Ok(Dirty {
        application: ApplicationId(row.get(0)?),
        chat: ChatId(row.get(1)?),
        from: head(row, 2)?,
        to: head(row, 4)?,
    })
}

/// A number and the change that stands after it.
pub(super) fn head(row: &Row<'_>, at: usize) -> Result<Head> {
    Ok(Head {
        number: MessageNumber(row.get(at)?),
        change: Change(row.get(at + 1)?),
    })
}

/// The pair and the uuid of a direct chat.
pub(super) fn direct(row: &Row<'_>, at: usize) -> Result<Option<Direct>> {
    let Some(low) = row.get::<_, Option<u64>>(at)? else {
        return Ok(None);
    };
    let pair = Pair {
        low: UserNumber(low),
        high: UserNumber(row.get(at + 1)?),
    };
    let uuid = ChatUuid(Uuid::from_bytes(row.get(at + 2)?));
    Ok(Some(Direct { pair, uuid }))
}

/// A time that may be missing.
pub(super) fn time(row: &Row<'_>, at: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp))
}

pub(super) fn public_id(row: &Row<'_>, at: usize) -> Result<PublicId> {
    row.get(at).map(|bytes| PublicId(Uuid::from_bytes(bytes)))
}

pub(super) fn kind(row: &Row<'_>, at: usize) -> Result<ChatKind> {
    let text = row.get_ref(at)?.as_str()?;
    ChatKind::parse(text).ok_or_else(|| unreadable(at, Type::Text, "unknown kind of chat"))
}

/// A value that this program did not write.
pub(super) fn unreadable(
    at: usize,
    found: Type,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::FromSqlConversionFailure(at, found, why.into())
}
