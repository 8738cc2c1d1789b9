//! Rows of another store, with the row ids that they get here.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::commit::{ApplicationState, ChatState, ImportWrite};
use chat_core::ids::{ApplicationId, Change, ChatId, ChatNumber, PublicId};
use chat_core::model::Session;
use chat_core::port::{MemberRow, MessageRow, RangeRow, Rows, UserRow};
use sqlx::mysql::MySqlConnection;
use sqlx::{Executor as _, Result, Row as _, query};

use super::super::apply::{self, CREATED_CHATS};
use super::super::devices;
use super::super::operations;
use super::super::people;
use super::super::rows::{self, int};
use super::super::script::{Script, values};
use super::super::sessions::put_sessions;
use super::super::sql::{ROWS, list, padded, pairs, tuples};

const OWNERS: &str = "SELECT public_id, id FROM applications WHERE public_id IN ";
const MESSAGE_IDS: &str = "INSERT INTO message_ids (id, chat, number) VALUES ";
const LAST_MESSAGE_ID: &str = "SELECT COALESCE(MAX(id), 0) FROM message_ids";
const FREE_MESSAGE_ID: &str = "DELETE FROM message_ids WHERE id = ?";
const IMPORTS: &str = "INSERT INTO imports (source, line) VALUES ";

/// Row ids by public id.
type Owners = BTreeMap<PublicId, ApplicationId>;

/// Whether it was written: not when a row belongs to what is not there.
pub(super) async fn rows(conn: &mut MySqlConnection, rows: &Rows) -> Result<bool> {
    let mut script = Script::new();
    let is_whole = match rows {
        Rows::Applications(rows) => return applications(conn, rows).await,
        Rows::LastMessageId(last) => return raise_message_id(conn, int(*last)).await,
        Rows::Chats(rows) => chats(conn, &mut script, rows).await?,
        Rows::Users(rows) => users(conn, &mut script, rows).await?,
        Rows::Sessions(rows) => sessions(conn, &mut script, rows).await?,
        Rows::Members(rows) => members(conn, &mut script, rows).await?,
        Rows::Ranges(rows) => ranges(conn, &mut script, rows).await?,
        Rows::Messages(rows) => messages(conn, &mut script, rows).await?,
        Rows::Requests(rows) => {
            let owners = owners(conn, rows.iter().filter_map(|row| row.application)).await?;
            let found: Option<Vec<_>> = rows
                .iter()
                .map(|row| Some(row.write_in(of(&owners, row.application)?)))
                .collect();
            apply::put_requests(&mut script, found.as_deref().unwrap_or_default())?;
            found.is_some()
        }
        Rows::Operations(rows) => {
            let owners = owners(conn, rows.iter().filter_map(|row| row.application)).await?;
            let found: Option<Vec<_>> = rows
                .iter()
                .map(|row| Some(row.operation_in(of(&owners, row.application)?)))
                .collect();
            operations::put(&mut script, found.as_deref().unwrap_or_default())?;
            found.is_some()
        }
        Rows::Imports(rows) => {
            imports(&mut script, rows);
            true
        }
    };
    if is_whole {
        script.run(conn).await?;
    }
    Ok(is_whole)
}

async fn applications(conn: &mut MySqlConnection, rows: &[ApplicationState]) -> Result<bool> {
    for row in rows {
        apply::create_application(conn, row).await?;
    }
    Ok(true)
}

async fn chats(
    conn: &mut MySqlConnection,
    script: &mut Script,
    rows: &[(PublicId, ChatState)],
) -> Result<bool> {
    let owners = owners(conn, rows.iter().map(|(owner, _)| *owner)).await?;
    let found: Option<Vec<_>> = rows
        .iter()
        .map(|(owner, row)| Some((*owners.get(owner)?, row)))
        .collect();
    apply::put_new_chats(script, found.as_deref().unwrap_or_default());
    Ok(found.is_some())
}

async fn users(conn: &mut MySqlConnection, script: &mut Script, rows: &[UserRow]) -> Result<bool> {
    let owners = owners(conn, rows.iter().map(|row| row.application)).await?;
    let found: Option<Vec<_>> = rows
        .iter()
        .map(|row| {
            let application = *owners.get(&row.application)?;
            Some((application, &row.user, row.seen_at))
        })
        .collect();
    people::put_new_users(script, found.as_deref().unwrap_or_default());
    let keys = rows.iter().flat_map(|row| {
        let application = owners.get(&row.application);
        let number = row.user.number;
        let keys = row.keys.iter();
        keys.filter_map(move |key| Some((*application?, number, key)))
    });
    devices::put_keys(script, &keys.collect::<Vec<_>>());
    Ok(found.is_some())
}

async fn sessions(
    conn: &mut MySqlConnection,
    script: &mut Script,
    rows: &[(PublicId, Session)],
) -> Result<bool> {
    let owners = owners(conn, rows.iter().map(|(owner, _)| *owner)).await?;
    let found: Option<Vec<_>> = rows
        .iter()
        .map(|(owner, row)| Some((*owners.get(owner)?, row)))
        .collect();
    put_sessions(script, found.as_deref().unwrap_or_default());
    Ok(found.is_some())
}

