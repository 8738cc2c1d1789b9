//! Queue, Counter, Bus and Presence on Redis.

use std::sync::Arc;

use chat_core::port::QueueLimits;
use chat_queue_redis::{Redis, RedisBus, RedisConfig, RedisCounter, RedisPresence, RedisQueue};

use super::{Exchange, NamedUrl, UrlName, WiringError, backend};
use crate::config::BackendUrl;

/// Connects in the background: a server that is down does not keep this one from starting.
pub(super) fn open_exchange(url: &BackendUrl) -> Result<Exchange, WiringError> {
    let config: RedisConfig = url.expose().parse().map_err(|why| WiringError::BadUrl {
        name: UrlName::Queue,
        why: format!("{why}"),
    })?;
    let redis = Redis::new(config).map_err(backend(&NamedUrl::new(UrlName::Queue, url)))?;
    let queue = Arc::new(RedisQueue::new(redis.clone(), QueueLimits::default()));
    Ok(Exchange {
        counter: Arc::new(RedisCounter::new(redis.clone())),
        presence: Arc::new(RedisPresence::new(redis.clone())),
        bus: Arc::new(RedisBus::new(redis)),
        dead_letters: queue.clone(),
        queue,
    })
}
