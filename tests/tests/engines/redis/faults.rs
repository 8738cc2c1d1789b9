//! What holds while Redis fails and after it.

use std::time::Duration;

use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ApplicationId, Change, ChatId, Head, MessageNumber};
use chat_core::port::{Bus, Count, Counter, Event, Presence, Subscription};
use chat_queue_redis::{Redis, RedisBus, RedisCounter, RedisPresence};
use libtest_mimic::Trial;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};
use uuid::Uuid;

use super::server::{Server, is_installed};
use super::{configured, redis};
use crate::engine::case;

/// Whatever takes longer never comes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// The time-outs to connect and to be answered, and something for a busy machine.
pub(super) const BOUND: Duration = Duration::from_secs(4);

pub(super) fn trials() -> Vec<Trial> {
    let trial = |name: &str, run| case(format!("redis::faults::{name}"), is_installed(), run);
    vec![
        trial(
            "a_server_that_comes_back_empty_is_used_again",
            futures(a_server_that_comes_back_empty_is_used_again()),
        ),
        trial(
            "a_frozen_server_is_unavailable_in_bounded_time",
            futures(a_frozen_server_is_unavailable_in_bounded_time()),
        ),
        trial(
            "a_server_that_comes_later_is_found",
            futures(a_server_that_comes_later_is_found()),
        ),
        trial(
            "a_replica_that_sentinels_know_and_that_is_cut_off_counts",
            futures(a_replica_that_sentinels_know_and_that_is_cut_off_counts()),
        ),
        trial(
            "of_many_who_ask_at_once_none_hears_an_old_answer",
            futures(of_many_who_ask_at_once_none_hears_an_old_answer()),
        ),
        trial(
            "only_a_server_that_syncs_each_write_is_durable",
            futures(only_a_server_that_syncs_each_write_is_durable()),
        ),
    ]
}

type Case = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn futures(case: impl Future<Output = ()> + Send + 'static) -> Case {
    Box::pin(case)
}

/// One node's ports on a server.
struct NodePorts {
    redis: Redis,
    counter: RedisCounter,
    presence: RedisPresence,
    bus: RedisBus,
}

impl NodePorts {
    fn on(server: &Server) -> Self {
        let redis = configured(&server.url(), "faults:");
        Self {
            counter: RedisCounter::new(redis.clone()),
            presence: RedisPresence::new(redis.clone()),
            bus: RedisBus::new(redis.clone()),
            redis,
        }
    }

    async fn is_ready(&self) {
        is_ready(&self.redis).await;
    }

    /// Every port says in bounded time that it cannot.
    async fn is_unavailable(&self) {
        let count = Count::default();
        let who = ["ann".to_owned()];
        unavailable(self.redis.ready()).await;
        unavailable(self.counter.get("count")).await;
        unavailable(self.counter.set("count", count)).await;
        unavailable(self.counter.add("key", 1, 60)).await;
        unavailable(self.presence.of(&who)).await;
        unavailable(self.bus.publish(&[moved(1)])).await;
    }

    /// What one publishes the other hears, sooner or later.
    async fn is_heard_by(&self, hearer: &mut Subscription) {
        let mut says = interval(Duration::from_millis(50));
        let mut number = 1_000;
        let heard = async {
            loop {
                tokio::select! {
                    event = hearer.next() => match event.expect("the bus goes on") {
                        Event::Moved { .. } => break,
                        _ => continue,
                    },
                    _ = says.tick() => {
                        number += 1;
                        // While it fails, the next one may do.
                        let _ = self.bus.publish(&[moved(number)]).await;
                    }
                }
            }
        };
        timeout(PATIENCE, heard).await.expect("it is heard again");
    }
}