/// The users are there: those who are deleted and not gone from a chat are noted.
async fn members(
    conn: &mut MySqlConnection,
    script: &mut Script,
    rows: &[MemberRow],
) -> Result<bool> {
    let owners = owners(conn, rows.iter().map(|row| row.application)).await?;
    let chats = chat_rows(
        conn,
        &owners,
        rows.iter().map(|row| (row.application, row.chat)),
    )
    .await?;
    let found: Option<Vec<_>> = rows
        .iter()
        .map(|row| {
            let chat = chats.get(&(row.application, row.chat))?;
            let application = owners.get(&row.application)?;
            Some((*application, ChatId(*chat), &row.member))
        })
        .collect();
    let found = found.unwrap_or_default();
    people::put_members(script, &found);
    let users = found
        .iter()
        .map(|(application, _, one)| (*application, one.user));
    people::put_leaving(script, users);
    Ok(found.len() == rows.len())
}

async fn ranges(
    conn: &mut MySqlConnection,
    script: &mut Script,
    rows: &[RangeRow],
) -> Result<bool> {
    let owners = owners(conn, rows.iter().map(|row| row.application)).await?;
    let chats = chat_rows(
        conn,
        &owners,
        rows.iter().map(|row| (row.application, row.chat)),
    )
    .await?;
    let found: Option<Vec<_>> = rows
        .iter()
        .map(|row| {
            let chat = chats.get(&(row.application, row.chat))?;
            Some((ChatId(*chat), row.user, row.low, Some(row.high)))
        })
        .collect();
    people::put_ranges(script, found.as_deref().unwrap_or_default());
    Ok(found.is_some())
}

async fn messages(
    conn: &mut MySqlConnection,
    script: &mut Script,
    rows: &[MessageRow],
) -> Result<bool> {
    let owners = owners(conn, rows.iter().map(|row| row.application)).await?;
    let chats = chat_rows(
        conn,
        &owners,
        rows.iter().map(|row| (row.application, row.chat)),
    )
    .await?;
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(chat) = chats.get(&(row.application, row.chat)) else {
            return Ok(false);
        };
        places.push((*chat, &row.message, row.message.ext_id.map(int)));
    }
    apply::put_new_messages(script, &places);
    let touched = places
        .iter()
        .filter(|(_, message, _)| message.change > Change::ZERO);
    apply::put_touches(script, &touched.copied().collect::<Vec<_>>());
    let with_ids: Vec<_> = places
        .iter()
        .filter_map(|(chat, message, id)| Some(((*id)?, *chat, int(message.number.0))))
        .collect();
    for part in with_ids.chunks(ROWS) {
        let insert = values(MESSAGE_IDS, 3, "");
        script.write(part.iter().fold(insert, |insert, (id, chat, number)| {
            insert.int(*id).int(*chat).int(*number)
        }));
    }
    Ok(true)
}

fn imports(script: &mut Script, rows: &[ImportWrite]) {
    for part in rows.chunks(ROWS) {
        let insert = values(IMPORTS, 2, "");
        script.write(part.iter().fold(insert, |insert, row| {
            insert.bytes(&row.source.0).int(int(row.line))
        }));
    }
}

/// The server goes on behind the highest id that was ever inserted, also when the row is gone.
async fn raise_message_id(conn: &mut MySqlConnection, last: i64) -> Result<bool> {
    let row = conn.fetch_one(LAST_MESSAGE_ID).await?;
    if row.try_get::<i64, _>(0)? < last {
        let insert = tuples(MESSAGE_IDS, 3, 1, "")
            .bind(last)
            .bind(0_i64)
            .bind(0_i64);
        insert.execute(&mut *conn).await?;
        query(FREE_MESSAGE_ID).bind(last).execute(conn).await?;
    }
    Ok(true)
}

async fn owners(
    conn: &mut MySqlConnection,
    wanted: impl Iterator<Item = PublicId>,
) -> Result<Owners> {
    let wanted: BTreeSet<PublicId> = wanted.collect();
    let wanted: Vec<_> = wanted.into_iter().collect();
    let mut found = Owners::new();
    for part in wanted.chunks(ROWS) {
        let select = padded(part).fold(list(OWNERS, part.len(), ""), |select, id| {
            select.bind(id.0.as_bytes().to_vec())
        });
        for row in select.fetch_all(&mut *conn).await? {
            found.insert(rows::public_id(&row, 0)?, ApplicationId(row.try_get(1)?));
        }
    }
    Ok(found)
}

/// The root row when it is in none.
fn of(owners: &Owners, owner: Option<PublicId>) -> Option<ApplicationId> {
    owner.map_or(Some(ApplicationId::ROOT), |owner| {
        owners.get(&owner).copied()
    })
}

/// Row ids of these chats.
async fn chat_rows(
    conn: &mut MySqlConnection,
    owners: &Owners,
    wanted: impl Iterator<Item = (PublicId, ChatNumber)>,
) -> Result<BTreeMap<(PublicId, ChatNumber), i64>> {
    let wanted: BTreeMap<(i64, i64), (PublicId, ChatNumber)> = wanted
        .filter_map(|(owner, number)| {
            let application = owners.get(&owner)?;
            Some(((application.0, int(number.0)), (owner, number)))
        })
        .collect();
    let keys: Vec<_> = wanted.keys().copied().collect();
    let mut found = BTreeMap::new();
    for part in keys.chunks(ROWS) {
        let select = padded(part).fold(
            pairs(CREATED_CHATS, part.len(), ""),
            |select, (application, number)| select.bind(application).bind(number),
        );
        for row in select.fetch_all(&mut *conn).await? {
            let place = (row.try_get(0)?, row.try_get(1)?);
            if let Some(name) = wanted.get(&place) {
                found.insert(*name, row.try_get(2)?);
            }
        }
    }
    Ok(found)
}
