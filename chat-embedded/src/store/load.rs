//! What a batch needs to know, as it stands in this transaction.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::clock::Timestamp;
use chat_core::commit::{
    ApplicationFacts, ApplicationState, ChatFacts, ChatState, Facts, Fingerprint, KeyHash, Needs,
    Remembered, Request, ScopeNeeds, needs,
};
use chat_core::ids::{
    ApplicationId, Change, ChatId, ChatNumber, MessageNumber, TokenHash, UserNumber,
};
use chat_core::model::Message;
use chat_core::seal::Sealed;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::rows::int;
use super::{devices, members, operations, rows, users};

const HAS_DEFAULT: &str = "SELECT EXISTS (SELECT 1 FROM applications WHERE is_default = 1)";
const NAME_TAKEN: &str = "SELECT 1 FROM applications WHERE unique_name = ?1";
const TOKEN: &str = "SELECT id FROM applications WHERE token_hash = ?1";
const IMPORT: &str = "SELECT line FROM imports WHERE source = ?1";
macro_rules! application_columns {
    () => {
        "public_id, token_hash, token, name, wants_unique, is_default, last_chat, live_chats, \
         created_at, updated_at, closed_at, last_user"
    };
}
pub(super) use application_columns;
macro_rules! chat_state_columns {
    () => {
        "c.id, c.number, c.kind, c.name, c.last_number, c.last_change, c.own_change, c.floor, \
         c.live, c.created_at, c.last_at, c.closed_at, c.wants_unique, c.low, c.high, c.uuid, \
         c.members, c.active_at, c.owners"
    };
}
pub(super) use chat_state_columns;
const APPLICATION: &str = concat!(
    "SELECT ",
    application_columns!(),
    " FROM applications WHERE id = ?1"
);
const CHAT: &str = concat!(
    "SELECT ",
    chat_state_columns!(),
    " FROM chats c WHERE c.application = ?1 AND c.number = ?2"
);
const MESSAGE: &str = concat!(
    "SELECT ",
    rows::message_columns!(),
    " FROM messages m WHERE m.chat = ?1 AND m.number = ?2"
);
const USERNAME_TAKEN: &str = "SELECT 1 FROM users WHERE application = ?1 AND folded = ?2";
const CHAT_NAME_TAKEN: &str = "SELECT 1 FROM chats WHERE application = ?1 AND unique_name = ?2";
const PAIR: &str = "SELECT number FROM chats \
     WHERE application = ?1 AND low = ?2 AND high = ?3 AND closed_at IS NULL";
const REQUEST: &str = "SELECT fingerprint, done FROM requests WHERE application = ?1 AND key = ?2";

/// The rows that these commands need, deleted ones included: the rules look at that themselves.
pub(super) fn facts(conn: &Connection, requests: &[Request]) -> Result<Facts> {
    let needs = needs(requests);
    let mut facts = Facts::default();
    root(conn, &needs, &mut facts)?;
    for (id, needs) in needs.by_application(&facts.tokens) {
        for key in &needs.keys {
            if let Some(found) = remembered(conn, id, key)? {
                facts.requests.insert((id, *key), found);
            }
        }
        if let Some(found) = application(conn, id, &needs)? {
            facts.applications.insert(id, found);
        }
    }
    Ok(facts)
}

fn root(conn: &Connection, needs: &Needs, facts: &mut Facts) -> Result<()> {
    if needs.root {
        facts.has_default = conn
            .prepare_cached(HAS_DEFAULT)?
            .query_row([], |row| row.get(0))?;
    }
    for name in &needs.names {
        if conn.prepare_cached(NAME_TAKEN)?.exists([name])? {
            facts.names.insert(name.clone());
        }
    }
    for token in &needs.tokens {
        if let Some(id) = by_token(conn, token)? {
            facts.tokens.insert(*token, id);
        }
    }
    for source in &needs.sources {
        let line = conn
            .prepare_cached(IMPORT)?
            .query_row([source.0], |row| row.get(0))
            .optional()?;
        facts.imports.extend(line.map(|line| (*source, line)));
    }
    for id in &needs.operations {
        let known = operations::find(conn, *id)?;
        let known = known.map(|operation| (*id, operation.outcome));
        facts.operations.extend(known);
    }
    Ok(())
}

fn by_token(conn: &Connection, token: &TokenHash) -> Result<Option<ApplicationId>> {
    conn.prepare_cached(TOKEN)?
        .query_row([token.0], |row| row.get(0).map(ApplicationId))
        .optional()
}

fn remembered(
    conn: &Connection,
    application: ApplicationId,
    key: &KeyHash,
) -> Result<Option<Remembered>> {
    conn.prepare_cached(REQUEST)?
        .query_row(params![application.0, key.0], |row| {
            let done = serde_json::from_str(row.get_ref(1)?.as_str()?)
                .map_err(|error| rows::unreadable(1, Type::Text, error))?;
            Ok(Remembered {
                fingerprint: Fingerprint(row.get(0)?),
                done,
            })
        })
        .optional()
}

