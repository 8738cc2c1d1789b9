//! What a batch needs to know: rows are locked first and read then, in an order that all writers keep: the root row, sources,
//! applications, chats. Once they are locked, reading sees what the last writer committed.

mod applications;
mod known;
mod people;

use std::collections::BTreeMap;

use chat_core::commit::{
    ChatFacts, ChatState, Facts, Fingerprint, KeyHash, Needs, Remembered, Request, ScopeNeeds,
    needs,
};
use chat_core::ids::{
    ApplicationId, Change, ChatId, ChatNumber, MessageNumber, OperationId, TokenHash,
};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Result, Row as _};

use super::operations;
use super::rows::{self, int};
use super::script::{Script, values};
use super::sql::{ROWS, list, padded, pairs};
use applications::{application, exclusive, shared};

pub(super) use applications::{application_columns, application_state};
pub(super) use known::Known;

pub(super) const LOCK_ROOT: &str = "SELECT id FROM meta WHERE id = 1 FOR UPDATE";
const HAS_DEFAULT: &str = "SELECT EXISTS (SELECT 1 FROM applications WHERE is_default = 1)";
const NAMES: &str = "SELECT unique_name FROM applications WHERE unique_name IN ";
/// A source that nobody imported yet gets a row here, so that there is one to lock.
const LOCK_SOURCE: &str =
    "INSERT INTO imports (source, line) VALUES (?, 0) ON DUPLICATE KEY UPDATE line = line";
const IMPORT: &str = "SELECT line FROM imports WHERE source = ?";
macro_rules! chat_state_columns {
    () => {
        "c.application, c.id, c.number, c.kind, c.name, c.last_number, c.last_change, \
         c.own_change, c.floor, c.live, c.created_at, c.last_at, c.closed_at, c.wants_unique, \
         c.low_user, c.high_user, c.uuid, c.members, c.active_at, c.owners"
    };
}
pub(super) use chat_state_columns;
const CHATS: &str = concat!(
    "SELECT ",
    chat_state_columns!(),
    " FROM chats c FORCE INDEX (chats_number) WHERE (c.application, c.number) IN ("
);
const LOCKED: &str = ") FOR UPDATE";
const MESSAGES: &str = concat!(
    "SELECT ",
    rows::message_columns!(),
    ", m.chat FROM messages m FORCE INDEX (PRIMARY) WHERE (m.chat, m.number) IN "
);
const REQUESTS: &str = "SELECT application, hash, fingerprint, done FROM requests \
     FORCE INDEX (PRIMARY) WHERE (application, hash) IN (";

/// What a row tells of.
#[derive(Clone, Copy)]
enum Kind {
    Nothing,
    Application,
    Chat,
    Request,
    Operation,
    Found(people::Found),
}

/// After what begins the transaction, the rows that these commands need, deleted ones included: the rules look at that themselves.
pub(super) async fn facts(
    conn: &mut MySqlConnection,
    opening: &[&str],
    requests: &[Request],
    known: &Known,
) -> Result<Facts> {
    let needs = needs(requests);
    let mut facts = Facts::default();
    let mut script = Script::new();
    for text in opening {
        script.add_text(Kind::Nothing, text);
    }
    let is_plain = !needs.root && needs.names.is_empty() && needs.sources.is_empty();
    if is_plain && !needs.exclusive() {
        let guessed = known.of(&needs.tokens);
        shared(&mut script, &needs, &guessed);
        rows_of(&mut script, &needs, &guessed);
        read(conn, script, &mut facts).await?;
        let tokens = facts.tokens.iter();
        let tokens = tokens.filter(|(token, _)| needs.tokens.contains(token));
        let tokens: BTreeMap<_, _> = tokens.map(|(token, id)| (*token, *id)).collect();
        if guessed != tokens {
            known.learn(&tokens);
            let mut script = Script::new();
            rows_of(&mut script, &needs, &tokens);
            read(conn, script, &mut facts).await?;
        }
    } else {
        read(conn, script, &mut facts).await?;
        root(conn, &needs, &mut facts).await?;
        sources(conn, &needs, &mut facts).await?;
        let mut script = Script::new();
        if needs.exclusive() {
            exclusive(conn, &mut script, &needs, &mut facts).await?;
        } else {
            shared(&mut script, &needs, &known.of(&needs.tokens));
        }
        read(conn, script, &mut facts).await?;
        let mut script = Script::new();
        rows_of(&mut script, &needs, &facts.tokens);
        read(conn, script, &mut facts).await?;
    }
    let scopes = needs.by_application(&facts.tokens);
    messages(conn, &scopes, &mut facts).await?;
    Ok(facts)
}

