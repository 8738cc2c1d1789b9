//! What a batch writes: few statements, each over many rows.

use std::collections::BTreeMap;

use chat_core::commit::{
    ApplicationState, ApplicationWrite, ChatState, ImportWrite, RequestWrite, Sink, Writes,
};
use chat_core::ids::{ApplicationId, ChatId};
use chat_core::model::Message;
use chat_core::port::Moved;
use sqlx::mysql::MySqlConnection;
use sqlx::{Error, Result, Row as _};

use super::operations;
use super::rows::{self, int};
use super::script::{Script, Text, values};
use super::sql::{ROWS, at_once, carried, cut, padded, pairs, tuples};

const LET_GO_OF_NAME: &str =
    "UPDATE applications SET unique_name = NULL WHERE id = ? AND unique_name <> ?";
const CREATE_APPLICATION: &str = "INSERT INTO applications (public_id, token_hash, token, name, \
     wants_unique, unique_name, is_default, last_chat, live_chats, created_at, updated_at, \
     closed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const WRITE_APPLICATION: &str = "UPDATE applications SET name = ?, unique_name = ?, \
     last_chat = ?, live_chats = ?, updated_at = ?, closed_at = ? WHERE id = ?";
const CREATE_CHATS: &str = "INSERT INTO chats (application, number, kind, name, last_number, \
     last_change, own_change, floor, live, created_at, last_at, closed_at) VALUES ";
pub(super) const CREATED_CHATS: &str = "SELECT application, number, id FROM chats \
     FORCE INDEX (chats_number) WHERE (application, number) IN ";
const WRITE_CHATS: &str = "INSERT INTO chats (id, application, number, kind, name, last_number, \
     last_change, own_change, floor, live, created_at, last_at, closed_at) VALUES ";
/// All of these rows are there, and locked.
const OVER_CHATS: &str = " ON DUPLICATE KEY UPDATE name = VALUES(name), \
     last_number = VALUES(last_number), last_change = VALUES(last_change), \
     own_change = VALUES(own_change), floor = VALUES(floor), live = VALUES(live), \
     last_at = VALUES(last_at), closed_at = VALUES(closed_at)";
const GIVE_IDS: &str = "INSERT INTO message_ids (chat, number) VALUES ";
const GIVEN_IDS: &str = "SELECT LAST_INSERT_ID(), @@auto_increment_increment";
const WRITE_MESSAGES: &str = "INSERT INTO messages (chat, number, body, author_name, data, \
     reply_to, ext_id, created_at, edited_at, deleted_at, change_no) VALUES ";
/// All of these rows are there, in chats that are locked.
const OVER_MESSAGES: &str = " ON DUPLICATE KEY UPDATE body = VALUES(body), data = VALUES(data), \
     edited_at = VALUES(edited_at), deleted_at = VALUES(deleted_at), \
     change_no = VALUES(change_no)";
const TOUCH: &str = "INSERT INTO touches (chat, number, change_no) VALUES ";
const OVER_TOUCHES: &str = " ON DUPLICATE KEY UPDATE change_no = VALUES(change_no)";
const REMEMBER: &str = "INSERT INTO requests (application, hash, fingerprint, done, at) VALUES ";
const IMPORTED: &str = "UPDATE imports SET line = ? WHERE source = ?";
const FOLLOW: &str = "INSERT INTO dirty (sink, application, chat, from_number, from_change, \
     to_number, to_change) VALUES ";
const FOLLOW_FURTHER: &str = " ON DUPLICATE KEY UPDATE to_number = VALUES(to_number), \
     to_change = VALUES(to_change)";

/// What a row of a message holds beside its text, roughly.
const MESSAGE_BYTES: usize = 128;

/// Writes all of it, and says which chats moved.
pub(super) async fn writes(
    conn: &mut MySqlConnection,
    writes: &Writes,
    sinks: &[Sink],
) -> Result<Vec<Moved>> {
    applications(conn, writes).await?;
    let created = create_chats(conn, &writes.applications).await?;
    // From here on nothing depends on an answer, but for the ids of messages.
    let mut script = Script::new();
    write_chats(&mut script, &writes.applications);
    messages(conn, &mut script, &writes.applications, &created).await?;
    put_requests(&mut script, &writes.requests)?;
    operations::put(&mut script, &writes.operations)?;
    let moved = moved(&writes.applications, &created);
    follow(&mut script, sinks, &moved);
    imported(conn, &writes.imports).await?;
    script.run(conn).await?;
    Ok(moved)
}

