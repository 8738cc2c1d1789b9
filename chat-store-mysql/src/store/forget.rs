//! Keys and operations are forgotten after a while.

use chat_core::clock::Timestamp;
use chat_core::error::BackendError;
use chat_core::ids::ApplicationId;
use chat_core::port::Progress;
use sqlx::{Row as _, query};

use super::MysqlStore;
use super::rows::int;

const OP: &str = "upkeep.forget";

const KEYS: &str = "DELETE FROM requests WHERE at < ? ORDER BY at LIMIT ?";
const OPERATIONS: &str = "DELETE FROM operations WHERE at < ? ORDER BY at LIMIT ?";
/// Deleted applications that have users all the same: chats take them along, but there may have been none.
const PEOPLED: &str = "SELECT a.id FROM applications a WHERE a.closed_at IS NOT NULL \
     AND (EXISTS (SELECT 1 FROM users u WHERE u.application = a.id) \
     OR EXISTS (SELECT 1 FROM sessions s WHERE s.application = a.id)) LIMIT ?";
/// Applications that were deleted before then, of which nothing is left and nothing is remembered. No key is newer than the
/// deletion, so once all these keys are forgotten hardly one is looked at in vain.
const APPLICATIONS: &str = "DELETE FROM applications WHERE closed_at < ? \
     AND NOT EXISTS (SELECT 1 FROM chats c WHERE c.application = applications.id) \
     AND NOT EXISTS (SELECT 1 FROM users u WHERE u.application = applications.id) \
     AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.application = applications.id) \
     ORDER BY closed_at LIMIT ?";
/// Those who committed under these names are long gone; one who is not writes his row again.
const WRITERS: &str = "DELETE FROM commits WHERE at < NOW() - INTERVAL 1 DAY LIMIT ?";

impl MysqlStore {
    /// Forgets up to `limit` of those that were written before this time, and of the applications that they kept; users of applications
    /// that are deleted go whenever that was.
    pub(super) async fn forget_before(
        &self,
        time: Timestamp,
        limit: u64,
    ) -> Result<Progress, BackendError> {
        let patience = self.sessions.long_limit();
        let mut rows = 0;
        let peopled = || query(PEOPLED).bind(int(limit));
        let peopled = self.sessions.all(OP, peopled, |row| row.try_get(0));
        for application in peopled.await? {
            let users = self.erase_users(OP, ApplicationId(application), limit - rows);
            rows += users.await?;
        }
        for forget in [KEYS, OPERATIONS, APPLICATIONS] {
            let delete = || query(forget).bind(time.0).bind(int(limit - rows));
            rows += self.write(OP, patience, delete).await?;
        }
        let delete = || query(WRITERS).bind(int(limit));
        self.write(OP, patience, delete).await?;
        Ok(Progress {
            rows,
            more: rows == limit,
        })
    }
}
