//! Counts and rate windows.

use std::time::Duration;

use async_trait::async_trait;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::port::{Count, Counter, Window};
use redis::Script;

use crate::connection::Redis;
use crate::error::failure;

/// Counts in Redis.
///
/// A count is a plain number under its own name, for any program to `GET`; its version stands beside
/// it under `{prefix}version:{name}`. A window is a number under `{prefix}window:` that expires.
#[derive(Debug)]
pub struct RedisCounter {
    redis: Redis,
    set: Script,
    add: Script,
}

impl RedisCounter {
    /// The counter in this Redis.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            set: Script::new(include_str!("scripts/set.lua")),
            add: Script::new(include_str!("scripts/add.lua")),
        }
    }

    /// The keys of a count and of its version. The braces put both on one node of a cluster, where a
    /// name with braces of its own would not be found again.
    fn keys(&self, op: &'static str, name: &str) -> Result<[String; 2], BackendError> {
        let config = self.redis.config();
        let key = format!("{}{name}", config.count_prefix);
        if key.is_empty() || key.contains(['{', '}']) {
            let source = "a count needs a name, without braces";
            return Err(failure(ErrorKind::Invalid, op).with_source(source));
        }
        let version = format!("{}version:{{{key}}}", config.prefix);
        Ok([key, version])
    }
}

#[async_trait]
impl Counter for RedisCounter {
    async fn add(&self, key: &str, amount: u64, seconds: u32) -> Result<Window, BackendError> {
        let window = format!("{}window:{key}", self.redis.config().prefix);
        // Redis counts up to 2^63 - 1, and stays there.
        let amount = amount.min(i64::MAX as u64);
        let mut add = self.add.key(window);
        add.arg(amount).arg(u64::from(seconds) * 1_000);
        let (sum, left): (u64, u64) = self.redis.run("add", &add).await?;
        let left = Duration::from_millis(left);
        Ok(Window { sum, left })
    }

    async fn set(&self, key: &str, count: Count) -> Result<(), BackendError> {
        let [value, version] = self.keys("set", key)?;
        let mut set = self.set.key(value);
        set.key(version).arg(count.value).arg(count.version);
        self.redis.run("set", &set).await
    }

    async fn get(&self, key: &str) -> Result<Option<Count>, BackendError> {
        let [value, version] = self.keys("get", key)?;
        let mut get = redis::cmd("MGET");
        get.arg(value).arg(version);
        let (value, version): (Option<u64>, Option<u64>) = self.redis.query("get", get).await?;
        Ok(value
            .zip(version)
            .map(|(value, version)| Count { value, version }))
    }

    async fn remove(&self, key: &str) -> Result<(), BackendError> {
        let [value, version] = self.keys("remove", key)?;
        let mut remove = redis::cmd("DEL");
        remove.arg(value).arg(version);
        self.redis.query("remove", remove).await
    }
}