async fn applications(conn: &mut MySqlConnection, writes: &Writes) -> Result<()> {
    let rows = || {
        let rows = writes.applications.iter();
        rows.filter_map(|write| Some((write.id, write.row.as_ref()?)))
    };
    // Names that are given up here may be taken in the same batch, whatever the order of rows.
    for (id, row) in rows().filter(|(_, row)| row.unique_name) {
        sqlx::query(LET_GO_OF_NAME)
            .bind(id.0)
            .bind(row.held_name().unwrap_or_default().as_bytes())
            .execute(&mut *conn)
            .await?;
    }
    for state in &writes.created {
        create_application(conn, state).await?;
    }
    for (id, row) in rows() {
        sqlx::query(WRITE_APPLICATION)
            .bind(&row.name)
            .bind(row.held_name().map(str::as_bytes))
            .bind(int(row.last_chat.0))
            .bind(int(row.live_chats))
            .bind(row.updated_at.0)
            .bind(row.closed_at.map(|at| at.0))
            .bind(id.0)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

pub(super) async fn create_application(
    conn: &mut MySqlConnection,
    state: &ApplicationState,
) -> Result<()> {
    sqlx::query(CREATE_APPLICATION)
        .bind(state.public_id.0.as_bytes().as_slice())
        .bind(state.token_hash.0.as_slice())
        .bind(state.token.0.as_slice())
        .bind(&state.name)
        .bind(state.unique_name)
        .bind(state.held_name().map(str::as_bytes))
        .bind(state.is_default.then_some(true))
        .bind(int(state.last_chat.0))
        .bind(int(state.live_chats))
        .bind(state.created_at.0)
        .bind(state.updated_at.0)
        .bind(state.closed_at.map(|at| at.0))
        .execute(conn)
        .await?;
    Ok(())
}

/// The row ids that new chats got, by application and number.
type Created = BTreeMap<(i64, i64), ChatId>;

fn chats(writes: &[ApplicationWrite], new: bool) -> Vec<(ApplicationId, &ChatState)> {
    let rows = writes
        .iter()
        .flat_map(|write| write.chats.iter().map(|chat| (write.id, &chat.row)));
    rows.filter(|(_, row)| row.id.is_none() == new).collect()
}

async fn create_chats(conn: &mut MySqlConnection, writes: &[ApplicationWrite]) -> Result<Created> {
    let mut created = Created::new();
    for part in cut(&chats(writes, true)) {
        let mut script = Script::new();
        put_new_chats(&mut script, part);
        script.run(conn).await?;
        let numbers: Vec<_> = part
            .iter()
            .map(|(application, row)| (application.0, int(row.number.0)))
            .collect();
        let mut select = pairs(CREATED_CHATS, numbers.len(), "");
        for (application, number) in padded(&numbers) {
            select = select.bind(application).bind(number);
        }
        for row in select.fetch_all(&mut *conn).await? {
            let place = (row.try_get(0)?, row.try_get(1)?);
            created.insert(place, ChatId(row.try_get(2)?));
        }
    }
    Ok(created)
}

pub(super) fn put_new_chats(script: &mut Script, chats: &[(ApplicationId, &ChatState)]) {
    for part in chats.chunks(ROWS) {
        let insert = values(CREATE_CHATS, 12, "");
        script.write(part.iter().fold(insert, |insert, (application, row)| {
            chat_columns(insert, *application, row)
        }));
    }
}

fn write_chats(script: &mut Script, writes: &[ApplicationWrite]) {
    for part in chats(writes, false).chunks(ROWS) {
        let mut insert = values(WRITE_CHATS, 13, OVER_CHATS);
        for (application, row) in part {
            insert = insert.int(row.id.map(|id| id.0));
            insert = chat_columns(insert, *application, row);
        }
        script.write(insert);
    }
}

fn chat_columns(insert: Text, application: ApplicationId, row: &ChatState) -> Text {
    insert
        .int(application.0)
        .int(int(row.number.0))
        .text(row.kind.as_str())
        .text(row.name.as_deref())
        .int(int(row.head.number.0))
        .int(int(row.head.change.0))
        .int(int(row.own_change.0))
        .int(int(row.floor.0))
        .int(int(row.live))
        .int(row.created_at.0)
        .int(row.last_at.0)
        .int(row.closed_at.map(|at| at.0))
}

/// The row of a chat that was there or has just been made.
fn row_id(application: ApplicationId, row: &ChatState, created: &Created) -> Option<ChatId> {
    row.id
        .or_else(|| created.get(&(application.0, int(row.number.0))).copied())
}

/// A message, the row of its chat, and its integer id.
pub(super) type Place<'w> = (i64, &'w Message, Option<i64>);

async fn messages(
    conn: &mut MySqlConnection,
    script: &mut Script,
    writes: &[ApplicationWrite],
    created: &Created,
) -> Result<()> {
    let (mut posted, mut touched, mut touches) = (Vec::new(), Vec::new(), Vec::new());
    for write in writes {
        let first = posted.len();
        for chat in &write.chats {
            let ChatId(id) = row_id(write.id, &chat.row, created).ok_or(Error::RowNotFound)?;
            let place = |message| -> Place<'_> { (id, message, ext_id(message)) };
            posted.extend(chat.posted.iter().map(place));
            touched.extend(chat.touched.iter().map(place));
            touches.extend(chat.touches().map(place));
        }
        if write.message_ids {
            give_ids(conn, &mut posted[first..]).await?;
        }
    }
    put_new_messages(script, &posted);
    put_messages(script, &touched, OVER_MESSAGES);
    touches.sort_unstable_by_key(|(chat, message, _)| (*chat, message.number));
    put_touches(script, &touches);
    Ok(())
}

fn ext_id(message: &Message) -> Option<i64> {
    message.ext_id.map(int)
}

/// The server gives the rows of one statement ids that follow each other in its own steps.
async fn give_ids(conn: &mut MySqlConnection, posted: &mut [Place<'_>]) -> Result<()> {
    let mut rest = posted;
    while !rest.is_empty() {
        let (part, later) = rest.split_at_mut(at_once(rest.len()));
        rest = later;
        let mut insert = tuples(GIVE_IDS, 2, part.len(), "");
        for (chat, message, _) in &*part {
            insert = insert.bind(*chat).bind(int(message.number.0));
        }
        insert.execute(&mut *conn).await?;
        let row = sqlx::query(GIVEN_IDS).fetch_one(&mut *conn).await?;
        let (mut id, step) = (unsigned(&row, 0)?, unsigned(&row, 1)?);
        for (_, _, given) in part {
            *given = Some(int(id));
            id += step;
        }
    }
    Ok(())
}

fn unsigned(row: &sqlx::mysql::MySqlRow, at: usize) -> Result<u64> {
    row.try_get::<u64, _>(at).or_else(|_| rows::number(row, at))
}

fn bytes((_, message, _): &Place<'_>) -> usize {
    MESSAGE_BYTES + message.body.len() + message.data.as_ref().map_or(0, String::len)
}

fn put_messages(script: &mut Script, messages: &[Place<'_>], over: &str) {
    for rows in messages.chunks(ROWS) {
        for part in carried(rows, bytes) {
            let insert = values(WRITE_MESSAGES, 11, over);
            script.write(part.iter().fold(insert, message_columns));
        }
    }
}

/// Adds messages none of which is there.
pub(super) fn put_new_messages(script: &mut Script, messages: &[Place<'_>]) {
    put_messages(script, messages, "");
}

/// Adds where messages stand among the changes.
pub(super) fn put_touches(script: &mut Script, touched: &[Place<'_>]) {
    for part in touched.chunks(ROWS) {
        let insert = values(TOUCH, 3, OVER_TOUCHES);
        script.write(part.iter().fold(insert, |insert, (chat, message, _)| {
            insert
                .int(*chat)
                .int(int(message.number.0))
                .int(int(message.change.0))
        }));
    }
}

fn message_columns(insert: Text, (chat, message, ext_id): &Place<'_>) -> Text {
    insert
        .int(*chat)
        .int(int(message.number.0))
        .text(message.body.as_str())
        .text(message.author_name.as_deref())
        .text(message.data.as_deref())
        .int(message.reply_to.map(|number| int(number.0)))
        .int(*ext_id)
        .int(message.created_at.0)
        .int(message.edited_at.map(|at| at.0))
        .int(message.deleted_at.map(|at| at.0))
        .int(int(message.change.0))
}

/// Adds keys.
pub(super) fn put_requests(script: &mut Script, requests: &[RequestWrite]) -> Result<()> {
    for part in requests.chunks(ROWS) {
        let insert = values(REMEMBER, 5, "");
        script.write(part.iter().try_fold(insert, request_columns)?);
    }
    Ok(())
}

fn request_columns(insert: Text, write: &RequestWrite) -> Result<Text> {
    let done = serde_json::to_string(&write.done).map_err(|error| Error::Encode(error.into()))?;
    Ok(insert
        .int(write.application.0)
        .bytes(&write.key.0)
        .bytes(&write.fingerprint.0)
        .text(done.as_str())
        .int(write.at.0))
}

/// These rows were made or locked when they were looked for.
async fn imported(conn: &mut MySqlConnection, imports: &[ImportWrite]) -> Result<()> {
    for write in imports {
        sqlx::query(IMPORTED)
            .bind(int(write.line))
            .bind(write.source.0.as_slice())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

fn moved(writes: &[ApplicationWrite], created: &Created) -> Vec<Moved> {
    let mut moved = Vec::new();
    for write in writes {
        for chat in write.chats.iter().filter(|chat| chat.moved()) {
            moved.extend(row_id(write.id, &chat.row, created).map(|id| Moved {
                application: write.id,
                chat: id,
                from: chat.before,
                to: chat.row.head,
            }));
        }
    }
    // Those who settle lock what is to be followed in this order.
    moved.sort_unstable_by_key(|one| one.chat);
    moved
}

/// Each sink has to follow to where the chats moved; what it has to do already stays.
fn follow(script: &mut Script, sinks: &[Sink], moved: &[Moved]) {
    for sink in sinks {
        for part in moved.chunks(ROWS) {
            let mut insert = values(FOLLOW, 7, FOLLOW_FURTHER);
            for one in part {
                insert = insert
                    .bytes(sink.as_str().as_bytes())
                    .int(one.application.0)
                    .int(one.chat.0)
                    .int(int(one.from.number.0))
                    .int(int(one.from.change.0))
                    .int(int(one.to.number.0))
                    .int(int(one.to.change.0));
            }
            script.write(insert);
        }
    }
}