pub(super) async fn is_ready(redis: &Redis) {
    let mut looks = interval(Duration::from_millis(20));
    let ready = async {
        while redis.ready().await.is_err() {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, ready).await.expect("it answers again");
}

fn moved(number: u64) -> Event {
    Event::Moved {
        application: ApplicationId(1),
        chat: ChatId(2),
        to: Head {
            number: MessageNumber(number),
            change: Change(0),
        },
    }
}

pub(super) async fn unavailable<T>(call: impl Future<Output = Result<T, BackendError>>) {
    let began = Instant::now();
    let error = call.await.err().expect("it cannot");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
}

async fn hears_of_a_gap(subscription: &mut Subscription) {
    let heard = async { while subscription.next().await != Some(Event::Gap) {} };
    timeout(PATIENCE, heard).await.expect("a gap");
}

const COUNT: Count = Count {
    value: 5,
    version: 9,
};

/// Two nodes on a server: the one has counted, and the other hears it.
async fn two_nodes(server: &Server) -> (NodePorts, NodePorts, Subscription) {
    let (one, two) = (NodePorts::on(server), NodePorts::on(server));
    one.is_ready().await;
    let mut hearer = two.bus.subscribe().await.expect("subscribe");
    one.counter.set("count", COUNT).await.expect("set");
    one.is_heard_by(&mut hearer).await;
    (one, two, hearer)
}

async fn a_server_that_comes_back_empty_is_used_again() {
    let mut server = Server::start(&[]);
    let (one, two, mut hearer) = two_nodes(&server).await;

    server.kill();
    one.is_unavailable().await;
    hears_of_a_gap(&mut hearer).await;

    server.restart();
    one.is_ready().await;
    assert_eq!(two.counter.get("count").await.expect("get"), None);
    one.counter.set("count", COUNT).await.expect("set");
    assert_eq!(two.counter.get("count").await.expect("get"), Some(COUNT));
    hears_of_a_gap(&mut hearer).await;
    one.is_heard_by(&mut hearer).await;
}

async fn a_frozen_server_is_unavailable_in_bounded_time() {
    let server = Server::start(&[]);
    let (one, _two, mut hearer) = two_nodes(&server).await;

    server.freeze();
    one.is_unavailable().await;
    hears_of_a_gap(&mut hearer).await;

    server.thaw();
    one.is_ready().await;
    assert_eq!(one.counter.get("count").await.expect("get"), Some(COUNT));
    one.is_heard_by(&mut hearer).await;
}

async fn a_server_that_comes_later_is_found() {
    let mut server = Server::start(&[]);
    server.kill();
    let node = NodePorts::on(&server);
    node.is_unavailable().await;
    let mut hearer = node.bus.subscribe().await.expect("subscribe");
    server.restart();
    node.is_ready().await;
    hears_of_a_gap(&mut hearer).await;
    node.is_heard_by(&mut hearer).await;
}

async fn only_a_server_that_syncs_each_write_is_durable() {
    let always = ["--appendonly", "yes", "--appendfsync", "always"];
    let every_second = ["--appendonly", "yes"];
    let limited = [&always[..], &["--maxmemory", "100mb"]].concat();
    let throws_away = [&limited[..], &["--maxmemory-policy", "allkeys-lru"]].concat();
    let rewrites = [&always[..], &["--no-appendfsync-on-rewrite", "yes"]].concat();
    let untold = [&always[..], &["--rename-command", "CONFIG", ""]].concat();
    for (settings, durable) in [
        (&always[..], true),
        (&every_second[..], false),
        (&[], false),
        (&untold[..], false),
        (&limited[..], true),
        (&throws_away[..], false),
        (&rewrites[..], false),
    ] {
        let server = Server::start(settings);
        let node = NodePorts::on(&server);
        node.is_ready().await;
        let said = node.redis.durable().await.expect("durable");
        assert_eq!(said, durable, "{settings:?}");
    }
}

async fn of_many_who_ask_at_once_none_hears_an_old_answer() {
    let server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let redis = configured(&server.url(), "faults:");
    is_ready(&redis).await;
    for (policy, durable) in [("everysec", false), ("always", true), ("no", false)] {
        let set = ["CONFIG", "SET", "appendfsync", policy];
        server.says(&set, "OK").await;
        let mut asking = JoinSet::new();
        for _ in 0..64 {
            let redis = redis.clone();
            asking.spawn(async move { redis.durable().await.expect("durable") });
        }
        assert_eq!(asking.join_all().await, [durable; 64], "{policy}");
    }
}

/// It may lead soon, and knows less.
async fn a_replica_that_sentinels_know_and_that_is_cut_off_counts() {
    let leader = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let sentinel = Server::sentinel("chat", leader.port());
    let url = format!("redis-sentinel://127.0.0.1:{}/chat", sentinel.port());
    let redis = configured(&url, "faults:");
    is_ready(&redis).await;
    assert!(redis.durable().await.expect("durable"));

    let leads = leader.port().to_string();
    let mut replica = Server::start(&["--replicaof", "127.0.0.1", &leads]);
    sentinel
        .says(&["SENTINEL", "REPLICAS", "chat"], "slave")
        .await;
    replica.kill();
    let alone = "connected_slaves:0";
    leader.says(&["INFO", "replication"], alone).await;
    assert!(!redis.durable().await.expect("durable"));
}

/// What one node publishes another hears, whole and in order, and nothing besides.
pub(super) async fn one_node_hears_another(engine: &'static str) {
    let node = redis(engine);
    let (one, two) = (RedisBus::new(node.clone()), RedisBus::new(node));
    let mut hearer = two.subscribe().await.expect("subscribe");
    let events: Vec<Event> = (1..=100).map(moved).collect();
    one.publish(&events).await.expect("publish");
    one.publish(&[Event::Closed(ApplicationId(3))])
        .await
        .expect("publish");
    let hear = async || {
        let event = timeout(PATIENCE, hearer.next()).await;
        event.expect("an event").expect("the bus goes on")
    };
    let mut hear = hear;
    for event in events {
        assert_eq!(hear().await, event);
    }
    assert_eq!(hear().await, Event::Closed(ApplicationId(3)));
}

/// What stands in a cluster's several nodes is asked for together.
pub(super) async fn many_are_asked_for_at_once(engine: &'static str) {
    let presence = RedisPresence::new(redis(engine));
    let who: Vec<String> = (0..1_000).map(|number| format!("who-{number}")).collect();
    for who in who.iter().step_by(2) {
        let lease = Duration::from_secs(3_600);
        presence
            .touch(std::slice::from_ref(who), Uuid::nil(), lease)
            .await
            .expect("touch");
    }
    let of = presence.of(&who).await.expect("of");
    assert!(of.into_iter().eq((0..1_000).map(|number| number % 2 == 0)));
}
