//! Everything, in the order of [`Place`].

use chat_core::clock::Timestamp;
use chat_core::commit::{
    ApplicationState, ChatState, Fingerprint, ImportWrite, KeyHash, Remembered, SourceHash,
};
use chat_core::ids::{ApplicationId, ChatId, ChatNumber, OperationId, PublicId};
use chat_core::page::Limit;
use chat_core::port::{MessageRow, OperationRow, Part, Place, RequestRow, Rows};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Params, Result, Row, params};
use uuid::Uuid;

use super::super::load::{application_columns, application_state, chat_state, chat_state_columns};
use super::super::rows::{self, int};

const APPLICATIONS: &str = concat!(
    "SELECT ",
    application_columns!(),
    ", id FROM applications WHERE id > ?1 ORDER BY id LIMIT ?2"
);
const CHATS: &str = concat!(
    "SELECT ",
    chat_state_columns!(),
    ", a.public_id FROM chats c JOIN applications a ON a.id = c.application \
     WHERE c.id > ?1 ORDER BY c.id LIMIT ?2"
);
const MESSAGES: &str = concat!(
    "SELECT ",
    rows::message_columns!(),
    ", m.chat, c.number, a.public_id FROM messages m CROSS JOIN chats c ON c.id = m.chat \
     CROSS JOIN applications a ON a.id = c.application \
     WHERE (m.chat, m.number) > (?1, ?2) ORDER BY m.chat, m.number LIMIT ?3"
);
const REQUESTS: &str = "SELECT r.application, r.key, r.fingerprint, r.done, r.at, a.public_id \
     FROM requests r LEFT JOIN applications a ON a.id = r.application \
     WHERE (r.application, r.key) > (?1, ?2) ORDER BY r.application, r.key LIMIT ?3";
const OPERATIONS: &str = "SELECT o.id, o.outcome, o.at, a.public_id \
     FROM operations o LEFT JOIN applications a ON a.id = o.application \
     WHERE o.id > ?1 ORDER BY o.id LIMIT ?2";
const IMPORTS: &str = "SELECT source, line FROM imports WHERE source > ?1 ORDER BY source LIMIT ?2";
const LAST_MESSAGE_ID: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'message_ids'";

pub(super) fn part(conn: &Connection, from: Place, limit: Limit) -> Result<Part> {
    let most = limit.get() as i64;
    Ok(match from {
        Place::Applications(ApplicationId(after)) => {
            let found = all(conn, APPLICATIONS, [after, most], application)?;
            Part::of(from, found, limit, Rows::Applications)
        }
        Place::Chats(ChatId(after)) => {
            let found = all(conn, CHATS, [after, most], chat)?;
            Part::of(from, found, limit, Rows::Chats)
        }
        Place::Messages(ChatId(chat), number) => {
            let found = all(conn, MESSAGES, [chat, int(number.0), most], message)?;
            Part::of(from, found, limit, Rows::Messages)
        }
        Place::Requests(application, key) => {
            let params = params![application.0, key.0, most];
            let found = all(conn, REQUESTS, params, request)?;
            Part::of(from, found, limit, Rows::Requests)
        }
        Place::Operations(after) => {
            let params = params![after.0.as_bytes(), most];
            let found = all(conn, OPERATIONS, params, operation)?;
            Part::of(from, found, limit, Rows::Operations)
        }
        Place::Imports(after) => {
            let found = all(conn, IMPORTS, params![after.0, most], import)?;
            Part::of(from, found, limit, Rows::Imports)
        }
        Place::LastMessageId | Place::End => Part {
            from,
            rows: Rows::LastMessageId(last_message_id(conn)?),
            to: Place::End,
        },
    })
}

fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map(params, read)?.collect()
}

fn application(row: &Row<'_>) -> Result<(Place, ApplicationState)> {
    let place = Place::Applications(ApplicationId(row.get(12)?));
    Ok((place, application_state(row)?))
}

fn chat(row: &Row<'_>) -> Result<(Place, (PublicId, ChatState))> {
    let place = Place::Chats(ChatId(row.get(0)?));
    let mut state = chat_state(row)?;
    state.id = None;
    Ok((place, (rows::public_id(row, 18)?, state)))
}

fn message(row: &Row<'_>) -> Result<(Place, MessageRow)> {
    let message = rows::message(row)?;
    let place = Place::Messages(ChatId(row.get(11)?), message.number);
    let row = MessageRow {
        application: rows::public_id(row, 13)?,
        chat: ChatNumber(row.get(12)?),
        message,
    };
    Ok((place, row))
}

fn request(row: &Row<'_>) -> Result<(Place, RequestRow)> {
    let key = KeyHash(row.get(1)?);
    let place = Place::Requests(ApplicationId(row.get(0)?), key);
    let remembered = Remembered {
        fingerprint: Fingerprint(row.get(2)?),
        done: serde_json::from_str(text(row, 3)?).map_err(broken(3))?,
    };
    let row = RequestRow {
        application: owner(row, 5)?,
        key,
        remembered,
        at: Timestamp(row.get(4)?),
    };
    Ok((place, row))
}

fn operation(row: &Row<'_>) -> Result<(Place, OperationRow)> {
    let id = OperationId(Uuid::from_bytes(row.get(0)?));
    let row = OperationRow {
        application: owner(row, 3)?,
        id,
        outcome: serde_json::from_str(text(row, 1)?).map_err(broken(1))?,
        at: Timestamp(row.get(2)?),
    };
    Ok((Place::Operations(id), row))
}

fn import(row: &Row<'_>) -> Result<(Place, ImportWrite)> {
    let (source, line) = (SourceHash(row.get(0)?), row.get(1)?);
    Ok((Place::Imports(source), ImportWrite { source, line }))
}

/// The application is none, or gone.
fn owner(row: &Row<'_>, at: usize) -> Result<Option<PublicId>> {
    let bytes: Option<[u8; 16]> = row.get(at)?;
    Ok(bytes.map(|bytes| PublicId(Uuid::from_bytes(bytes))))
}

fn text<'r>(row: &'r Row<'_>, at: usize) -> Result<&'r str> {
    Ok(row.get_ref(at)?.as_str()?)
}

fn broken(at: usize) -> impl Fn(serde_json::Error) -> rusqlite::Error {
    move |error| rows::unreadable(at, Type::Text, error)
}

fn last_message_id(conn: &Connection) -> Result<u64> {
    let last = conn
        .prepare_cached(LAST_MESSAGE_ID)?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or_default())
}
