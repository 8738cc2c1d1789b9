//! What a batch needs to know: rows are locked first and read then, in an order that all writers keep: the root row, sources,
//! applications, chats. Once they are locked, reading sees what the last writer committed.

use std::collections::BTreeMap;

use chat_core::commit::{
    ApplicationFacts, ApplicationState, ChatFacts, ChatState, Facts, Fingerprint, KeyHash, Needs,
    Remembered, Request, ScopeNeeds, needs,
};
use chat_core::ids::{
    ApplicationId, Change, ChatId, ChatNumber, MessageNumber, OperationId, TokenHash,
};
use chat_core::seal::Sealed;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Result, Row as _};

use super::operations;
use super::rows::{self, int};
use super::sql::{ROWS, list, padded, pairs};

const LOCK_ROOT: &str = "SELECT id FROM meta WHERE id = 1 FOR UPDATE";
const HAS_DEFAULT: &str = "SELECT EXISTS (SELECT 1 FROM applications WHERE is_default = 1)";
const NAMES: &str = "SELECT unique_name FROM applications WHERE unique_name IN ";
const TOKENS: &str = "SELECT token_hash, id FROM applications WHERE token_hash IN ";
/// A source that nobody imported yet gets a row here, so that there is one to lock.
const LOCK_SOURCE: &str =
    "INSERT INTO imports (source, line) VALUES (?, 0) ON DUPLICATE KEY UPDATE line = line";
const IMPORT: &str = "SELECT line FROM imports WHERE source = ?";
macro_rules! application_columns {
    () => {
        "id, public_id, token_hash, token, name, wants_unique, is_default, last_chat, live_chats, \
         created_at, updated_at, closed_at"
    };
}
pub(super) use application_columns;
macro_rules! chat_columns {
    () => {
        "c.application, c.id, c.number, c.kind, c.name, c.last_number, c.last_change, \
         c.own_change, c.floor, c.live, c.created_at, c.last_at, c.closed_at"
    };
}
pub(super) use chat_columns;
macro_rules! applications_from {
    ($index:literal, $column:literal) => {
        concat!(
            "SELECT ",
            application_columns!(),
            " FROM applications FORCE INDEX (",
            $index,
            ") WHERE ",
            $column,
            " IN "
        )
    };
}
const APPLICATIONS_BY_ID: &str = applications_from!("PRIMARY", "id");
const APPLICATIONS_BY_TOKEN: &str = applications_from!("applications_token_hash", "token_hash");
const SHARED: &str = " LOCK IN SHARE MODE";
const EXCLUSIVE: &str = " ORDER BY id FOR UPDATE";
const CHATS: &str = concat!(
    "SELECT ",
    chat_columns!(),
    " FROM chats c FORCE INDEX (chats_number) WHERE (c.application, c.number) IN "
);
const LOCKED: &str = " FOR UPDATE";
const MESSAGES: &str = concat!(
    "SELECT ",
    rows::message_columns!(),
    ", m.chat FROM messages m FORCE INDEX (PRIMARY) WHERE (m.chat, m.number) IN "
);
const REQUESTS: &str = "SELECT application, hash, fingerprint, done FROM requests \
     FORCE INDEX (PRIMARY) WHERE (application, hash) IN ";

/// The rows that these commands need, deleted ones included: the rules look at that themselves.
pub(super) async fn facts(conn: &mut MySqlConnection, requests: &[Request]) -> Result<Facts> {
    let needs = needs(requests);
    let mut facts = Facts::default();
    root(conn, &needs, &mut facts).await?;
    sources(conn, &needs, &mut facts).await?;
    applications(conn, &needs, &mut facts).await?;
    let scopes = needs.by_application(&facts.tokens);
    chats(conn, &scopes, &mut facts).await?;
    remembered(conn, &scopes, &mut facts).await?;
    messages(conn, &scopes, &mut facts).await?;
    operations(conn, &needs, &mut facts).await?;
    Ok(facts)
}

