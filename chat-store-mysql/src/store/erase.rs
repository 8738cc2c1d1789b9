//! Erasing what is deleted, a piece at a time, so that nobody waits long. Whoever wrote to a chat held its application or the chat
//! itself until he was through, so once one of them is seen deleted, nothing is written there any more.

use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, ChatId};
use chat_core::port::Progress;
use sqlx::mysql::MySqlConnection;
use sqlx::{Executor as _, Row as _, query};
use tokio::time::timeout_at;

use super::MysqlStore;
use super::again::Tries;
use super::commit::{BEGIN, COMMIT};
use super::rows::int;
use super::sql::{ROWS, list, padded};

type Result<T> = std::result::Result<T, BackendError>;

const OP: &str = "upkeep.erase";

/// With whether the application is deleted too and this is the last of its chats.
const DELETED: &str = "SELECT c.application, a.closed_at IS NOT NULL AND NOT EXISTS \
     (SELECT 1 FROM chats o WHERE o.application = c.application AND o.id <> c.id) FROM chats c \
     STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE c.id = ? AND (c.closed_at IS NOT NULL OR a.closed_at IS NOT NULL)";
const FIRST: &str = "SELECT number, ext_id FROM messages WHERE chat = ? \
     ORDER BY number LIMIT ? FOR UPDATE";
const MESSAGE_IDS: &str = "DELETE FROM message_ids WHERE id IN ";
const TOUCHES: &str = "DELETE FROM touches WHERE chat = ? AND number <= ?";
const MESSAGES: &str = "DELETE FROM messages WHERE chat = ? AND number <= ?";
/// What hangs on a chat beside its messages, and on an application beside its chats.
const OF_CHAT: [&str; 2] = [
    "DELETE FROM mark_ranges WHERE chat = ? LIMIT ?",
    "DELETE FROM members WHERE chat = ? LIMIT ?",
];
const OF_APPLICATION: [&str; 2] = [
    "DELETE FROM sessions WHERE application = ? LIMIT ?",
    "DELETE FROM users WHERE application = ? LIMIT ?",
];
const CHAT: &str = "DELETE FROM chats WHERE id = ?";
/// A deleted application of which nothing is left and nothing is remembered.
const APPLICATION: &str = "DELETE FROM applications WHERE id = ? AND closed_at IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM chats c WHERE c.application = applications.id) \
     AND NOT EXISTS (SELECT 1 FROM users u WHERE u.application = applications.id) \
     AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.application = applications.id)";

impl MysqlStore {
    /// Erases up to `limit` rows of a deleted chat, the chat itself last. The last chat of a deleted application takes the users along.
    /// What sinks have to follow stays: they learn from it that the chat is gone.
    pub(super) async fn erase_chat(&self, chat: ChatId, limit: u64) -> Result<Progress> {
        let select = || query(DELETED).bind(chat.0);
        let application = self.sessions.one(OP, select, |row| {
            Ok((row.try_get::<i64, _>(0)?, row.try_get::<bool, _>(1)?))
        });
        let Some((application, is_last)) = application.await? else {
            let (rows, more) = (0, false);
            return Ok(Progress { rows, more });
        };
        let mut rows = self.erase_messages(chat, limit).await?;
        rows += self.erase_rows(OP, OF_CHAT, chat.0, limit - rows).await?;
        if is_last {
            let users = self.erase_users(OP, ApplicationId(application), limit - rows);
            rows += users.await?;
        }
        if rows == limit {
            return Ok(Progress { rows, more: true });
        }
        let patience = self.sessions.long_limit();
        self.write(OP, patience, || query(CHAT).bind(chat.0))
            .await?;
        // A retry finds what was done for as long as its key is kept: then the last key takes the application with it.
        self.write(OP, patience, || query(APPLICATION).bind(application))
            .await?;
        Ok(Progress {
            rows: rows + 1,
            more: false,
        })
    }

    /// Up to `limit` logins and users of a deleted application; how many.
    pub(super) async fn erase_users(
        &self,
        op: &'static str,
        application: ApplicationId,
        limit: u64,
    ) -> Result<u64> {
        self.erase_rows(op, OF_APPLICATION, application.0, limit)
            .await
    }

    async fn erase_rows(
        &self,
        op: &'static str,
        deletes: [&'static str; 2],
        of: i64,
        limit: u64,
    ) -> Result<u64> {
        let mut rows = 0;
        for delete in deletes {
            if rows < limit {
                let delete = || query(delete).bind(of).bind(int(limit - rows));
                rows += self.write(op, self.sessions.long_limit(), delete).await?;
            }
        }
        Ok(rows)
    }

    /// The first messages of a deleted chat, with all that belongs to them; how many. Two that erase one chat, or one that does it twice,
    /// erase what is there.
    async fn erase_messages(&self, chat: ChatId, limit: u64) -> Result<u64> {
        let mut tries = Tries::within(self.sessions.long_limit());
        loop {
            let mut session = self.sessions.open(OP).await?;
            let work = erase_at_once(session.conn(), chat, limit);
            let result = timeout_at(tries.end(), work).await;
            if let Some(rows) = tries.conclude(OP, session, result).await? {
                return Ok(rows);
            }
        }
    }
}

async fn erase_at_once(conn: &mut MySqlConnection, chat: ChatId, limit: u64) -> sqlx::Result<u64> {
    conn.execute(BEGIN).await?;
    let first = query(FIRST).bind(chat.0).bind(int(limit));
    let (mut last, mut ids) = (i64::MAX, Vec::new());
    let found = first.fetch_all(&mut *conn).await?;
    for row in &found {
        last = row.try_get(0)?;
        ids.extend(row.try_get::<Option<i64>, _>(1)?);
    }
    for part in ids.chunks(ROWS) {
        let delete = list(MESSAGE_IDS, part.len(), "");
        let delete = padded(part).fold(delete, |delete, id| delete.bind(id));
        delete.execute(&mut *conn).await?;
    }
    for sql in [TOUCHES, MESSAGES] {
        query(sql)
            .bind(chat.0)
            .bind(last)
            .execute(&mut *conn)
            .await?;
    }
    conn.execute(COMMIT).await?;
    Ok(found.len() as u64)
}
