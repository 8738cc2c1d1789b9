//! What a batch needs to know: rows are locked first and read then, in an order that all writers keep: the root row, sources,
//! applications, chats. Once they are locked, reading sees what the last writer committed.

mod known;
mod people;

use std::collections::{BTreeMap, BTreeSet};

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
use super::script::{Script, values};
use super::sql::{ROWS, list, padded, pairs};

pub(super) use known::Known;

pub(super) const LOCK_ROOT: &str = "SELECT id FROM meta WHERE id = 1 FOR UPDATE";
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
         created_at, updated_at, closed_at, last_user"
    };
}
pub(super) use application_columns;
macro_rules! chat_state_columns {
    () => {
        "c.application, c.id, c.number, c.kind, c.name, c.last_number, c.last_change, \
         c.own_change, c.floor, c.live, c.created_at, c.last_at, c.closed_at, c.wants_unique, \
         c.low_user, c.high_user, c.uuid, c.members, c.active_at"
    };
}
pub(super) use chat_state_columns;
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

/// Adds what locks the applications and reads their rows: shared when none of them changes, so that writers of different chats do
/// not wait for each other; closing one waits until all of them are through, and whoever comes later sees it closed.
///
/// They are locked in the order of their ids, as whoever changes them does; only those of tokens that are new here come after.
fn shared(script: &mut Script<Kind>, needs: &Needs, guessed: &BTreeMap<TokenHash, ApplicationId>) {
    let mut ids = named(needs);
    ids.extend(guessed.values().map(|id| id.0));
    ids.sort_unstable();
    ids.dedup();
    by_id(script, &ids, SHARED);
    let new = needs
        .tokens
        .iter()
        .filter(|hash| !guessed.contains_key(hash));
    let tokens: Vec<&[u8]> = new.map(|hash| hash.0.as_slice()).collect();
    for part in tokens.chunks(ROWS) {
        let select = values(APPLICATIONS_BY_TOKEN, part.len(), SHARED);
        let select = part
            .iter()
            .fold(select, |select, token| select.bytes(token));
        script.add(Kind::Application, select);
    }
}

/// As [`shared`], for applications that change.
async fn exclusive(
    conn: &mut MySqlConnection,
    script: &mut Script<Kind>,
    needs: &Needs,
    facts: &mut Facts,
) -> Result<()> {
    let mut ids = named(needs);
    let tokens: Vec<&[u8]> = needs.tokens.iter().map(|hash| hash.0.as_slice()).collect();
    for part in tokens.chunks(ROWS) {
        let mut select = list(TOKENS, part.len(), "");
        for token in padded(part) {
            select = select.bind(token);
        }
        for row in select.fetch_all(&mut *conn).await? {
            let id = row.try_get(1)?;
            let hash = TokenHash(rows::bytes(&row, 0)?);
            facts.tokens.insert(hash, ApplicationId(id));
            ids.push(id);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    by_id(script, &ids, EXCLUSIVE);
    Ok(())
}

/// The applications whose ids are known without a look.
fn named(needs: &Needs) -> Vec<i64> {
    let scopes = needs.by_application(&BTreeMap::new());
    let ids = scopes.into_keys().filter(|id| *id != ApplicationId::ROOT);
    ids.map(|id| id.0).collect()
}

fn by_id(script: &mut Script<Kind>, ids: &[i64], tail: &str) {
    for part in ids.chunks(ROWS) {
        let select = values(APPLICATIONS_BY_ID, part.len(), tail);
        let select = part.iter().fold(select, |select, id| select.int(*id));
        script.add(Kind::Application, select);
    }
}

fn application(row: &MySqlRow, facts: &mut Facts) -> Result<()> {
    let (id, state) = application_state(row)?;
    facts.tokens.insert(state.token_hash, id);
    let found = ApplicationFacts {
        state,
        chats: BTreeMap::new(),
        users: BTreeMap::new(),
        usernames: BTreeSet::new(),
        chat_names: BTreeSet::new(),
        pairs: BTreeMap::new(),
    };
    facts.applications.insert(id, found);
    Ok(())
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
        last_user: rows::user_number(row, 12)?,
    };
    Ok((id, state))
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
