//! What sinks still have to follow.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chat_core::commit::Sink;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, ChatId};
use chat_core::page::Limit;
use chat_core::port::{Dirty, Outbox, Settled};
use sqlx::mysql::MySqlConnection;
use sqlx::{Executor as _, query};

use tokio::time::timeout_at;

use super::MysqlStore;
use super::again::Tries;
use super::commit::{BEGIN, COMMIT};
use super::rows::{self, int};
use super::sql::{ROWS, list, padded, tuples};

type Result<T> = std::result::Result<T, BackendError>;

// Rows are always taken from the front, never after a place that was seen: a place may become visible late.
const DIRTY: &str = concat!(
    "SELECT ",
    rows::dirty_columns!(),
    " FROM dirty FORCE INDEX (dirty_place) WHERE sink = ? ORDER BY place LIMIT ?"
);
const PENDING: &str = concat!(
    "SELECT ",
    rows::dirty_columns!(),
    " FROM dirty WHERE sink = ? AND chat = ?"
);
const WAITS: &str = "SELECT 1 FROM dirty WHERE sink = ? AND application = ? LIMIT 1";
const LOCK: &str = concat!(
    "SELECT ",
    rows::dirty_columns!(),
    " FROM dirty FORCE INDEX (PRIMARY) WHERE sink = ? AND chat IN "
);
const LOCKED: &str = " FOR UPDATE";
const DELETE: &str = "DELETE FROM dirty WHERE sink = ? AND chat IN ";
const WAIT_ANEW: &str = "INSERT INTO dirty (sink, application, chat, from_number, from_change, \
     to_number, to_change) VALUES ";

const SETTLE: &str = "outbox.settle";

#[async_trait]
impl Outbox for MysqlStore {
    async fn dirty(&self, sink: Sink, limit: Limit) -> Result<Vec<Dirty>> {
        let limit = int(limit.get() as u64);
        let select = || query(DIRTY).bind(name(sink)).bind(limit);
        self.sessions.all("outbox.dirty", select, rows::dirty).await
    }

    async fn pending(&self, sink: Sink, chat: ChatId) -> Result<Option<Dirty>> {
        let select = || query(PENDING).bind(name(sink)).bind(chat.0);
        self.sessions
            .one("outbox.pending", select, rows::dirty)
            .await
    }

    async fn waits(&self, sink: Sink, application: ApplicationId) -> Result<bool> {
        let select = || query(WAITS).bind(name(sink)).bind(application.0);
        let found = self
            .sessions
            .one("outbox.waits", select, |_| Ok(()))
            .await?;
        Ok(found.is_some())
    }

    async fn settle(&self, sink: Sink, done: &[Dirty]) -> Result<()> {
        let mut sorted: BTreeMap<i64, Vec<Dirty>> = BTreeMap::new();
        for one in done {
            sorted.entry(one.chat.0).or_default().push(*one);
        }
        let sorted: Vec<_> = sorted.into_iter().collect();
        for part in sorted.chunks(ROWS) {
            let mut tries = Tries::within(self.sessions.limit());
            loop {
                let mut session = self.sessions.open(SETTLE).await?;
                let work = settle_at_once(session.conn(), sink, part);
                let result = timeout_at(tries.end(), work).await;
                if tries.conclude(SETTLE, session, result).await?.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }
}

fn name(sink: Sink) -> &'static [u8] {
    sink.as_str().as_bytes()
}

async fn settle_at_once(
    conn: &mut MySqlConnection,
    sink: Sink,
    done: &[(i64, Vec<Dirty>)],
) -> sqlx::Result<()> {
    conn.execute(BEGIN).await?;
    settle(conn, sink, done).await?;
    conn.execute(COMMIT).await?;
    Ok(())
}

/// Settles rows under their locks. What is left is taken out and put in again, and so gets the last place.
async fn settle(
    conn: &mut MySqlConnection,
    sink: Sink,
    done: &[(i64, Vec<Dirty>)],
) -> sqlx::Result<()> {
    let chats: Vec<i64> = done.iter().map(|(chat, _)| *chat).collect();
    let select = list(LOCK, chats.len(), LOCKED).bind(name(sink));
    let select = padded(&chats).fold(select, |select, chat| select.bind(chat));
    let found = select.fetch_all(&mut *conn).await?;
    let mut waiting = found
        .iter()
        .map(rows::dirty)
        .map(|row| row.map(|row| (row.chat.0, row)))
        .collect::<sqlx::Result<BTreeMap<_, _>>>()?;
    let (mut gone, mut left) = (Vec::new(), BTreeMap::new());
    for (chat, done) in done {
        for one in done {
            let Some(row) = waiting.get_mut(chat) else {
                continue;
            };
            match row.settled(one.to) {
                Settled::Gone => {
                    waiting.remove(chat);
                    left.remove(chat);
                    gone.push(*chat);
                }
                Settled::Left(rest) => {
                    *row = rest;
                    left.insert(*chat, rest);
                }
                Settled::Stays => {}
            }
        }
    }
    gone.extend(left.keys());
    if gone.is_empty() {
        return Ok(());
    }
    let delete = list(DELETE, gone.len(), "").bind(name(sink));
    let delete = padded(&gone).fold(delete, |delete, chat| delete.bind(chat));
    delete.execute(&mut *conn).await?;
    if left.is_empty() {
        return Ok(());
    }
    let mut insert = tuples(WAIT_ANEW, 7, left.len(), "");
    for row in left.values() {
        insert = insert
            .bind(name(sink))
            .bind(row.application.0)
            .bind(row.chat.0)
            .bind(int(row.from.number.0))
            .bind(int(row.from.change.0))
            .bind(int(row.to.number.0))
            .bind(int(row.to.change.0));
    }
    conn.execute(insert).await?;
    Ok(())
}
