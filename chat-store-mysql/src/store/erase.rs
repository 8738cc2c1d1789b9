//! Erasing what is deleted, a piece at a time, so that nobody waits long. Each statement stands for itself: whoever wrote to a chat
//! held its application or the chat itself until he was through, so once one of them is seen deleted, nothing is written there any
//! more.

use chat_core::error::BackendError;
use chat_core::ids::ChatId;
use chat_core::port::Progress;
use sqlx::{Row as _, query};

use super::MysqlStore;
use super::rows::int;
use super::sql::{ROWS, Sql, list, padded};

type Result<T> = std::result::Result<T, BackendError>;

const OP: &str = "upkeep.erase";

const DELETED: &str = "SELECT 1 FROM chats c STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE c.id = ? AND (c.closed_at IS NOT NULL OR a.closed_at IS NOT NULL)";
const FIRST_IDS: &str = "SELECT ext_id FROM messages WHERE chat = ? ORDER BY number LIMIT ?";
const MESSAGE_IDS: &str = "DELETE FROM message_ids WHERE id IN ";
const MESSAGES: &str = "DELETE FROM messages WHERE chat = ? ORDER BY number LIMIT ?";
const TOUCHES: &str = "DELETE FROM touches WHERE chat = ? ORDER BY number LIMIT ?";
const CHAT: &str = "DELETE FROM chats WHERE id = ?";
/// Deleted applications of which nothing is left and nothing is remembered.
const APPLICATIONS: &str = "DELETE FROM applications WHERE closed_at IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM chats c WHERE c.application = applications.id) \
     AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.application = applications.id) LIMIT ?";

impl MysqlStore {
    /// Erases up to `limit` rows of a deleted chat, the chat itself last. What sinks have to follow
    /// stays: they learn from it that the chat is gone.
    pub(super) async fn erase_chat(&self, chat: ChatId, limit: u64) -> Result<Progress> {
        let select = || query(DELETED).bind(chat.0);
        if self.sessions.one(OP, select, |_| Ok(())).await?.is_none() {
            let (rows, more) = (0, false);
            return Ok(Progress { rows, more });
        }
        self.erase_ids(chat, limit).await?;
        let delete = |sql, limit| move || query(sql).bind(chat.0).bind(int(limit));
        let mut rows = self.erase_by(delete(MESSAGES, limit)).await?;
        if rows < limit {
            rows += self.erase_by(delete(TOUCHES, limit - rows)).await?;
        }
        if rows == limit {
            return Ok(Progress { rows, more: true });
        }
        self.erase_by(|| query(CHAT).bind(chat.0)).await?;
        rows += 1;
        self.erase_applications(limit).await?;
        Ok(Progress { rows, more: false })
    }

    /// Erases up to `limit` deleted applications that have no chats any more and remember no key: a
    /// retry finds what was done for as long as its key is kept.
    pub(super) async fn erase_applications(&self, limit: u64) -> Result<()> {
        self.erase_by(|| query(APPLICATIONS).bind(int(limit)))
            .await
            .map(drop)
    }

    /// The integer ids of the messages that are erased next.
    async fn erase_ids(&self, chat: ChatId, limit: u64) -> Result<()> {
        let select = || query(FIRST_IDS).bind(chat.0).bind(int(limit));
        let ids = self
            .sessions
            .all(OP, select, |row| row.try_get::<Option<i64>, _>(0))
            .await?;
        let ids: Vec<i64> = ids.into_iter().flatten().collect();
        for part in ids.chunks(ROWS) {
            let delete = || {
                let delete = list(MESSAGE_IDS, part.len(), "");
                padded(part).fold(delete, |delete, id| delete.bind(id))
            };
            self.erase_by(delete).await?;
        }
        Ok(())
    }

    async fn erase_by(&self, statement: impl Fn() -> Sql + Send + Sync) -> Result<u64> {
        self.write(OP, self.sessions.long_limit(), statement).await
    }
}
