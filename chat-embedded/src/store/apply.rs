//! What a batch writes.

use chat_core::commit::{
    ApplicationState, ApplicationWrite, ChatState, ChatWrite, Outcome, RequestWrite, Sink, Writes,
};
use chat_core::ids::{ApplicationId, ChatId};
use chat_core::model::Message;
use chat_core::port::Moved;
use rusqlite::{CachedStatement, Connection, Error, Result, params};

use super::rows::int;
use super::{devices, members, operations, users};

const LET_GO_OF_NAME: &str =
    "UPDATE applications SET unique_name = NULL WHERE id = ?1 AND unique_name <> ?2";
const CREATE_APPLICATION: &str = "INSERT INTO applications (public_id, token_hash, token, name, \
     wants_unique, unique_name, is_default, last_chat, live_chats, created_at, updated_at, \
     closed_at, last_user) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
const WRITE_APPLICATION: &str = "UPDATE applications SET name = ?2, unique_name = ?3, \
     last_chat = ?4, live_chats = ?5, updated_at = ?6, closed_at = ?7, last_user = ?8 \
     WHERE id = ?1";
const LET_GO_OF_CHAT_NAME: &str =
    "UPDATE chats SET unique_name = NULL WHERE id = ?1 AND unique_name <> ?2";
const CREATE_CHAT: &str = "INSERT INTO chats (application, number, kind, name, last_number, \
     last_change, own_change, floor, live, created_at, last_at, closed_at, wants_unique, \
     unique_name, low, high, uuid, members, active_at, owners) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \
     ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";
const WRITE_CHAT: &str = "UPDATE chats SET last_number = ?2, last_change = ?3, floor = ?4, \
     live = ?5, last_at = ?6, members = ?7, active_at = ?8, owners = ?9 WHERE id = ?1";
/// What chats are found by stands apart: messages would write its indices again and again.
const WRITE_CHAT_ITSELF: &str = "UPDATE chats SET name = ?2, unique_name = ?3, own_change = ?4, \
     closed_at = ?5 WHERE id = ?1";
pub(super) const POST: &str = "INSERT INTO messages (chat, number, body, author_name, data, reply_to, \
     ext_id, created_at, edited_at, deleted_at, change, sender) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const GIVE_ID: &str = "INSERT INTO message_ids (chat, number) VALUES (?1, ?2)";
const WRITE_MESSAGE: &str = "UPDATE messages SET body = ?3, data = ?4, edited_at = ?5, \
     deleted_at = ?6, change = ?7 WHERE chat = ?1 AND number = ?2";
pub(super) const TOUCH: &str = "INSERT INTO touches (chat, number, change) VALUES (?1, ?2, ?3) \
     ON CONFLICT (chat, number) DO UPDATE SET change = excluded.change";
const REMEMBER: &str = "INSERT INTO requests (application, key, fingerprint, done, at) \
     VALUES (?1, ?2, ?3, ?4, ?5)";
pub(super) const IMPORTED: &str = "INSERT INTO imports (source, line) VALUES (?1, ?2) \
     ON CONFLICT (source) DO UPDATE SET line = excluded.line";
const FOLLOW: &str = "INSERT INTO dirty (sink, application, chat, from_number, from_change, \
     to_number, to_change) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (sink, chat) \
     DO UPDATE SET to_number = excluded.to_number, to_change = excluded.to_change";

/// Writes all of it, and says which chats moved.
pub(super) fn writes(
    conn: &Connection,
    writes: &mut Writes,
    outcomes: &mut [Outcome],
    sinks: &[Sink],
) -> Result<Vec<Moved>> {
    let mut moved = Vec::new();
    // Names that are given up here may be taken in the same batch, whatever the order of rows.
    for write in &writes.applications {
        if let Some(row) = &write.row {
            let held = row.held_name().unwrap_or_default();
            conn.prepare_cached(LET_GO_OF_NAME)?
                .execute(params![write.id.0, held])?;
        }
    }
    for state in &writes.created {
        create_application(conn, state)?;
    }
    for write in &mut writes.applications {
        application(conn, write, sinks, &mut moved)?;
    }
    writes.tell_ids(outcomes);
    for write in &writes.requests {
        remember(conn, write)?;
    }
    for write in &writes.imports {
        conn.prepare_cached(IMPORTED)?
            .execute(params![write.source.0, int(write.line)])?;
    }
    for operation in &writes.operations {
        operations::record(conn, operation)?;
    }
    Ok(moved)
}

pub(super) fn create_application(conn: &Connection, state: &ApplicationState) -> Result<()> {
    conn.prepare_cached(CREATE_APPLICATION)?.execute(params![
        state.public_id.0.as_bytes(),
        state.token_hash.0,
        state.token.0,
        state.name,
        state.unique_name,
        state.held_name(),
        state.is_default,
        int(state.last_chat.0),
        int(state.live_chats),
        state.created_at.0,
        state.updated_at.0,
        state.closed_at.map(|at| at.0),
        int(state.last_user.0),
    ])?;
    Ok(())
}

