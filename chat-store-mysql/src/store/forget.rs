//! Keys and operations are forgotten after a while.

use chat_core::clock::Timestamp;
use chat_core::error::BackendError;
use chat_core::port::Progress;
use sqlx::query;

use super::MysqlStore;
use super::rows::int;

const OP: &str = "upkeep.forget";

const KEYS: &str = "DELETE FROM requests WHERE at < ? ORDER BY at LIMIT ?";
const OPERATIONS: &str = "DELETE FROM operations WHERE at < ? ORDER BY at LIMIT ?";
const MORE: &str = "(SELECT 1 FROM requests WHERE at < ? LIMIT 1) \
     UNION ALL (SELECT 1 FROM operations WHERE at < ? LIMIT 1)";
/// Those who committed under these names are long gone; one who is not writes his row again.
const WRITERS: &str = "DELETE FROM commits WHERE at < NOW() - INTERVAL 1 DAY LIMIT ?";

impl MysqlStore {
    /// Forgets up to `limit` of those that were written before this time, and then what they kept.
    pub(super) async fn forget_before(
        &self,
        time: Timestamp,
        limit: u64,
    ) -> Result<Progress, BackendError> {
        let patience = self.sessions.long_limit();
        let mut rows = 0;
        for forget in [KEYS, OPERATIONS] {
            let delete = || query(forget).bind(time.0).bind(int(limit - rows));
            rows += self.write(OP, patience, delete).await?;
        }
        let select = || query(MORE).bind(time.0).bind(time.0);
        let more = rows == limit && self.sessions.one(OP, select, |_| Ok(())).await?.is_some();
        self.erase_applications(limit).await?;
        let delete = || query(WRITERS).bind(int(limit));
        self.write(OP, patience, delete).await?;
        Ok(Progress { rows, more })
    }
}
