//! Looking after the file.

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::commit::SourceHash;
use chat_core::error::BackendError;
use chat_core::ids::{ChatId, Epoch};
use chat_core::page::Limit;
use chat_core::port::{Progress, Upkeep};
use rusqlite::OptionalExtension as _;

use super::writer::Durability;
use super::{SqliteStore, erase, forget};

type Result<T> = std::result::Result<T, BackendError>;

const PROBE: &str = "UPDATE meta SET probes = probes + 1";
const IMPORTED: &str = "SELECT line FROM imports WHERE source = ?1";
const NEXT_CHAT: &str = "SELECT c.id FROM chats c JOIN applications a ON a.id = c.application \
     WHERE c.id > ?1 AND c.closed_at IS NULL AND a.closed_at IS NULL ORDER BY c.id LIMIT 1";
const CLOSED: &str = "SELECT id FROM (SELECT id FROM chats WHERE closed_at IS NOT NULL LIMIT ?1) \
     UNION SELECT id FROM (SELECT c.id FROM applications a JOIN chats c ON c.application = a.id \
     WHERE a.closed_at IS NOT NULL LIMIT ?1) LIMIT ?1";

#[async_trait]
impl Upkeep for SqliteStore {
    async fn epoch(&self) -> Result<Epoch> {
        Ok(self.epoch)
    }

    /// Asks the disk, unless a write went through a moment ago.
    async fn ready(&self) -> Result<()> {
        let writer = self.writer("ready")?;
        if writer.wrote_just_now() {
            return Ok(());
        }
        let probe = |conn: &rusqlite::Connection| conn.prepare_cached(PROBE)?.execute([]);
        writer
            .write("ready", Durability::Relaxed, probe)
            .await
            .map(drop)
    }

    async fn imported(&self, source: SourceHash) -> Result<u64> {
        self.readers
            .read("upkeep.imported", move |conn| {
                let line = conn
                    .prepare_cached(IMPORTED)?
                    .query_row([source.0], |row| row.get(0))
                    .optional()?;
                Ok(line.unwrap_or_default())
            })
            .await
    }

    async fn next_chat(&self, after: ChatId) -> Result<Option<ChatId>> {
        self.readers
            .read("upkeep.next_chat", move |conn| {
                conn.prepare_cached(NEXT_CHAT)?
                    .query_row([after.0], |row| row.get(0).map(ChatId))
                    .optional()
            })
            .await
    }

    async fn closed(&self, limit: Limit) -> Result<Vec<ChatId>> {
        self.readers
            .read("upkeep.closed", move |conn| {
                conn.prepare_cached(CLOSED)?
                    .query_map([limit.get() as i64], |row| row.get(0).map(ChatId))?
                    .collect()
            })
            .await
    }

    async fn erase(&self, chat: ChatId, limit: Limit) -> Result<Progress> {
        self.writer("upkeep.erase")?
            .write("upkeep.erase", Durability::Relaxed, move |conn| {
                erase::chat(conn, chat, limit.get() as u64)
            })
            .await
    }

    async fn forget(&self, before: Timestamp, limit: Limit) -> Result<Progress> {
        self.writer("upkeep.forget")?
            .write("upkeep.forget", Durability::Relaxed, move |conn| {
                forget::before(conn, before, limit.get())
            })
            .await
    }
}
