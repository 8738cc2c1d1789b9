//! Events between nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::port::{Bus, Event, Subscription};
use redis::{PushInfo, PushKind, RedisResult, Value};
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};
use uuid::Uuid;

use crate::config::Topology;
use crate::connection::Redis;
use crate::line::{Line, Pushed};
use crate::wire::{self, Entry};

/// How many events a subscriber may lag behind before it hears of a gap.
const CAPACITY: usize = 1_024;
/// So many events go into one message: it leaves room for what a subscriber has not read yet.
const BATCH: usize = CAPACITY / 4;
/// After so long without a message a node says something to hear whether it still hears; while it
/// does not, its subscribers are told of a gap as often.
const BEAT: Duration = Duration::from_secs(1);
/// So long after a failed attempt the next one begins.
const PAUSE: Duration = Duration::from_millis(100);

/// A bus on publish and subscribe, sharded in a cluster, over the channel `{prefix}events`.
///
/// One line of its own listens for all subscribers here. After it was interrupted, and every second
/// while it is, each of them gets an [`Event::Gap`]: nobody waits for what was not heard.
#[derive(Debug)]
pub struct RedisBus {
    redis: Redis,
    ear: Arc<Ear>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Ear {
    events: broadcast::Sender<Event>,
    /// Among all that publish, whose beats are heard back.
    node: Uuid,
    beats: AtomicU64,
    /// The last own beat that was heard.
    echo: watch::Sender<u64>,
    /// Counts messages of any kind.
    heard: AtomicU64,
    /// Whether a line listens.
    listens: watch::Sender<bool>,
}

impl RedisBus {
    /// The bus in this Redis. It listens on the current tokio runtime until it is dropped.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        let ear = Arc::new(Ear {
            events: broadcast::Sender::new(CAPACITY),
            node: Uuid::new_v4(),
            beats: AtomicU64::new(0),
            echo: watch::Sender::new(0),
            heard: AtomicU64::new(0),
            listens: watch::Sender::new(false),
        });
        let task = tokio::spawn(listen(redis.clone(), Arc::clone(&ear)));
        Self { redis, ear, task }
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Bus for RedisBus {
    async fn publish(&self, events: &[Event]) -> Result<(), BackendError> {
        for batch in events.chunks(BATCH) {
            publish(&self.redis, "publish", wire::events(batch)).await?;
        }
        Ok(())
    }

    async fn subscribe(&self) -> Result<Subscription, BackendError> {
        let config = self.redis.config();
        let limit = config.connect_timeout + config.response_timeout;
        let mut listens = self.ear.listens.subscribe();
        let listening = async {
            if listens.wait_for(|listens| *listens).await.is_ok() {
                // What was published before stands before the beat, and is over once that is heard.
                echo(&self.redis, &self.ear).await;
            }
        };
        // If it takes longer, it hears of a gap once the bus listens.
        let _ = timeout(limit, listening).await;
        Ok(Subscription(self.ear.events.subscribe()))
    }
}

fn channel(redis: &Redis) -> String {
    format!("{}events", redis.config().prefix)
}

fn is_sharded(redis: &Redis) -> bool {
    redis.config().topology == Topology::Cluster
}

async fn publish(redis: &Redis, op: &'static str, message: Vec<u8>) -> Result<(), BackendError> {
    let mut publish = redis::cmd(if is_sharded(redis) {
        "SPUBLISH"
    } else {
        "PUBLISH"
    });
    publish.arg(channel(redis)).arg(message);
    redis.query(op, publish).await
}

/// Says something and waits until it is heard; whether it was.
async fn echo(redis: &Redis, ear: &Ear) -> bool {
    let beat = ear.beats.fetch_add(1, Ordering::Relaxed) + 1;
    let mut echo = ear.echo.subscribe();
    let said = publish(redis, "beat", wire::beat(ear.node, beat)).await;
    let heard = echo.wait_for(|heard| *heard >= beat);
    said.is_ok()
        && timeout(redis.config().response_timeout, heard)
            .await
            .is_ok()
}

