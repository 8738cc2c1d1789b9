//! Who is there.

use std::time::Duration;

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::port::Presence;
use futures_util::{StreamExt, TryStreamExt, stream};
use redis::Script;
use uuid::Uuid;

use crate::connection::Redis;

/// No lease is longer, in milliseconds: 34 years, which Redis' numbers hold exactly.
const LONGEST: u64 = 1 << 40;
/// So many are asked for at once.
const AT_ONCE: usize = 128;

/// Presence in Redis: for each who is there a sorted set `{prefix}presence:{who}` of places by the end
/// of their leases, which expires with the last of them. All times are the server's.
#[derive(Debug)]
pub struct RedisPresence {
    redis: Redis,
    lease: Script,
}

impl RedisPresence {
    /// The presence in this Redis.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            lease: Script::new(include_str!("scripts/lease.lua")),
        }
    }

    fn key(&self, who: &str) -> String {
        format!("{}presence:{who}", self.redis.config().prefix)
    }

    /// One script each, since a cluster keeps them on several nodes; on one line they travel together all the same.
    async fn lease(
        &self,
        op: &'static str,
        who: &[String],
        place: Uuid,
        lease: Duration,
    ) -> Result<(), BackendError> {
        let millis = u64::try_from(lease.as_millis()).unwrap_or(LONGEST);
        let keys: Vec<String> = who.iter().map(|who| self.key(who)).collect();
        let runs = stream::iter(keys).map(|key| async move {
            let mut script = self.lease.key(key);
            script.arg(place.as_bytes()).arg(millis.min(LONGEST));
            self.redis.run::<()>(op, &script).await
        });
        runs.buffer_unordered(AT_ONCE).try_collect().await
    }
}

#[async_trait]
impl Presence for RedisPresence {
    async fn touch(
        &self,
        who: &[String],
        place: Uuid,
        lease: Duration,
    ) -> Result<(), BackendError> {
        self.lease("touch", who, place, lease).await
    }

    async fn leave(&self, who: &str, place: Uuid) -> Result<(), BackendError> {
        self.lease("leave", &[who.to_owned()], place, Duration::ZERO)
            .await
    }

    async fn of(&self, who: &[String]) -> Result<Vec<bool>, BackendError> {
        let keys: Vec<String> = who.iter().map(|who| self.key(who)).collect();
        let asked = stream::iter(keys).map(|key| {
            let mut exists = redis::cmd("EXISTS");
            exists.arg(key);
            self.redis.query::<bool>("of", exists)
        });
        asked.buffered(AT_ONCE).try_collect().await
    }
}
