//! Nodes that write through one queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::SystemClock;
use crate::commit::Request;
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::{ApplicationId, ChatNumber};
use crate::kit::store::desk::{Desk, number, post};
use crate::lane::{Announce, Lane, LaneLimits, Lanes};
use crate::memory::{MemoryBus, MemoryQueue, MemoryStore};
use crate::port::{Bus, Commit, MockCommit, Moved, Queue, QueueLimits, Store};
use crate::queued::{LANES, Queued, Sent, Waiting, Worker};

use super::PATIENCE;

/// Room for two jobs of an application in each lane.
const LIMITS: QueueLimits = QueueLimits {
    lane: 3,
    application: 2,
    dead_letters: 10,
};

struct Deaf;

impl Announce for Deaf {
    fn announce(&self, _: &[Moved]) {}
}

/// A process of many on one store, one queue and one bus.
pub(super) struct Node {
    pub(super) application: ApplicationId,
    pub(super) queued: Queued,
    pub(super) worker: Worker,
    pub(super) stop: watch::Sender<bool>,
}

impl Node {
    pub(super) async fn on(
        application: ApplicationId,
        commit: Arc<dyn Commit>,
        queue: Arc<dyn Queue>,
        bus: Arc<dyn Bus>,
    ) -> Self {
        let (lane, moving) = Lane::new(
            commit.clone(),
            Arc::new(SystemClock),
            Arc::new(Deaf),
            vec![],
            LaneLimits::default(),
        );
        tokio::spawn(moving.run());
        let lanes = Lanes::new([lane]);
        let waiting = Arc::new(Waiting::default());
        let events = bus.subscribe().await.unwrap();
        tokio::spawn(waiting.clone().run(commit.clone(), events));
        let worker = Worker {
            queue: queue.clone(),
            lanes: lanes.clone(),
            waiting: waiting.clone(),
            bus,
        };
        let queued = Queued {
            queue,
            lanes,
            commit,
            waiting,
        };
        let (stop, _) = watch::channel(false);
        Self {
            application,
            queued,
            worker,
            stop,
        }
    }

    pub(super) fn works(&self) {
        let stopping = self.stop.subscribe();
        tokio::spawn(self.worker.clone().run(0..LANES, stopping));
    }

    pub(super) async fn send(
        &self,
        request: Request,
        patience: Duration,
    ) -> Result<Sent, ChatError> {
        let sending = self.queued.submit(self.application, request, patience);
        sending.await
    }

    pub(super) async fn submit(&self, request: Request) -> Option<u64> {
        match self.send(request, PATIENCE).await.unwrap() {
            Sent::Outcome(outcome) => number(&outcome),
            Sent::Later(id) => panic!("{id} comes later"),
        }
    }
}

pub(super) struct World {
    pub(super) desk: Desk,
    pub(super) chat: ChatNumber,
    pub(super) store: Arc<dyn Store>,
    pub(super) queue: Arc<MemoryQueue>,
    pub(super) bus: Arc<dyn Bus>,
}

impl World {
    pub(super) async fn new() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let desk = Desk::open(&store).await;
        Self {
            chat: desk.chat().await,
            desk,
            store,
            queue: Arc::new(MemoryQueue::holding(LIMITS)),
            bus: Arc::new(MemoryBus::new()),
        }
    }

    pub(super) async fn node(&self) -> Node {
        self.node_on(self.queue.clone()).await
    }

    pub(super) async fn node_on(&self, queue: Arc<dyn Queue>) -> Node {
        let application = self.desk.application;
        Node::on(application, self.store.clone(), queue, self.bus.clone()).await
    }

    pub(super) async fn node_committing(&self, commit: Arc<dyn Commit>) -> Node {
        let application = self.desk.application;
        Node::on(application, commit, self.queue.clone(), self.bus.clone()).await
    }

    pub(super) fn ask(&self, text: &str) -> Request {
        self.desk.ask(post(self.chat, text))
    }

    pub(super) async fn bodies(&self) -> Vec<String> {
        let messages = self.desk.messages(self.chat).await;
        messages.into_iter().map(|one| one.body).collect()
    }
}

/// What the memory queue answers, which never waits to push.
pub(super) fn futures_now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

/// A Store that is away until it is told otherwise.
#[derive(Default)]
pub(super) struct Outage {
    pub(super) is_over: AtomicBool,
    /// How often it was asked to commit meanwhile.
    pub(super) refused: AtomicU32,
}

impl Outage {
    pub(super) fn of(self: &Arc<Self>, store: &Arc<dyn Store>) -> MockCommit {
        let down = || BackendError::new(ErrorKind::Unavailable, "mock", "commit");
        let mut commit = MockCommit::new();
        let (outage, inner) = (self.clone(), store.clone());
        commit.expect_commit().returning(move |batch, now| {
            if outage.is_over.load(Ordering::Relaxed) {
                return futures_now(inner.commit(batch, now));
            }
            outage.refused.fetch_add(1, Ordering::Relaxed);
            Err(down())
        });
        let (outage, inner) = (self.clone(), store.clone());
        commit.expect_operations().returning(move |ids| {
            match outage.is_over.load(Ordering::Relaxed) {
                true => futures_now(inner.operations(ids)),
                false => Err(down()),
            }
        });
        commit
    }
}