async fn root(conn: &mut MySqlConnection, needs: &Needs, facts: &mut Facts) -> Result<()> {
    if needs.root {
        sqlx::query(LOCK_ROOT).fetch_one(&mut *conn).await?;
        let row = sqlx::query(HAS_DEFAULT).fetch_one(&mut *conn).await?;
        facts.has_default = row.try_get::<i64, _>(0)? != 0;
    }
    let names: Vec<&String> = needs.names.iter().collect();
    for part in names.chunks(ROWS) {
        let mut select = list(NAMES, part.len(), "");
        for name in padded(part) {
            select = select.bind(name.as_bytes());
        }
        for row in select.fetch_all(&mut *conn).await? {
            let held: Vec<u8> = row.try_get(0)?;
            let held = String::from_utf8(held).map_err(|error| rows::unreadable(0, error))?;
            facts.names.insert(held);
        }
    }
    Ok(())
}

async fn sources(conn: &mut MySqlConnection, needs: &Needs, facts: &mut Facts) -> Result<()> {
    for source in &needs.sources {
        let hash = source.0.as_slice();
        sqlx::query(LOCK_SOURCE)
            .bind(hash)
            .execute(&mut *conn)
            .await?;
        let row = sqlx::query(IMPORT).bind(hash).fetch_one(&mut *conn).await?;
        facts.imports.insert(*source, rows::number(&row, 0)?);
    }
    Ok(())
}

