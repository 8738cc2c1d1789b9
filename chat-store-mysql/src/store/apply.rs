//! What a batch writes: few statements, each over many rows.

mod messages;

use std::collections::BTreeMap;

use chat_core::commit::{
    ApplicationState, ApplicationWrite, ChatState, ChatWrite, ImportWrite, Outcome, RequestWrite,
    Sink, Writes,
};
use chat_core::ids::{ApplicationId, ChatId};
use chat_core::port::Moved;
use sqlx::mysql::MySqlConnection;
use sqlx::{Error, Result, Row as _};

use super::devices;
use super::operations;
use super::people;
use super::rows::int;
use super::script::{Script, Text, values};
use super::sql::{ROWS, cut, padded, pairs};
use messages::{give_ids, messages};
pub(super) use messages::{put_new_messages, put_touches};

const LET_GO_OF_NAME: &str =
    "UPDATE applications SET unique_name = NULL WHERE id = ? AND unique_name <> ?";
const CREATE_APPLICATION: &str = "INSERT INTO applications (public_id, token_hash, token, name, \
     wants_unique, unique_name, is_default, last_chat, live_chats, created_at, updated_at, \
     closed_at, last_user) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const WRITE_APPLICATION: &str = "UPDATE applications SET name = ?, unique_name = ?, \
     last_chat = ?, live_chats = ?, updated_at = ?, closed_at = ?, last_user = ? WHERE id = ?";
const LET_GO_OF_CHAT_NAMES: &str =
    "UPDATE chats SET unique_name = NULL, holds_pair = NULL WHERE id IN ";
const CREATE_CHATS: &str = "INSERT INTO chats (application, number, kind, name, last_number, \
     last_change, own_change, floor, live, created_at, last_at, closed_at, wants_unique, \
     unique_name, low_user, high_user, uuid, holds_pair, members, active_at, owners) VALUES ";
pub(super) const CREATED_CHATS: &str = "SELECT application, number, id FROM chats \
     FORCE INDEX (chats_number) WHERE (application, number) IN ";
const WRITE_CHATS: &str = "INSERT INTO chats (id, application, number, kind, name, last_number, \
     last_change, own_change, floor, live, created_at, last_at, closed_at, wants_unique, \
     unique_name, low_user, high_user, uuid, holds_pair, members, active_at, owners) VALUES ";
/// All of these rows are there, and locked.
const OVER_CHATS: &str = " ON DUPLICATE KEY UPDATE name = VALUES(name), \
     last_number = VALUES(last_number), last_change = VALUES(last_change), \
     own_change = VALUES(own_change), floor = VALUES(floor), live = VALUES(live), \
     last_at = VALUES(last_at), closed_at = VALUES(closed_at), \
     unique_name = VALUES(unique_name), holds_pair = VALUES(holds_pair), \
     members = VALUES(members), active_at = VALUES(active_at), \
     owners = VALUES(owners)";
const REMEMBER: &str = "INSERT INTO requests (application, hash, fingerprint, done, at) VALUES ";
const IMPORTED: &str = "UPDATE imports SET line = ? WHERE source = ?";
const FOLLOW: &str = "INSERT INTO dirty (sink, application, chat, from_number, from_change, \
     to_number, to_change) VALUES ";
const FOLLOW_FURTHER: &str = " ON DUPLICATE KEY UPDATE to_number = VALUES(to_number), \
     to_change = VALUES(to_change)";

/// Writes all of it, and says which chats moved.
pub(super) async fn writes(
    conn: &mut MySqlConnection,
    writes: &mut Writes,
    outcomes: &mut [Outcome],
    sinks: &[Sink],
) -> Result<Vec<Moved>> {
    applications(conn, writes).await?;
    let mut script = Script::new();
    let_go(&mut script, &writes.applications);
    let created = create_chats(conn, &mut script, &writes.applications).await?;
    give_ids(conn, &mut writes.applications, &created).await?;
    writes.tell_ids(outcomes);
    // From here on nothing depends on an answer.
    people::put_users(&mut script, &writes.applications);
    devices::put_devices(&mut script, &writes.applications);
    write_chats(&mut script, &writes.applications);
    members(&mut script, &writes.applications, &created)?;
    messages(&mut script, &writes.applications, &created)?;
    put_requests(&mut script, &writes.requests)?;
    operations::put(&mut script, &writes.operations)?;
    let (moved, dirty) = moved(&writes.applications, &created);
    follow(&mut script, sinks, &dirty);
    imported(conn, &writes.imports).await?;
    script.run(conn).await?;
    people::end_sessions(conn, &writes.applications).await?;
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
            .bind(int(row.last_user.0))
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
        .bind(int(state.last_user.0))
        .execute(conn)
        .await?;
    Ok(())
}

