//! What holds on Redis: one server of each version, Sentinel, Cluster.

use std::sync::Arc;

use chat_core::kit::queue::{FullQueue, LIMITS};
use chat_core::port::{Bus, Counter, Presence};
use chat_queue_redis::{Redis, RedisBus, RedisConfig, RedisCounter, RedisPresence, RedisQueue};
use libtest_mimic::Trial;
use uuid::Uuid;

use crate::engine::{trial, trials, url};

mod counts;
mod faults;
mod queue;
mod readers;
pub(crate) mod server;

/// The kits on one engine, each case under names of its own.
macro_rules! kits {
    ($module:ident, $engine:literal) => {
        mod $module {
            use super::*;

            async fn counter() -> (Arc<dyn Counter>, ()) {
                (Arc::new(RedisCounter::new(redis($engine))), ())
            }

            async fn bus() -> (Arc<dyn Bus>, ()) {
                (Arc::new(RedisBus::new(redis($engine))), ())
            }

            async fn presence() -> (Arc<dyn Presence>, ()) {
                (Arc::new(RedisPresence::new(redis($engine))), ())
            }

            async fn queue() -> (Arc<dyn FullQueue>, ()) {
                (Arc::new(RedisQueue::new(redis($engine), LIMITS)), ())
            }

            pub(super) fn trials() -> Vec<Trial> {
                let mut trials = trials!($engine, counter_kit, counter);
                trials.extend(trials!($engine, bus_kit, bus));
                trials.extend(trials!($engine, presence_kit, presence));
                trials.extend(trials!($engine, queue_kit, queue));
                trials.extend(super::queue::on($engine));
                let hears = faults::one_node_hears_another($engine);
                let many = faults::many_are_asked_for_at_once($engine);
                trials.push(trial($engine, "nodes", "one_node_hears_another", hears));
                let counts = counts::nodes_that_race_leave_the_right_counts($engine);
                let name = "nodes_that_race_leave_the_right_counts";
                trials.push(trial($engine, "nodes", name, counts));
                trials.push(trial($engine, "nodes", "many_are_asked_for_at_once", many));
                trials
            }
        }
    };
}

kits!(redis7, "redis7");
kits!(redis8, "redis8");
kits!(sentinel, "redis_sentinel");
kits!(cluster, "redis_cluster");

/// All trials of this file.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = redis7::trials();
    trials.extend(redis8::trials());
    trials.extend(sentinel::trials());
    trials.extend(cluster::trials());
    trials.extend(faults::trials());
    trials.extend(queue::trials());
    trials.extend(readers::trials());
    trials
}

/// A Redis whose keys begin with something nobody else uses.
fn redis(engine: &str) -> Redis {
    let url = url(engine).expect("the case is ignored where the engine is absent");
    configured(&url, &format!("test:{}:", Uuid::new_v4()))
}

fn configured(url: &str, prefix: &str) -> Redis {
    let mut config: RedisConfig = url.parse().expect("a URL of Redis");
    config.prefix = prefix.to_owned();
    config.count_prefix = format!("{}count:", config.prefix);
    Redis::new(config).expect("a configuration without files")
}
