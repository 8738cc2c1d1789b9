//! Everything, in the order of [`Place`].

use chat_core::clock::Timestamp;
use chat_core::commit::{
    ApplicationState, ChatState, Fingerprint, ImportWrite, KeyHash, Remembered, SourceHash,
};
use chat_core::ids::{
    ApplicationId, ChatId, ChatNumber, MessageNumber, OperationId, PublicId, UserNumber,
};
use chat_core::model::Session;
use chat_core::page::Limit;
use chat_core::port::{
    MemberRow, MessageRow, OperationRow, Part, Place, RangeRow, RequestRow, Rows, UserRow,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Params, Result, Row, params};
use uuid::Uuid;

use super::super::devices;
use super::super::load::{application_columns, application_state, chat_state, chat_state_columns};
use super::super::members::{member, member_columns};
use super::super::rows::{self, int};
use super::super::sessions::{session, session_columns};
use super::super::users::{user, user_columns};

const APPLICATIONS: &str = concat!(
    "SELECT ",
    application_columns!(),
    ", id FROM applications WHERE id > ?1 ORDER BY id LIMIT ?2"
);
const USERS: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", a.public_id, u.seen_at FROM users u JOIN applications a ON a.id = u.application \
     WHERE (u.application, u.number) > (?1, ?2) ORDER BY u.application, u.number LIMIT ?3"
);
const SESSIONS: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", a.public_id FROM sessions s JOIN applications a ON a.id = s.application \
     WHERE s.token_hash > ?1 ORDER BY s.token_hash LIMIT ?2"
);
const CHATS: &str = concat!(
    "SELECT ",
    chat_state_columns!(),
    ", a.public_id FROM chats c JOIN applications a ON a.id = c.application \
     WHERE c.id > ?1 ORDER BY c.id LIMIT ?2"
);
const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", m.chat, c.number, a.public_id FROM members m CROSS JOIN chats c ON c.id = m.chat \
     CROSS JOIN applications a ON a.id = c.application \
     WHERE (m.chat, m.user) > (?1, ?2) ORDER BY m.chat, m.user LIMIT ?3"
);
const RANGES: &str = "SELECT r.chat, r.user, r.low, r.high, c.number, a.public_id \
     FROM mark_ranges r CROSS JOIN chats c ON c.id = r.chat \
     CROSS JOIN applications a ON a.id = c.application \
     WHERE (r.chat, r.user, r.low) > (?1, ?2, ?3) ORDER BY r.chat, r.user, r.low LIMIT ?4";
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
        Place::Users(application, user) => {
            let params = [application.0, int(user.0), most];
            let found = all(conn, USERS, params, |row| user_row(conn, row))?;
            Part::of(from, found, limit, Rows::Users)
        }
        Place::Sessions(after) => {
            let found = all(conn, SESSIONS, params![after.0, most], session_row)?;
            Part::of(from, found, limit, Rows::Sessions)
        }
        Place::Members(chat, user) => {
            let found = all(conn, MEMBERS, [chat.0, int(user.0), most], member_row)?;
            Part::of(from, found, limit, Rows::Members)
        }
        Place::Ranges(chat, user, low) => {
            let params = [chat.0, int(user.0), int(low.0), most];
            let found = all(conn, RANGES, params, range)?;
            Part::of(from, found, limit, Rows::Ranges)
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

fn user_row(conn: &Connection, row: &Row<'_>) -> Result<(Place, UserRow)> {
    let (user, application) = (user(row)?, ApplicationId(row.get(11)?));
    let place = Place::Users(application, user.number);
    let row = UserRow {
        keys: devices::find(conn, application, user.number)?,
        application: rows::public_id(row, 12)?,
        user,
        seen_at: rows::time(row, 13)?,
    };
    Ok((place, row))
}

fn session_row(row: &Row<'_>) -> Result<(Place, (PublicId, Session))> {
    let mut session = session(row)?;
    session.application = ApplicationId::ROOT;
    let place = Place::Sessions(session.token);
    Ok((place, (rows::public_id(row, 7)?, session)))
}

fn member_row(row: &Row<'_>) -> Result<(Place, MemberRow)> {
    let member = member(row)?;
    let place = Place::Members(ChatId(row.get(12)?), member.user);
    let row = MemberRow {
        application: rows::public_id(row, 14)?,
        chat: ChatNumber(row.get(13)?),
        member,
    };
    Ok((place, row))
}

fn range(row: &Row<'_>) -> Result<(Place, RangeRow)> {
    let (user, low) = (UserNumber(row.get(1)?), MessageNumber(row.get(2)?));
    let place = Place::Ranges(ChatId(row.get(0)?), user, low);
    let row = RangeRow {
        application: rows::public_id(row, 5)?,
        chat: ChatNumber(row.get(4)?),
        user,
        low,
        high: MessageNumber(row.get(3)?),
    };
    Ok((place, row))
}

fn chat(row: &Row<'_>) -> Result<(Place, (PublicId, ChatState))> {
    let place = Place::Chats(ChatId(row.get(0)?));
    let mut state = chat_state(row)?;
    state.id = None;
    Ok((place, (rows::public_id(row, 19)?, state)))
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