/// Locks the applications and reads their rows: shared when none of them changes, so that writers of different chats do not wait for
/// each other; closing one waits until all of them are through, and whoever comes later sees it closed.
async fn applications(conn: &mut MySqlConnection, needs: &Needs, facts: &mut Facts) -> Result<()> {
    let mut ids: Vec<i64> = needs
        .by_application(&BTreeMap::new())
        .into_keys()
        .filter(|id| *id != ApplicationId::ROOT)
        .map(|id| id.0)
        .collect();
    let tokens: Vec<&[u8]> = needs.tokens.iter().map(|hash| hash.0.as_slice()).collect();
    let exclusive = needs.exclusive();
    for part in tokens.chunks(ROWS) {
        let (head, tail) = if exclusive {
            (TOKENS, "")
        } else {
            (APPLICATIONS_BY_TOKEN, SHARED)
        };
        let mut select = list(head, part.len(), tail);
        for token in padded(part) {
            select = select.bind(token);
        }
        for row in select.fetch_all(&mut *conn).await? {
            if exclusive {
                let id = row.try_get(1)?;
                facts
                    .tokens
                    .insert(TokenHash(rows::bytes(&row, 0)?), ApplicationId(id));
                ids.push(id);
            } else {
                let id = application(&row, facts)?;
                let hash = facts.applications[&id].state.token_hash;
                facts.tokens.insert(hash, id);
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    for part in ids.chunks(ROWS) {
        let tail = if exclusive { EXCLUSIVE } else { SHARED };
        let mut select = list(APPLICATIONS_BY_ID, part.len(), tail);
        for id in padded(part) {
            select = select.bind(id);
        }
        for row in select.fetch_all(&mut *conn).await? {
            application(&row, facts)?;
        }
    }
    Ok(())
}

fn application(row: &MySqlRow, facts: &mut Facts) -> Result<ApplicationId> {
    let (id, state) = application_state(row)?;
    let chats = BTreeMap::new();
    facts
        .applications
        .insert(id, ApplicationFacts { state, chats });
    Ok(id)
}

pub(super) fn application_state(row: &MySqlRow) -> Result<(ApplicationId, ApplicationState)> {
    let id = ApplicationId(row.try_get(0)?);
    let state = ApplicationState {
        public_id: rows::public_id(row, 1)?,
        token_hash: TokenHash(rows::bytes(row, 2)?),
        token: Sealed(row.try_get(3)?),
        name: row.try_get(4)?,
        unique_name: row.try_get(5)?,
        is_default: rows::is_default(row, 6)?,
        last_chat: ChatNumber(rows::number(row, 7)?),
        live_chats: rows::number(row, 8)?,
        created_at: rows::time(row, 9)?,
        updated_at: rows::time(row, 10)?,
        closed_at: rows::maybe_time(row, 11)?,
    };
    Ok((id, state))
}

async fn chats(
    conn: &mut MySqlConnection,
    scopes: &BTreeMap<ApplicationId, ScopeNeeds>,
    facts: &mut Facts,
) -> Result<()> {
    let wanted: Vec<(i64, i64)> = scopes
        .iter()
        .filter(|(id, _)| facts.applications.contains_key(id))
        .flat_map(|(id, needs)| needs.chats.iter().map(|chat| (id.0, int(chat.0))))
        .collect();
    for part in wanted.chunks(ROWS) {
        let mut select = pairs(CHATS, part.len(), LOCKED);
        for (application, number) in padded(part) {
            select = select.bind(application).bind(number);
        }
        for row in select.fetch_all(&mut *conn).await? {
            let id = ApplicationId(row.try_get(0)?);
            let state = chat_state(&row)?;
            if let Some(found) = facts.applications.get_mut(&id) {
                let messages = BTreeMap::new();
                found
                    .chats
                    .insert(state.number, ChatFacts { state, messages });
            }
        }
    }
    Ok(())
}

pub(super) fn chat_state(row: &MySqlRow) -> Result<ChatState> {
    Ok(ChatState {
        id: Some(ChatId(row.try_get(1)?)),
        number: ChatNumber(rows::number(row, 2)?),
        kind: rows::kind(row, 3)?,
        name: row.try_get(4)?,
        head: rows::head(row, 5)?,
        own_change: Change(rows::number(row, 7)?),
        floor: MessageNumber(rows::number(row, 8)?),
        live: rows::number(row, 9)?,
        created_at: rows::time(row, 10)?,
        last_at: rows::time(row, 11)?,
        closed_at: rows::maybe_time(row, 12)?,
    })
}

async fn remembered(
    conn: &mut MySqlConnection,
    scopes: &BTreeMap<ApplicationId, ScopeNeeds>,
    facts: &mut Facts,
) -> Result<()> {
    let wanted: Vec<(i64, &[u8])> = scopes
        .iter()
        .flat_map(|(id, needs)| needs.keys.iter().map(|key| (id.0, key.0.as_slice())))
        .collect();
    for part in wanted.chunks(ROWS) {
        let mut select = pairs(REQUESTS, part.len(), "");
        for (application, hash) in padded(part) {
            select = select.bind(application).bind(hash);
        }
        for row in select.fetch_all(&mut *conn).await? {
            let key = (
                ApplicationId(row.try_get(0)?),
                KeyHash(rows::bytes(&row, 1)?),
            );
            let done = serde_json::from_str(row.try_get(3)?)
                .map_err(|error| rows::unreadable(3, error))?;
            let fingerprint = Fingerprint(rows::bytes(&row, 2)?);
            facts.requests.insert(key, Remembered { fingerprint, done });
        }
    }
    Ok(())
}

async fn operations(conn: &mut MySqlConnection, needs: &Needs, facts: &mut Facts) -> Result<()> {
    let wanted: Vec<OperationId> = needs.operations.iter().copied().collect();
    for part in wanted.chunks(ROWS) {
        for row in operations::find(part).fetch_all(&mut *conn).await? {
            let known = operations::operation(&row)?;
            facts.operations.insert(known.id, known.outcome);
        }
    }
    Ok(())
}

async fn messages(
    conn: &mut MySqlConnection,
    scopes: &BTreeMap<ApplicationId, ScopeNeeds>,
    facts: &mut Facts,
) -> Result<()> {
    let mut places = BTreeMap::new();
    let mut wanted = Vec::new();
    for (id, needs) in scopes {
        for (chat, message) in &needs.messages {
            let found = facts.applications.get(id).and_then(|it| it.chats.get(chat));
            if let Some(ChatId(row)) = found.and_then(|found| found.state.id) {
                places.insert(row, (*id, *chat));
                wanted.push((row, int(message.0)));
            }
        }
    }
    for part in wanted.chunks(ROWS) {
        let mut select = pairs(MESSAGES, part.len(), "");
        for (chat, number) in padded(part) {
            select = select.bind(chat).bind(number);
        }
        for row in select.fetch_all(&mut *conn).await? {
            let message = rows::message(&row)?;
            let place = places.get(&row.try_get::<i64, _>(10)?);
            let chat =
                place.and_then(|(id, chat)| facts.applications.get_mut(id)?.chats.get_mut(chat));
            if let Some(chat) = chat {
                chat.messages.insert(message.number, message);
            }
        }
    }
    Ok(())
}
