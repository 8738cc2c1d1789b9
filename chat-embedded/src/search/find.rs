//! One question to an index file.

use std::cmp::Reverse;

use chat_core::ids::{ChatId, MessageNumber};
use chat_core::port::{Hit, Order, SearchQuery, SearchScope};
use chat_core::terms::{Clause, Query};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::file::{TOP, application_term, chat_term};

/// Relevance is judged among so many of the newest matches.
const JUDGED: i64 = 1_000;

const NEWEST: &str = "SELECT d.id, d.chat, d.number FROM f CROSS JOIN docs d ON d.id = ?1 - f.rowid
    WHERE f MATCH ?2 AND f.rowid >= ?3 ORDER BY f.rowid LIMIT ?4";
const OLDEST: &str = "SELECT d.id, d.chat, d.number FROM f CROSS JOIN docs d ON d.id = ?1 - f.rowid
    WHERE f MATCH ?2 AND f.rowid <= ?3 ORDER BY f.rowid DESC LIMIT ?4";

/// For chats whose ids do not rise with their numbers: every match is looked at.
const HIGHEST: &str =
    "SELECT d.id, d.chat, d.number FROM f CROSS JOIN docs d ON d.id = ?1 - f.rowid
    WHERE f MATCH ?2 AND d.number < ?3 ORDER BY d.number DESC LIMIT ?4";
const LOWEST: &str = "SELECT d.id, d.chat, d.number FROM f CROSS JOIN docs d ON d.id = ?1 - f.rowid
    WHERE f MATCH ?2 AND d.number > ?3 ORDER BY d.number LIMIT ?4";

/// The text that says least beside what is asked for is the best. (FTS5's own ranking reads every
/// match in the index before the first answer, a tenth of a second and more for a common word; and
/// where all terms are required, length is most of what it goes by.)
const BEST: &str = "SELECT d.id, d.chat, d.number FROM (
        SELECT rowid AS row FROM f WHERE f MATCH ?2 ORDER BY rowid LIMIT ?3
    ) CROSS JOIN docs d ON d.id = ?1 - row ORDER BY d.size, row LIMIT ?4";

const NEXT_BELOW: &str =
    "SELECT id FROM docs WHERE chat = ? AND number < ? ORDER BY number DESC LIMIT 1";
const NEXT_ABOVE: &str =
    "SELECT id FROM docs WHERE chat = ? AND number > ? ORDER BY number LIMIT 1";

/// The hits of a query.
pub(super) fn find(db: &Connection, asked: &SearchQuery) -> rusqlite::Result<Vec<Hit>> {
    if asked.query.is_empty() {
        return Ok(Vec::new());
    }
    // A position beyond all numbers is as good as the last one.
    let after = asked
        .after
        .map(|after| i64::try_from(after).unwrap_or(i64::MAX));
    let (sql, bound) = match (asked.order, asked.scope) {
        (Order::Relevance, _) => (BEST, Some(JUDGED)),
        (order, SearchScope::Chat(_, chat)) => in_chat(db, chat, order == Order::Newest, after)?,
        (Order::Newest, _) => (
            NEWEST,
            Some(after.map_or(0, |id| TOP.saturating_sub(id) + 1)),
        ),
        (Order::Oldest, _) => (
            OLDEST,
            Some(after.map_or(TOP, |id| TOP.saturating_sub(id) - 1)),
        ),
    };
    let Some(bound) = bound else {
        return Ok(Vec::new());
    };
    let expression = expression(&asked.query, asked.scope);
    let mut statement = db.prepare_cached(sql)?;
    let hits = statement.query_map(params![TOP, expression, bound, asked.limit.get()], |row| {
        hit(row, asked.scope)
    })?;
    hits.collect()
}

fn hit(row: &Row<'_>, scope: SearchScope) -> rusqlite::Result<Hit> {
    let number: u64 = row.get(2)?;
    let position = match scope {
        SearchScope::Chat(..) => number,
        SearchScope::Application(_) => row.get(0)?,
    };
    Ok(Hit {
        chat: ChatId(row.get(1)?),
        number: MessageNumber(number),
        position,
    })
}

/// The statement that reads a chat from behind a number on, and its bound; without one, nothing
/// lies behind.
fn in_chat(
    db: &Connection,
    chat: ChatId,
    newest: bool,
    after: Option<i64>,
) -> rusqlite::Result<(&'static str, Option<i64>)> {
    if db
        .prepare_cached("SELECT 1 FROM unordered WHERE chat = ?")?
        .exists([chat.0])?
    {
        let from = if newest { i64::MAX } else { 0 };
        return Ok((
            if newest { HIGHEST } else { LOWEST },
            Some(after.unwrap_or(from)),
        ));
    }
    let (sql, first, next) = if newest {
        (NEWEST, 0, NEXT_BELOW)
    } else {
        (OLDEST, TOP, NEXT_ABOVE)
    };
    let Some(after) = after else {
        return Ok((sql, Some(first)));
    };
    let next = db
        .prepare_cached(next)?
        .query_row(params![chat.0, after], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok((sql, next.map(|id| TOP - id)))
}

/// What FTS5 looks for. Terms hold no quotation mark, and what is quoted is cut at spaces as the
/// terms of a document are.
///
/// FTS5 brings what stands first into line first, so what is rare goes in front: a chat, then long
/// pieces. An application comes last, as most of what is found is its own.
fn expression(query: &Query, scope: SearchScope) -> String {
    let mut clauses = query.clauses();
    clauses.sort_by_key(|Clause { any }| Reverse(any[0].as_str().len()));
    let clauses = clauses.into_iter().map(|Clause { any }| {
        let phrases: Vec<_> = any
            .iter()
            .map(|phrase| format!("\"{}\"", phrase.as_str()))
            .collect();
        format!("({})", phrases.join(" OR "))
    });
    let (first, last) = match scope {
        SearchScope::Chat(_, chat) => (Some(chat_term(chat)), None),
        SearchScope::Application(application) => (None, Some(application_term(application))),
    };
    let parts: Vec<String> = first.into_iter().chain(clauses).chain(last).collect();
    parts.join(" AND ")
}
