//! The applications of a batch: how they are locked and what their rows tell.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::commit::{ApplicationFacts, ApplicationState, Facts, Needs};
use chat_core::ids::{ApplicationId, ChatNumber, TokenHash};
use chat_core::seal::Sealed;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Result, Row as _};

use super::super::rows;
use super::super::script::{Script, values};
use super::super::sql::{ROWS, list, padded};
use super::Kind;

const TOKENS: &str = "SELECT token_hash, id FROM applications WHERE token_hash IN ";
macro_rules! application_columns {
    () => {
        "id, public_id, token_hash, token, name, wants_unique, is_default, last_chat, live_chats, \
         created_at, updated_at, closed_at, last_user"
    };
}
pub(in super::super) use application_columns;
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

/// Adds what locks the applications and reads their rows: shared when none of them changes, so that writers of different chats do
/// not wait for each other; closing one waits until all of them are through, and whoever comes later sees it closed.
///
/// They are locked in the order of their ids, as whoever changes them does; only those of tokens that are new here come after.
pub(super) fn shared(
    script: &mut Script<Kind>,
    needs: &Needs,
    guessed: &BTreeMap<TokenHash, ApplicationId>,
) {
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
pub(super) async fn exclusive(
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

pub(super) fn application(row: &MySqlRow, facts: &mut Facts) -> Result<()> {
    let (id, state) = application_state(row)?;
    facts.tokens.insert(state.token_hash, id);
    let found = ApplicationFacts {
        state,
        chats: BTreeMap::new(),
        users: BTreeMap::new(),
        devices: BTreeMap::new(),
        usernames: BTreeSet::new(),
        chat_names: BTreeSet::new(),
        pairs: BTreeMap::new(),
    };
    facts.applications.insert(id, found);
    Ok(())
}

pub(in super::super) fn application_state(
    row: &MySqlRow,
) -> Result<(ApplicationId, ApplicationState)> {
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
