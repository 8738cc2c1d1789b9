//! Lines that wait for a stream to grow, since whatever shares a line waits with it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_core::error::BackendError;
use redis::{RedisResult, Value};
use tokio::time::timeout;

use crate::connection::Redis;
use crate::error::{timed_out, translate};
use crate::line::Line;

/// A server that follows another one now sends away whoever waits.
const UNBLOCKED: &str = "UNBLOCKED";

/// As many lines as wait at once, kept for the next that do.
pub(crate) struct Ears {
    redis: Redis,
    idle: Mutex<Vec<Line>>,
    longest: Duration,
}

impl Ears {
    pub(crate) fn new(redis: Redis, longest: Duration) -> Self {
        Self {
            redis,
            idle: Mutex::default(),
            longest,
        }
    }

    /// Waits until a stream has something after a place, for so long but not longer than the longest.
    ///
    /// It only looks, and takes nothing: whoever stops waiting, or whose line breaks, loses nothing.
    pub(crate) async fn wait(
        &self,
        stream: &str,
        after: &str,
        time: Duration,
    ) -> Result<(), BackendError> {
        let time = time.min(self.longest);
        loop {
            let kept = self.idle().pop();
            let is_new = kept.is_none();
            let line = match kept {
                Some(line) => line,
                None => self.open().await.map_err(translate("pull"))?,
            };
            match self.read(line, stream, after, time).await {
                Err(error) if error.code() == Some(UNBLOCKED) => return Ok(()),
                // It broke while it was kept, which says nothing about the server now.
                Err(error) if error.is_connection_dropped() && !is_new => {}
                answer => return answer.map_err(translate("pull")),
            }
        }
    }

    async fn open(&self) -> RedisResult<Line> {
        let response = self.longest + self.redis.config().response_timeout;
        self.redis.open(response, Arc::new(|_| {})).await
    }

    async fn read(
        &self,
        mut line: Line,
        stream: &str,
        after: &str,
        time: Duration,
    ) -> RedisResult<()> {
        // Rounded up: at 0 it would block for ever, and come too early else.
        let millis = time.as_millis() as u64 + 1;
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(1).arg("BLOCK").arg(millis);
        read.arg("STREAMS").arg(stream).arg(after);
        let limit = time + self.redis.config().response_timeout;
        let reading = read.query_async::<Value>(&mut line);
        timeout(limit, reading)
            .await
            .unwrap_or_else(|_| Err(timed_out()))?;
        self.idle().push(line);
        Ok(())
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        // It is whole at any moment, so a panic elsewhere spoils nothing.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ears").finish_non_exhaustive()
    }
}