fn application(
    conn: &Connection,
    id: ApplicationId,
    needs: &ScopeNeeds,
) -> Result<Option<ApplicationFacts>> {
    let state = conn
        .prepare_cached(APPLICATION)?
        .query_row([id.0], application_state)
        .optional()?;
    let Some(state) = state else { return Ok(None) };
    let mut chats = BTreeMap::new();
    for number in &needs.chats {
        let state = conn
            .prepare_cached(CHAT)?
            .query_row(params![id.0, int(number.0)], chat_state)
            .optional()?;
        if let Some(state) = state {
            let found = ChatFacts {
                state,
                messages: BTreeMap::new(),
                members: BTreeMap::new(),
                ranges: BTreeMap::new(),
            };
            chats.insert(*number, found);
        }
    }
    for (number, message) in &needs.messages {
        let Some(chat) = chats.get_mut(number) else {
            continue;
        };
        if let Some(found) = self::message(conn, chat.state.id, *message)? {
            chat.messages.insert(*message, found);
        }
    }
    for (number, user) in &needs.members {
        let Some(chat) = chats.get_mut(number) else {
            continue;
        };
        if let Some(found) = members::find(conn, chat.state.id, *user)? {
            chat.members.insert(*user, found);
        }
    }
    for needs in &needs.ranges {
        if let Some(chat) = chats.get_mut(&needs.chat) {
            let found = members::ranges_of(conn, chat.state.id, needs)?;
            chat.ranges.extend(found);
        }
    }
    let mut found = ApplicationFacts {
        state,
        chats,
        users: BTreeMap::new(),
        devices: BTreeMap::new(),
        usernames: BTreeSet::new(),
        chat_names: BTreeSet::new(),
        pairs: BTreeMap::new(),
    };
    people(conn, id, needs, &mut found)?;
    Ok(Some(found))
}

/// Users, and what users and chats are found by.
fn people(
    conn: &Connection,
    id: ApplicationId,
    needs: &ScopeNeeds,
    found: &mut ApplicationFacts,
) -> Result<()> {
    for user in &needs.users {
        if let Some(row) = users::find(conn, id, *user)? {
            found.users.insert(*user, row);
        }
    }
    for user in &needs.devices {
        let keys = devices::find(conn, id, *user)?;
        found.devices.insert(*user, keys);
    }
    for name in &needs.usernames {
        if conn
            .prepare_cached(USERNAME_TAKEN)?
            .exists(params![id.0, name])?
        {
            found.usernames.insert(name.clone());
        }
    }
    for name in &needs.chat_names {
        if conn
            .prepare_cached(CHAT_NAME_TAKEN)?
            .exists(params![id.0, name])?
        {
            found.chat_names.insert(name.clone());
        }
    }
    for pair in &needs.pairs {
        let number = conn
            .prepare_cached(PAIR)?
            .query_row([id.0, int(pair.low.0), int(pair.high.0)], |row| {
                row.get(0).map(ChatNumber)
            })
            .optional()?;
        found.pairs.extend(number.map(|number| (*pair, number)));
    }
    Ok(())
}

pub(super) fn application_state(row: &Row<'_>) -> Result<ApplicationState> {
    Ok(ApplicationState {
        public_id: rows::public_id(row, 0)?,
        token_hash: TokenHash(row.get(1)?),
        token: Sealed(row.get(2)?),
        name: row.get(3)?,
        unique_name: row.get(4)?,
        is_default: row.get(5)?,
        last_chat: ChatNumber(row.get(6)?),
        live_chats: row.get(7)?,
        created_at: Timestamp(row.get(8)?),
        updated_at: Timestamp(row.get(9)?),
        closed_at: rows::time(row, 10)?,
        last_user: UserNumber(row.get(11)?),
    })
}

pub(super) fn chat_state(row: &Row<'_>) -> Result<ChatState> {
    Ok(ChatState {
        id: Some(ChatId(row.get(0)?)),
        number: ChatNumber(row.get(1)?),
        kind: rows::kind(row, 2)?,
        name: row.get(3)?,
        head: rows::head(row, 4)?,
        own_change: Change(row.get(6)?),
        floor: MessageNumber(row.get(7)?),
        live: row.get(8)?,
        created_at: Timestamp(row.get(9)?),
        last_at: Timestamp(row.get(10)?),
        closed_at: rows::time(row, 11)?,
        unique_name: row.get(12)?,
        direct: rows::direct(row, 13)?,
        members: row.get(16)?,
        active_at: Timestamp(row.get(17)?),
        owners: row.get(18)?,
    })
}

fn message(
    conn: &Connection,
    chat: Option<ChatId>,
    number: MessageNumber,
) -> Result<Option<Message>> {
    conn.prepare_cached(MESSAGE)?
        .query_row(
            params![chat.map(|chat| chat.0), int(number.0)],
            rows::message,
        )
        .optional()
}