/// Keeps a line that listens.
async fn listen(redis: Redis, ear: Arc<Ear>) {
    let mut interrupted = false;
    loop {
        let (line, lost) = open(&redis, &ear, &mut interrupted).await;
        if interrupted {
            tracing::info!("the bus listens again");
        }
        ear.gap();
        ear.listens.send_replace(true);
        tokio::select! {
            () = lost.notified() => {}
            () = silence(&redis, &ear) => {}
        }
        ear.listens.send_replace(false);
        tracing::warn!("the bus was interrupted: readers look for themselves");
        interrupted = true;
        drop(line);
    }
}

/// Opens a line until one listens; meanwhile tells of gaps.
async fn open(redis: &Redis, ear: &Arc<Ear>, told: &mut bool) -> (Line, Arc<Notify>) {
    let opening = async {
        loop {
            match attempt(redis, ear).await {
                Ok(line) => return line,
                Err(error) if !std::mem::replace(told, true) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the bus cannot listen: readers look for themselves");
                }
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
    };
    tokio::pin!(opening);
    let mut gaps = interval(BEAT);
    loop {
        tokio::select! {
            line = &mut opening => return line,
            _ = gaps.tick() => ear.gap(),
        }
    }
}

/// The line, and what tells that it was lost.
async fn attempt(redis: &Redis, ear: &Arc<Ear>) -> RedisResult<(Line, Arc<Notify>)> {
    let limit = redis.config().response_timeout;
    let lost = Arc::new(Notify::new());
    let mut line = redis.open(limit, ear.hearing(Arc::clone(&lost))).await?;
    let channel = channel(redis);
    match &mut line {
        Line::Server(line) => line.subscribe(channel).await?,
        Line::Cluster(line) => line.ssubscribe(channel).await?,
    }
    Ok((line, lost))
}

/// Returns once a node does not hear itself.
async fn silence(redis: &Redis, ear: &Ear) {
    let mut before = ear.heard.load(Ordering::Relaxed);
    loop {
        sleep(BEAT).await;
        let heard = ear.heard.load(Ordering::Relaxed);
        if heard == before && !echo(redis, ear).await {
            return;
        }
        before = ear.heard.load(Ordering::Relaxed);
    }
}

impl Ear {
    fn gap(&self) {
        self.say(Event::Gap);
    }

    fn say(&self, event: Event) {
        // An error says that nobody listens, which is no fault.
        let _ = self.events.send(event);
    }

    /// What a line does with what it hears. The first confirmation is of the subscription; another one
    /// is of a subscription that the driver renewed, so that something may have passed in between.
    fn hearing(self: &Arc<Self>, lost: Arc<Notify>) -> Pushed {
        let ear = Arc::clone(self);
        let confirmed = AtomicU64::new(0);
        Arc::new(move |info| match info.kind {
            PushKind::Message | PushKind::SMessage => ear.hear(&info),
            PushKind::Subscribe | PushKind::SSubscribe
                if confirmed.fetch_add(1, Ordering::Relaxed) == 0 => {}
            PushKind::Subscribe
            | PushKind::SSubscribe
            | PushKind::Unsubscribe
            | PushKind::SUnsubscribe
            | PushKind::Disconnection => lost.notify_one(),
            _ => {}
        })
    }

    fn hear(&self, info: &PushInfo) {
        let message = match info.data.last() {
            Some(Value::BulkString(message)) => message.as_slice(),
            _ => &[],
        };
        for entry in wire::entries(message) {
            match entry {
                Entry::Event(event) => self.say(event),
                Entry::Beat { node, beat } if node == self.node => {
                    self.echo.send_modify(|heard| *heard = beat.max(*heard));
                }
                Entry::Beat { .. } => {}
            }
        }
        self.heard.fetch_add(1, Ordering::Relaxed);
    }
}