/// Adds what locks and reads chats, and what reads keys and operations.
fn rows_of(script: &mut Script<Kind>, needs: &Needs, tokens: &BTreeMap<TokenHash, ApplicationId>) {
    let scopes = needs.by_application(tokens);
    let chats: Vec<(i64, i64)> = scopes
        .iter()
        .filter(|(id, _)| **id != ApplicationId::ROOT)
        .flat_map(|(id, needs)| needs.chats.iter().map(|chat| (id.0, int(chat.0))))
        .collect();
    for part in chats.chunks(ROWS) {
        let select = values(CHATS, 2, LOCKED);
        let select = part.iter().fold(select, |select, (application, number)| {
            select.int(*application).int(*number)
        });
        script.add(Kind::Chat, select);
    }
    people::look(&scopes, |found, select| {
        script.add(Kind::Found(found), select);
    });
    let keys: Vec<(i64, &[u8])> = scopes
        .iter()
        .flat_map(|(id, needs)| needs.keys.iter().map(|key| (id.0, key.0.as_slice())))
        .collect();
    for part in keys.chunks(ROWS) {
        let select = part
            .iter()
            .fold(values(REQUESTS, 2, ")"), |select, (application, hash)| {
                select.int(*application).bytes(hash)
            });
        script.add(Kind::Request, select);
    }
    let wanted: Vec<OperationId> = needs.operations.iter().copied().collect();
    for part in wanted.chunks(ROWS) {
        script.add(Kind::Operation, operations::find_text(part));
    }
}

/// Takes what the rows tell.
async fn read(conn: &mut MySqlConnection, script: Script<Kind>, facts: &mut Facts) -> Result<()> {
    for (kind, row) in script.rows(conn).await? {
        match kind {
            Kind::Nothing => {}
            Kind::Application => application(&row, facts)?,
            Kind::Chat => chat(&row, facts)?,
            Kind::Request => remembered(&row, facts)?,
            Kind::Operation => {
                let known = operations::operation(&row)?;
                facts.operations.insert(known.id, known.outcome);
            }
            Kind::Found(found) => found.take(&row, facts)?,
        }
    }
    Ok(())
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

fn chat(row: &MySqlRow, facts: &mut Facts) -> Result<()> {
    let id = ApplicationId(row.try_get(0)?);
    let state = chat_state(row)?;
    if let Some(found) = facts.applications.get_mut(&id) {
        let number = state.number;
        let chat = ChatFacts {
            state,
            messages: BTreeMap::new(),
            members: BTreeMap::new(),
            ranges: BTreeMap::new(),
        };
        found.chats.insert(number, chat);
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
        unique_name: row.try_get(13)?,
        direct: rows::direct(row, 14)?,
        members: rows::number(row, 17)?,
        active_at: rows::time(row, 18)?,
        owners: rows::maybe_number(row, 19)?,
    })
}

fn remembered(row: &MySqlRow, facts: &mut Facts) -> Result<()> {
    let key = (
        ApplicationId(row.try_get(0)?),
        KeyHash(rows::bytes(row, 1)?),
    );
    let done = serde_json::from_str(row.try_get(3)?).map_err(|error| rows::unreadable(3, error))?;
    let fingerprint = Fingerprint(rows::bytes(row, 2)?);
    facts.requests.insert(key, Remembered { fingerprint, done });
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
            let place = places.get(&row.try_get::<i64, _>(11)?);
            let chat =
                place.and_then(|(id, chat)| facts.applications.get_mut(id)?.chats.get_mut(chat));
            if let Some(chat) = chat {
                chat.messages.insert(message.number, message);
            }
        }
    }
    Ok(())
}
