//! Rows of another store, with the row ids that they get here.

use chat_core::commit::ImportWrite;
use chat_core::ids::{ApplicationId, Change, ChatId, ChatNumber, PublicId};
use chat_core::port::{MessageRow, Rows};
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::super::rows::int;
use super::super::{apply, members, operations, sessions, users};

const APPLICATION: &str = "SELECT id FROM applications WHERE public_id = ?1";
const CHAT: &str = "SELECT id FROM chats WHERE application = ?1 AND number = ?2";
const MESSAGE_ID: &str = "INSERT INTO message_ids (id, chat, number) VALUES (?1, ?2, ?3)";
const FREE_MESSAGE_ID: &str = "DELETE FROM message_ids WHERE id = ?1";
const LAST_MESSAGE_ID: &str = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence \
     WHERE name = 'message_ids'";

/// Whether what these rows belong to is there.
pub(super) fn are_known(conn: &Connection, rows: &Rows) -> Result<bool> {
    let mut owners = Owners::of(conn);
    let known = |owner: Option<PublicId>, owners: &mut Owners<'_>| match owner {
        None => Ok(true),
        Some(owner) => owners.application(owner).map(|id| id.is_some()),
    };
    match rows {
        Rows::Users(rows) => each(rows, |row| known(Some(row.application), &mut owners)),
        Rows::Sessions(rows) => each(rows, |(owner, _)| known(Some(*owner), &mut owners)),
        Rows::Chats(rows) => each(rows, |(owner, _)| known(Some(*owner), &mut owners)),
        Rows::Members(rows) => each(rows, |row| {
            Ok(owners.chat(row.application, row.chat)?.is_some())
        }),
        Rows::Ranges(rows) => each(rows, |row| {
            Ok(owners.chat(row.application, row.chat)?.is_some())
        }),
        Rows::Messages(rows) => each(rows, |row| {
            Ok(owners.chat(row.application, row.chat)?.is_some())
        }),
        Rows::Requests(rows) => each(rows, |row| known(row.application, &mut owners)),
        Rows::Operations(rows) => each(rows, |row| known(row.application, &mut owners)),
        Rows::Applications(_) | Rows::Imports(_) | Rows::LastMessageId(_) => Ok(true),
    }
}

fn each<T>(rows: &[T], mut is_known: impl FnMut(&T) -> Result<bool>) -> Result<bool> {
    for row in rows {
        if !is_known(row)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn rows(conn: &Connection, rows: &Rows) -> Result<()> {
    let mut owners = Owners::of(conn);
    match rows {
        Rows::Applications(rows) => rows
            .iter()
            .try_for_each(|row| apply::create_application(conn, row)),
        Rows::Chats(rows) => rows.iter().try_for_each(|(owner, row)| {
            let application = owners.needed(Some(*owner))?;
            apply::create_chat(conn, application, row).map(drop)
        }),
        Rows::Users(rows) => rows.iter().try_for_each(|row| {
            let application = owners.needed(Some(row.application))?;
            users::create(conn, application, row)
        }),
        Rows::Sessions(rows) => rows.iter().try_for_each(|(owner, row)| {
            let application = owners.needed(Some(*owner))?;
            sessions::keep(conn, application, row)
        }),
        Rows::Members(rows) => rows.iter().try_for_each(|row| {
            let application = owners.needed(Some(row.application))?;
            let chat = owners.needed_chat(row.application, row.chat)?;
            members::put(conn, application, chat, &row.member)?;
            users::left(conn, application, row.member.user)
        }),
        Rows::Ranges(rows) => rows.iter().try_for_each(|row| {
            let chat = owners.needed_chat(row.application, row.chat)?;
            members::put_range(conn, chat, row.user, (row.low, row.high))
        }),
        Rows::Messages(rows) => messages(conn, &mut owners, rows),
        Rows::Requests(rows) => rows.iter().try_for_each(|row| {
            let application = owners.needed(row.application)?;
            apply::remember(conn, &row.write_in(application))
        }),
        Rows::Operations(rows) => rows.iter().try_for_each(|row| {
            let application = owners.needed(row.application)?;
            operations::record(conn, &row.operation_in(application))
        }),
        Rows::Imports(rows) => rows.iter().try_for_each(|row: &ImportWrite| {
            conn.prepare_cached(apply::IMPORTED)?
                .execute(params![row.source.0, int(row.line)])
                .map(drop)
        }),
        Rows::LastMessageId(last) => raise_message_id(conn, int(*last)),
    }
}

fn messages(conn: &Connection, owners: &mut Owners<'_>, rows: &[MessageRow]) -> Result<()> {
    let mut insert = conn.prepare_cached(apply::POST)?;
    let mut touch = conn.prepare_cached(apply::TOUCH)?;
    let mut give_id = conn.prepare_cached(MESSAGE_ID)?;
    for row in rows {
        let chat = owners.needed_chat(row.application, row.chat)?;
        let message = &row.message;
        let (number, ext_id) = (int(message.number.0), message.ext_id.map(int));
        apply::post(&mut insert, chat, message, ext_id)?;
        if message.change > Change::ZERO {
            touch.execute(params![chat.0, number, int(message.change.0)])?;
        }
        if let Some(id) = ext_id {
            give_id.execute(params![id, chat.0, number])?;
        }
    }
    Ok(())
}

/// SQLite keeps the highest id that any row ever had.
fn raise_message_id(conn: &Connection, last: i64) -> Result<()> {
    let reached: i64 = conn.query_row(LAST_MESSAGE_ID, [], |row| row.get(0))?;
    if reached < last {
        conn.execute(MESSAGE_ID, params![last, 0, 0])?;
        conn.execute(FREE_MESSAGE_ID, [last])?;
    }
    Ok(())
}

/// Row ids of applications and chats; rows that follow each other mostly belong to the same one.
struct Owners<'c> {
    conn: &'c Connection,
    application: Option<(PublicId, ApplicationId)>,
    chat: Option<(PublicId, ChatNumber, ChatId)>,
}

impl<'c> Owners<'c> {
    const fn of(conn: &'c Connection) -> Self {
        Self {
            conn,
            application: None,
            chat: None,
        }
    }

    fn application(&mut self, owner: PublicId) -> Result<Option<ApplicationId>> {
        if let Some((last, id)) = self.application
            && last == owner
        {
            return Ok(Some(id));
        }
        let id = self
            .conn
            .prepare_cached(APPLICATION)?
            .query_row([owner.0.as_bytes()], |row| row.get(0).map(ApplicationId))
            .optional()?;
        self.application = id.map(|id| (owner, id));
        Ok(id)
    }

    /// The root row when it is in none.
    fn needed(&mut self, owner: Option<PublicId>) -> Result<ApplicationId> {
        match owner {
            None => Ok(ApplicationId::ROOT),
            Some(owner) => self
                .application(owner)?
                .ok_or(rusqlite::Error::QueryReturnedNoRows),
        }
    }

    fn needed_chat(&mut self, owner: PublicId, number: ChatNumber) -> Result<ChatId> {
        self.chat(owner, number)?
            .ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    fn chat(&mut self, owner: PublicId, number: ChatNumber) -> Result<Option<ChatId>> {
        if let Some((of, last, id)) = self.chat
            && (of, last) == (owner, number)
        {
            return Ok(Some(id));
        }
        let Some(application) = self.application(owner)? else {
            return Ok(None);
        };
        let id = self
            .conn
            .prepare_cached(CHAT)?
            .query_row([application.0, int(number.0)], |row| row.get(0).map(ChatId))
            .optional()?;
        self.chat = id.map(|id| (owner, number, id));
        Ok(id)
    }
}
