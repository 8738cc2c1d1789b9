//! How late a waiting reader hears of a message while somebody's line to Redis is down.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::model::{ChatView, Tenant};
use chat_core::page::Limit;
use chat_core::port::{Bus, Event, Subscription};
use chat_core::service::Feed;
use chat_core::text::Name;
use chat_core::{Chat, Parts};
use chat_queue_redis::RedisBus;
use libtest_mimic::Trial;
use tests::post;
use tests::proxy::{Proxy, Way};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::configured;
use super::faults::PATIENCE;
use super::server::{Server, is_installed};
use crate::engine::case;

/// A second until the node looks at the Store, and something for a busy machine.
const SOON: Duration = Duration::from_secs(3);

pub(super) fn trials() -> Vec<Trial> {
    let name = |name: &str| format!("redis::readers::{name}");
    vec![
        case(
            name("what_a_node_writes_while_it_is_cut_off_is_heard_of_soon"),
            is_installed(),
            what_a_node_writes_while_it_is_cut_off_is_heard_of_soon(),
        ),
        case(
            name("who_waits_at_a_node_that_is_cut_off_hears_soon"),
            is_installed(),
            who_waits_at_a_node_that_is_cut_off_hears_soon(),
        ),
    ]
}

/// The bus of a node, by a way that can be cut.
struct Line {
    bus: RedisBus,
    proxy: Proxy,
    failed: Notify,
}

impl Line {
    async fn to(server: &Server) -> Arc<Self> {
        let address = server.url().replace("redis://", "");
        let proxy = Proxy::to(address).await;
        let redis = configured(&format!("redis://{}", proxy.address()), "readers:");
        Arc::new(Self {
            bus: RedisBus::new(redis),
            proxy,
            failed: Notify::new(),
        })
    }
}

#[async_trait]
impl Bus for Line {
    async fn publish(&self, events: &[Event]) -> Result<(), BackendError> {
        let published = self.bus.publish(events).await;
        if published.is_err() {
            self.failed.notify_one();
        }
        published
    }

    async fn subscribe(&self) -> Result<Subscription, BackendError> {
        self.bus.subscribe().await
    }
}

/// A node that writes and one that is read at, each with its way to one Redis.
struct World {
    _server: Server,
    writer: Chat,
    writers: Arc<Line>,
    reader: Chat,
    readers: Arc<Line>,
    shop: Tenant,
    room: ChatView,
}

impl World {
    async fn new() -> Self {
        let server = Server::start(&[]);
        let (writers, readers) = (Line::to(&server).await, Line::to(&server).await);
        // As soon as it is subscribed, the server is there.
        for line in [&writers, &readers] {
            let mut subscription = line.subscribe().await.expect("subscribe");
            let published = async { while line.bus.publish(&[Event::Gap]).await.is_err() {} };
            timeout(PATIENCE, published).await.expect("a server");
            timeout(PATIENCE, subscription.next())
                .await
                .expect("it is heard");
        }
        let parts = Parts::in_memory();
        let beside = Parts {
            stores: parts.stores.clone(),
            keyring: parts.keyring.clone(),
            bus: readers.clone(),
            ..Parts::in_memory()
        };
        let parts = Parts {
            bus: writers.clone(),
            ..parts
        };
        let writer = Chat::start(parts).await.expect("a node");
        let reader = Chat::start(beside).await.expect("a node");
        let name = Name::parse("shop").expect("a name");
        let shop = writer.create_application(name, true, None).await;
        let shop = shop.expect("an application").value;
        let room = writer.create_chat(shop.token.into(), None, None).await;
        let room = room.expect("a chat").value;
        Self {
            _server: server,
            writer,
            writers,
            reader,
            readers,
            shop,
            room,
        }
    }

    /// Somebody asks for what is new, and would wait for 30 seconds; answers when he heard.
    async fn waits(&self) -> JoinHandle<(Feed, Instant)> {
        let chat = self.reader.chat(self.shop.token.into(), self.room.number);
        let (reader, after) = (chat.await.expect("the chat"), self.room.cursor);
        tokio::spawn(async move {
            let feed = reader.wait(Some(after), Limit::DEFAULT, Duration::from_secs(30));
            (feed.await.expect("a feed"), Instant::now())
        })
    }

    async fn posts(&self) {
        let post = post("hello").expect("a text");
        let posted = self
            .writer
            .post(self.shop.token.into(), self.room.number, post, None);
        posted.await.expect("the bus is no part of a write");
    }
}

async fn hears_within(waiting: JoinHandle<(Feed, Instant)>, began: Instant) {
    let (feed, at) = waiting.await.expect("a reader");
    assert_eq!(feed.items.len(), 1);
    let took = at.saturating_duration_since(began);
    assert!(took < SOON, "{took:?}");
}

async fn what_a_node_writes_while_it_is_cut_off_is_heard_of_soon() {
    let world = World::new().await;
    world.writers.proxy.set(Way::Closed);
    let waiting = world.waits().await;
    world.posts().await;
    let posted = Instant::now();
    let failed = world.writers.failed.notified();
    timeout(PATIENCE, failed).await.expect("it is cut off");
    hears_within(waiting, posted).await;
}

async fn who_waits_at_a_node_that_is_cut_off_hears_soon() {
    for way in [Way::Closed, Way::Silent] {
        let world = World::new().await;
        let mut heard = world.readers.subscribe().await.expect("subscribe");
        world.readers.proxy.set(way);
        // It knows, for nobody says this but itself.
        let knows = async { while heard.next().await != Some(Event::Gap) {} };
        timeout(PATIENCE, knows).await.expect("it notices");
        let waiting = world.waits().await;
        world.posts().await;
        hears_within(waiting, Instant::now()).await;
    }
}