fn application(
    conn: &Connection,
    write: &mut ApplicationWrite,
    sinks: &[Sink],
    moved: &mut Vec<Moved>,
) -> Result<()> {
    if let Some(row) = &write.row {
        conn.prepare_cached(WRITE_APPLICATION)?.execute(params![
            write.id.0,
            row.name,
            row.held_name(),
            int(row.last_chat.0),
            int(row.live_chats),
            row.updated_at.0,
            row.closed_at.map(|at| at.0),
            int(row.last_user.0),
        ])?;
    }
    users::write(conn, write.id, &write.users)?;
    devices::write(conn, write.id, &write.devices)?;
    for chat in write.chats.iter().filter(|chat| chat.row.unique_name) {
        if let Some(id) = chat.row.id {
            let held = chat.row.held_name().unwrap_or_default();
            conn.prepare_cached(LET_GO_OF_CHAT_NAME)?
                .execute(params![id.0, held])?;
        }
    }
    for chat in &mut write.chats {
        let id = match chat.row.id {
            Some(id) => write_chat(conn, id, chat)?,
            None => create_chat(conn, write.id, &chat.row)?,
        };
        messages(conn, id, chat, write.message_ids)?;
        members::write(conn, write.id, id, chat)?;
        if chat.moved() {
            let one = Moved {
                application: write.id,
                chat: id,
                from: chat.before,
                to: chat.row.head,
            };
            for sink in sinks.iter().filter(|_| chat.is_dirty()) {
                follow(conn, *sink, &one)?;
            }
            moved.push(one);
        }
    }
    users::leave(conn, write)?;
    Ok(())
}

pub(super) fn create_chat(
    conn: &Connection,
    application: ApplicationId,
    row: &ChatState,
) -> Result<ChatId> {
    let id = conn.prepare_cached(CREATE_CHAT)?.insert(params![
        application.0,
        int(row.number.0),
        row.kind.as_str(),
        row.name,
        int(row.head.number.0),
        int(row.head.change.0),
        int(row.own_change.0),
        int(row.floor.0),
        int(row.live),
        row.created_at.0,
        row.last_at.0,
        row.closed_at.map(|at| at.0),
        row.unique_name,
        row.held_name(),
        row.direct.map(|direct| int(direct.pair.low.0)),
        row.direct.map(|direct| int(direct.pair.high.0)),
        row.direct.map(|direct| direct.uuid.0.into_bytes()),
        int(row.members),
        row.active_at.0,
        row.owners.map(int),
    ])?;
    Ok(ChatId(id))
}

fn write_chat(conn: &Connection, id: ChatId, write: &ChatWrite) -> Result<ChatId> {
    let row = &write.row;
    let changed = conn.prepare_cached(WRITE_CHAT)?.execute(params![
        id.0,
        int(row.head.number.0),
        int(row.head.change.0),
        int(row.floor.0),
        int(row.live),
        row.last_at.0,
        int(row.members),
        row.active_at.0,
        row.owners.map(int),
    ])?;
    one_row(changed)?;
    if row.own_change > write.before.change {
        conn.prepare_cached(WRITE_CHAT_ITSELF)?.execute(params![
            id.0,
            row.name,
            row.held_name(),
            int(row.own_change.0),
            row.closed_at.map(|at| at.0),
        ])?;
    }
    Ok(id)
}

fn messages(conn: &Connection, chat: ChatId, write: &mut ChatWrite, ids: bool) -> Result<()> {
    if !write.posted.is_empty() {
        let mut insert = conn.prepare_cached(POST)?;
        let mut give_id = ids.then(|| conn.prepare_cached(GIVE_ID)).transpose()?;
        for message in &mut write.posted {
            if let Some(give) = &mut give_id {
                let id = give.insert(params![chat.0, int(message.number.0)])?;
                message.ext_id = Some(id.unsigned_abs());
            }
            post(&mut insert, chat, message, message.ext_id.map(int))?;
        }
    }
    for message in &write.touched {
        let changed = conn.prepare_cached(WRITE_MESSAGE)?.execute(params![
            chat.0,
            int(message.number.0),
            message.body,
            message.data,
            message.edited_at.map(|at| at.0),
            message.deleted_at.map(|at| at.0),
            int(message.change.0),
        ])?;
        one_row(changed)?;
    }
    for message in write.touches() {
        conn.prepare_cached(TOUCH)?.execute(params![
            chat.0,
            int(message.number.0),
            int(message.change.0)
        ])?;
    }
    Ok(())
}

pub(super) fn post(
    insert: &mut CachedStatement<'_>,
    chat: ChatId,
    message: &Message,
    ext_id: Option<i64>,
) -> Result<()> {
    insert.execute(params![
        chat.0,
        int(message.number.0),
        message.body,
        message.author_name,
        message.data,
        message.reply_to.map(|number| int(number.0)),
        ext_id,
        message.created_at.0,
        message.edited_at.map(|at| at.0),
        message.deleted_at.map(|at| at.0),
        int(message.change.0),
        message.sender.map(|user| int(user.0)),
    ])?;
    Ok(())
}

pub(super) fn remember(conn: &Connection, write: &RequestWrite) -> Result<()> {
    let done = serde_json::to_string(&write.done)
        .map_err(|error| Error::ToSqlConversionFailure(error.into()))?;
    conn.prepare_cached(REMEMBER)?.execute(params![
        write.application.0,
        write.key.0,
        write.fingerprint.0,
        done,
        write.at.0
    ])?;
    Ok(())
}

/// The sink has to follow to where the chat moved; what it has to do already stays.
fn follow(conn: &Connection, sink: Sink, moved: &Moved) -> Result<()> {
    conn.prepare_cached(FOLLOW)?.execute(params![
        sink.as_str(),
        moved.application.0,
        moved.chat.0,
        int(moved.from.number.0),
        int(moved.from.change.0),
        int(moved.to.number.0),
        int(moved.to.change.0),
    ])?;
    Ok(())
}

/// Rows that were loaded in the same transaction are there.
pub(super) fn one_row(changed: usize) -> Result<()> {
    match changed {
        1 => Ok(()),
        other => Err(Error::StatementChangedRows(other)),
    }
}