/// What chats that are renamed or deleted give up others may take in the same batch, whatever the order of rows.
fn let_go(script: &mut Script, writes: &[ApplicationWrite]) {
    let chats = writes.iter().flat_map(|write| &write.chats);
    let changed = chats.filter(|chat| chat.row.own_change > chat.before.change);
    let held = changed.filter(|chat| chat.row.unique_name || chat.row.direct.is_some());
    let held: Vec<ChatId> = held.filter_map(|chat| chat.row.id).collect();
    for part in held.chunks(ROWS) {
        let update = values(LET_GO_OF_CHAT_NAMES, part.len(), "");
        script.write(part.iter().fold(update, |update, id| update.int(id.0)));
    }
}

/// The row ids that new chats got, by application and number.
type Created = BTreeMap<(i64, i64), ChatId>;

fn chats(writes: &[ApplicationWrite], new: bool) -> Vec<(ApplicationId, &ChatState)> {
    let rows = writes
        .iter()
        .flat_map(|write| write.chats.iter().map(|chat| (write.id, &chat.row)));
    rows.filter(|(_, row)| row.id.is_none() == new).collect()
}

/// Does what is to be done before as well.
async fn create_chats(
    conn: &mut MySqlConnection,
    script: &mut Script,
    writes: &[ApplicationWrite],
) -> Result<Created> {
    let mut created = Created::new();
    for part in cut(&chats(writes, true)) {
        put_new_chats(script, part);
        std::mem::replace(script, Script::new()).run(conn).await?;
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
        let insert = values(CREATE_CHATS, 21, "");
        script.write(part.iter().fold(insert, |insert, (application, row)| {
            chat_columns(insert, *application, row)
        }));
    }
}

fn write_chats(script: &mut Script, writes: &[ApplicationWrite]) {
    for part in chats(writes, false).chunks(ROWS) {
        let mut insert = values(WRITE_CHATS, 22, OVER_CHATS);
        for (application, row) in part {
            insert = insert.int(row.id.map(|id| id.0));
            insert = chat_columns(insert, *application, row);
        }
        script.write(insert);
    }
}

fn chat_columns(insert: Text, application: ApplicationId, row: &ChatState) -> Text {
    let pair = row.direct.map(|direct| direct.pair);
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
        .int(i64::from(row.unique_name))
        .maybe_bytes(row.held_name().map(str::as_bytes))
        .int(pair.map(|pair| int(pair.low.0)))
        .int(pair.map(|pair| int(pair.high.0)))
        .maybe_bytes(
            row.direct
                .as_ref()
                .map(|direct| direct.uuid.0.as_bytes().as_slice()),
        )
        .int(row.held_pair().map(|_| 1))
        .int(int(row.members))
        .int(row.active_at.0)
        .int(row.owners.map(int))
}

/// The row of a chat that was there or has just been made.
fn row_id(application: ApplicationId, row: &ChatState, created: &Created) -> Option<ChatId> {
    row.id
        .or_else(|| created.get(&(application.0, int(row.number.0))).copied())
}

fn members(script: &mut Script, writes: &[ApplicationWrite], created: &Created) -> Result<()> {
    let (mut members, mut ranges) = (Vec::new(), Vec::new());
    for write in writes {
        let written = |chat: &&ChatWrite| !chat.members.is_empty() || !chat.ranges.is_empty();
        for chat in write.chats.iter().filter(written) {
            let id = row_id(write.id, &chat.row, created).ok_or(Error::RowNotFound)?;
            members.extend(chat.members.iter().map(|member| (write.id, id, member)));
            let written = chat.ranges.iter();
            ranges.extend(written.map(|((user, low), high)| (id, *user, *low, *high)));
        }
    }
    people::put_members(script, &members);
    people::put_ranges(script, &ranges);
    people::put_leaving(script, people::leaving(writes));
    Ok(())
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

/// The chats that moved, and those of them that sinks have to follow.
fn moved(writes: &[ApplicationWrite], created: &Created) -> (Vec<Moved>, Vec<Moved>) {
    let mut moved = Vec::new();
    for write in writes {
        for chat in write.chats.iter().filter(|chat| chat.moved()) {
            let id = row_id(write.id, &chat.row, created);
            let place = |id| Moved {
                application: write.id,
                chat: id,
                from: chat.before,
                to: chat.row.head,
            };
            moved.extend(id.map(|id| (place(id), chat.is_dirty())));
        }
    }
    // Those who settle lock what is to be followed in this order.
    moved.sort_unstable_by_key(|(one, _)| one.chat);
    let dirty = moved.iter().filter(|(_, is_dirty)| *is_dirty);
    let dirty = dirty.map(|(one, _)| *one).collect();
    (moved.into_iter().map(|(one, _)| one).collect(), dirty)
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
