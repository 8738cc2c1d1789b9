//! Looking after the database.

use std::time::Duration;

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::commit::SourceHash;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ChatId, Epoch};
use chat_core::page::Limit;
use chat_core::port::{Progress, Upkeep};
use sqlx::{Row as _, query};
use tokio::time::timeout_at;

use super::MysqlStore;
use super::again::Tries;
use super::rows::{self, int};
use super::sql::Sql;
use crate::error::BACKEND;

type Result<T> = std::result::Result<T, BackendError>;

const READ_ONLY: &str = "SELECT @@global.read_only";
const PROBE: &str = "UPDATE probe SET probes = probes + 1 WHERE id = 1";
const IMPORTED: &str = "SELECT line FROM imports WHERE source = ?";
const NEXT_CHAT: &str = "SELECT c.id FROM chats c FORCE INDEX (PRIMARY) \
     STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE c.id > ? AND c.closed_at IS NULL AND a.closed_at IS NULL ORDER BY c.id LIMIT 1";
const CLOSED: &str = "(SELECT id FROM chats WHERE closed_at IS NOT NULL LIMIT ?) UNION \
     (SELECT c.id FROM applications a STRAIGHT_JOIN chats c ON c.application = a.id \
     WHERE a.closed_at IS NOT NULL LIMIT ?) LIMIT ?";
#[async_trait]
impl Upkeep for MysqlStore {
    async fn epoch(&self) -> Result<Epoch> {
        Ok(self.epoch)
    }

    /// Writes a row, unless a write went through a moment ago.
    async fn ready(&self) -> Result<()> {
        const OP: &str = "ready";
        if self.is_proven() {
            return Ok(());
        }
        let read_only = self
            .sessions
            .one(OP, || query(READ_ONLY), |row| row.try_get::<i64, _>(0))
            .await?;
        // An administrator could write all the same, to a replica perhaps.
        if read_only != Some(0) {
            return Err(BackendError::new(ErrorKind::Unavailable, BACKEND, OP)
                .with_source("the server's read_only is on"));
        }
        self.write(OP, self.sessions.limit(), || query(PROBE))
            .await?;
        self.proven();
        Ok(())
    }

    async fn imported(&self, source: SourceHash) -> Result<u64> {
        let select = || query(IMPORTED).bind(source.0.as_slice());
        let line = self
            .sessions
            .one("upkeep.imported", select, |row| rows::number(row, 0))
            .await?;
        Ok(line.unwrap_or_default())
    }

    async fn next_chat(&self, after: ChatId) -> Result<Option<ChatId>> {
        let select = || query(NEXT_CHAT).bind(after.0);
        self.sessions
            .one("upkeep.next_chat", select, |row| row.try_get(0).map(ChatId))
            .await
    }

    async fn closed(&self, limit: Limit) -> Result<Vec<ChatId>> {
        let limit = int(limit.get() as u64);
        let select = || query(CLOSED).bind(limit).bind(limit).bind(limit);
        self.sessions
            .all("upkeep.closed", select, |row| row.try_get(0).map(ChatId))
            .await
    }

    async fn erase(&self, chat: ChatId, limit: Limit) -> Result<Progress> {
        self.erase_chat(chat, limit.get() as u64).await
    }

    async fn forget(&self, before: Timestamp, limit: Limit) -> Result<Progress> {
        self.forget_before(before, limit.get() as u64).await
    }
}

impl MysqlStore {
    /// Runs one statement that may run twice, by itself; how many rows it wrote.
    pub(super) async fn write(
        &self,
        op: &'static str,
        limit: Duration,
        statement: impl Fn() -> Sql + Send + Sync,
    ) -> Result<u64> {
        let mut tries = Tries::within(limit);
        loop {
            let mut session = self.sessions.open(op).await?;
            let work = statement().execute(session.conn());
            let result = timeout_at(tries.end(), work).await;
            if let Some(done) = tries.conclude(op, session, result).await? {
                return Ok(done.rows_affected());
            }
        }
    }
}
