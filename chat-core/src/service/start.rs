//! How a backend is put together: what writes, what is told, and what follows.

use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, OnceCell, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::commit::Sink;
use crate::error::ChatError;
use crate::ids::Epoch;
use crate::lane::{Lane, LaneLimits, Lanes, Worker};
use crate::live::{Hub, LiveLimits, Presences};
use crate::password::Passwords;
use crate::port::{Bus, Presence, Stores};
use crate::queued::{self, Queued, Routes, Waiting};
use crate::sink::{Announcer, CountFeed, Indexer, Pusher};

use super::index::IndexState;
use super::lead::Lead;
use super::live::Live;
use super::push::{self, Push};
use super::{Chat, Inner, PATIENCE, Parts, Queueing, Tasks, Watches, upkeep};

impl Chat {
    /// Starts a backend on the current tokio runtime: its lane, its sinks and its scheduled work.
    /// Creates the default application if there is none.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn start(parts: Parts) -> Result<Self, ChatError> {
        let epoch = parts.stores.upkeep.epoch().await?;
        let (wake, wake_push) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut sinks = vec![(Sink::Index, wake.clone())];
        sinks.extend(
            parts
                .notifier
                .is_some()
                .then(|| (Sink::Push, wake_push.clone())),
        );
        let (sinks, followers): (Vec<_>, Vec<_>) = sinks.into_iter().unzip();
        let keyring = parts.keyring;
        let counts = parts
            .counter
            .map(|counter| CountFeed::new(counter, keyring.clone()));
        let counts = counts.map(Arc::new);
        let announcer = Announcer::new(parts.bus.clone(), followers).feeding(counts.clone());
        let (mut site, stopping) = Site::new(parts.stores, parts.bus, parts.clock, announcer);
        let lanes = (0..parts.lanes.get()).map(|_| parts.limits.shared_by(parts.lanes));
        let lanes = site.lanes(lanes, &sinks);
        let (grace, watches) = (parts.live.grace, Arc::new(Watches::default()));
        let hub = site
            .hub(parts.presence, epoch, parts.live, &watches)
            .await?;
        if let Some(counts) = counts.clone() {
            site.runs(counts.run());
        }
        let indexer = Indexer::new(site.stores.clone(), parts.search.clone(), wake);
        let indexer = Arc::new(indexer);
        site.runs(indexer.clone().run());
        let queue = parts
            .queueing
            .as_ref()
            .map(|queueing| queueing.queue.clone());
        let push = parts.notifier.map(|notifier| {
            let (stores, presence) = (site.stores.clone(), hub.presence.clone());
            let pusher = Arc::new(Pusher::new(stores, presence, notifier, wake_push, grace));
            site.runs(push::run(pusher.clone(), Lead::new(queue.clone())));
            Push::new(pusher)
        });
        let queued = match parts.queueing {
            Some(queueing) => Some(site.queued(queueing, &lanes, stopping).await?),
            None => None,
        };
        let Site {
            stores,
            clock,
            announcer,
            tasks,
            ..
        } = site;
        let inner = Inner {
            stores,
            search: parts.search,
            announcer,
            clock,
            keyring,
            passwords: Passwords::default(),
            epoch,
            home: OnceCell::new(),
            lanes,
            queued,
            dead_letters: parts.dead_letters,
            watches,
            live: Live(hub),
            lead: Lead::new(queue),
            counts,
            indexer,
            index: IndexState::default(),
            push,
            recounted: Mutex::default(),
            purge: Arc::new(Notify::new()),
            tasks: Mutex::new(tasks),
        };
        let chat = Self {
            patience: PATIENCE,
            inner: Arc::new(inner),
        };
        chat.ensure_default_application().await?;
        chat.begin_index().await?;
        if let Some(recount_every) = parts.recount_every {
            let upkeep = upkeep::run(Arc::downgrade(&chat.inner), recount_every);
            chat.tasks().others.spawn(upkeep);
        }
        Ok(chat)
    }
}

/// What everything is put together with, and the tasks that run by now.
struct Site {
    stores: Stores,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    announcer: Arc<Announcer>,
    tasks: Tasks,
}

impl Site {
    /// Nothing but the announcer runs; and what tells the workers of the queue to stop.
    fn new(
        stores: Stores,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        announcer: Announcer,
    ) -> (Self, watch::Receiver<bool>) {
        let (stop, stopping) = watch::channel(false);
        let tasks = Tasks {
            workers: (stop, JoinSet::new()),
            lanes: JoinSet::new(),
            others: JoinSet::new(),
        };
        let mut site = Self {
            stores,
            bus,
            clock,
            announcer: Arc::new(announcer),
            tasks,
        };
        site.runs(site.announcer.clone().run());
        (site, stopping)
    }

    fn runs(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.others.spawn(task);
    }

    /// What commits, a lane for each of these limits; every commit is left to these sinks too.
    fn lanes(&mut self, limits: impl Iterator<Item = LaneLimits>, sinks: &[Sink]) -> Lanes {
        let (commit, clock) = (self.stores.commit.clone(), self.clock.clone());
        let announcer = self.announcer.clone();
        let lane = |limits| {
            let sinks = sinks.to_vec();
            Lane::new(
                commit.clone(),
                clock.clone(),
                announcer.clone(),
                sinks,
                limits,
            )
        };
        let (lanes, workers): (Vec<_>, Vec<_>) = limits.map(lane).unzip();
        self.tasks.lanes = workers.into_iter().map(Worker::run).collect();
        Lanes::new(lanes)
    }

    /// What tells those who are connected, and who of them is there.
    async fn hub(
        &mut self,
        presence: Arc<dyn Presence>,
        epoch: Epoch,
        limits: LiveLimits,
        watches: &Arc<Watches>,
    ) -> Result<Arc<Hub>, ChatError> {
        let (stores, clock) = (self.stores.clone(), self.clock.clone());
        let (bus, grace) = (self.bus.clone(), limits.grace);
        let presence = Presences::new(presence, stores.clone(), bus, clock.clone(), grace);
        let presence = Arc::new(presence);
        let announcer = self.announcer.clone();
        let (follow, there) = (watches.clone(), presence.clone());
        let hub = Hub::new(stores, announcer, clock, epoch, limits, follow, there);
        let hub = Arc::new(hub);
        let events = self.bus.subscribe().await?;
        self.runs(presence.run());
        self.runs(watches.clone().look(self.stores.chats.clone(), hub.clone()));
        self.runs(watches.clone().run(events, hub.clone()));
        Ok(hub)
    }

    /// What writes through the queue, and works it if that is wanted here.
    async fn queued(
        &mut self,
        queueing: Queueing,
        lanes: &Lanes,
        stopping: watch::Receiver<bool>,
    ) -> Result<(Queued, Routes), ChatError> {
        let waiting = Arc::new(Waiting::default());
        let events = self.bus.subscribe().await?;
        let (queue, commit) = (queueing.queue, self.stores.commit.clone());
        self.runs(waiting.clone().run(commit.clone(), events));
        if queueing.works {
            let worker = queued::Worker {
                queue: queue.clone(),
                lanes: lanes.clone(),
                waiting: waiting.clone(),
                bus: self.bus.clone(),
            };
            let (_, workers) = &mut self.tasks.workers;
            workers.spawn(worker.run(0..queued::LANES, stopping));
        }
        let queued = Queued {
            queue,
            lanes: lanes.clone(),
            commit,
            waiting,
        };
        Ok((queued, queueing.routes))
    }
}
