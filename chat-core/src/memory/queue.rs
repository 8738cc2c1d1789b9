use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::BackendError;
use crate::ids::{ApplicationId, OperationId};
use crate::page::{Limit, Page, Span};
use crate::port::{
    Blame, DeadLetter, DeadLetters, Delivery, Depth, Held, Job, Pull, Queue, QueueLimits, Receipt,
};

type Result<T> = std::result::Result<T, BackendError>;

/// A queue inside one process. What it holds is gone with the process.
#[derive(Debug)]
pub struct MemoryQueue {
    shared: Arc<Shared>,
    /// Among those that share it.
    node: u64,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    limits: QueueLimits,
}

#[derive(Debug, Default)]
struct State {
    lanes: BTreeMap<u16, Lane>,
    buried: BTreeMap<OperationId, DeadLetter>,
    last_receipt: u64,
    /// By role: which node leads, and until when.
    leaders: HashMap<String, (u64, Instant)>,
    last_node: u64,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    /// By when they are due, and in the order in which they were given back.
    given_back: BTreeMap<(Instant, u64), Waiting>,
    taken: BTreeMap<u64, (Instant, Waiting)>,
    /// How many of all of them each application has.
    shares: HashMap<ApplicationId, usize>,
}

#[derive(Debug)]
struct Waiting {
    job: Job,
    attempts: u32,
}

impl MemoryQueue {
    /// An empty queue with the usual limits.
    #[must_use]
    pub fn new() -> Self {
        Self::holding(QueueLimits::default())
    }

    /// An empty queue with these limits.
    #[must_use]
    pub fn holding(limits: QueueLimits) -> Self {
        let shared = Shared {
            state: Mutex::default(),
            changed: Notify::new(),
            limits,
        };
        Self {
            shared: Arc::new(shared),
            node: 0,
        }
    }

    /// The same queue, as another node has it: of the two, one leads in a role.
    #[must_use]
    pub fn beside(&self) -> Self {
        let mut state = self.state();
        state.last_node += 1;
        Self {
            shared: Arc::clone(&self.shared),
            node: state.last_node,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl Waiting {
    fn new(job: Job) -> Self {
        Self { job, attempts: 0 }
    }
}

impl Lane {
    fn len(&self) -> usize {
        self.waiting.len() + self.given_back.len() + self.taken.len()
    }

    fn share(&self, application: ApplicationId) -> usize {
        self.shares.get(&application).copied().unwrap_or_default()
    }

    fn append(&mut self, job: Job) {
        *self.shares.entry(job.application).or_default() += 1;
        self.waiting.push_back(Waiting::new(job));
    }

    /// Takes a job out of those that are taken.
    fn take_back(&mut self, receipt: &Receipt) -> Option<Waiting> {
        let number: u64 = receipt.0.parse().ok()?;
        self.taken.remove(&number).map(|(_, waiting)| waiting)
    }

    /// Takes a job away for good.
    fn remove(&mut self, receipt: &Receipt) -> Option<Job> {
        let Waiting { job, .. } = self.take_back(receipt)?;
        if let Some(share) = self.shares.get_mut(&job.application) {
            *share -= 1;
            if *share == 0 {
                self.shares.remove(&job.application);
            }
        }
        Some(job)
    }

    fn holds(&self, application: ApplicationId, id: OperationId) -> bool {
        let taken = self.taken.values().map(|(_, one)| one);
        let mut all = self
            .waiting
            .iter()
            .chain(self.given_back.values())
            .chain(taken);
        all.any(|one| one.job.id == id && one.job.application == application)
    }

    /// Puts those back in front whose lease has run out.
    fn reclaim(&mut self, now: Instant) {
        let (over, taken) = std::mem::take(&mut self.taken)
            .into_iter()
            .partition(|(_, (end, _))| *end <= now);
        self.taken = taken;
        let over: BTreeMap<u64, (Instant, Waiting)> = over;
        for (_, (_, waiting)) in over.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
    }

    /// The first that may be taken now.
    fn next(&mut self, now: Instant) -> Option<Waiting> {
        match self.given_back.first_entry() {
            Some(first) if first.key().0 <= now => Some(first.remove()),
            _ => self.waiting.pop_front(),
        }
    }

    /// When there may be something to take that is not there now.
    fn next_time(&self) -> Option<Instant> {
        let due = self.given_back.keys().next().map(|(due, _)| *due);
        let ends = self.taken.values().map(|(end, _)| *end);
        ends.chain(due).min()
    }
}

impl State {
    fn take(&mut self, pull: Pull) -> Vec<Delivery> {
        let now = Instant::now();
        let lane = self.lanes.entry(pull.lane).or_default();
        lane.reclaim(now);
        let mut deliveries = Vec::new();
        while deliveries.len() < pull.limit
            && let Some(mut waiting) = lane.next(now)
        {
            waiting.attempts += 1;
            self.last_receipt += 1;
            deliveries.push(Delivery {
                receipt: Receipt(self.last_receipt.to_string()),
                job: waiting.job.clone(),
                attempt: waiting.attempts,
            });
            lane.taken
                .insert(self.last_receipt, (now + pull.lease, waiting));
        }
        deliveries
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn push(&self, lane: u16, job: &Job) -> Result<bool> {
        let limits = self.shared.limits;
        let mut state = self.state();
        let lane = state.lanes.entry(lane).or_default();
        let is_full =
            lane.len() >= limits.lane || lane.share(job.application) >= limits.application;
        if !is_full {
            lane.append(job.clone());
            self.shared.changed.notify_waiters();
        }
        Ok(!is_full)
    }

    async fn pull(&self, pull: Pull) -> Result<Vec<Delivery>> {
        let end = Instant::now() + pull.patience;
        loop {
            let changed = self.shared.changed.notified();
            let (deliveries, next) = {
                let mut state = self.state();
                let deliveries = state.take(pull);
                let next = state.lanes.get(&pull.lane).and_then(Lane::next_time);
                (deliveries, next)
            };
            if !deliveries.is_empty() || Instant::now() >= end {
                return Ok(deliveries);
            }
            let until = next.map_or(end, |next| next.min(end));
            // Whether something came or the time did: look again.
            let _ = tokio::time::timeout_at(until, changed).await;
        }
    }

    async fn ack(&self, lane: u16, receipts: &[Receipt]) -> Result<()> {
        if let Some(lane) = self.state().lanes.get_mut(&lane) {
            for receipt in receipts {
                lane.remove(receipt);
            }
        }
        Ok(())
    }

    async fn retry(
        &self,
        lane: u16,
        receipt: &Receipt,
        after: Duration,
        blame: Blame,
    ) -> Result<()> {
        let state = &mut *self.state();
        let lane = state.lanes.entry(lane).or_default();
        if let Some(mut waiting) = lane.take_back(receipt) {
            if blame == Blame::Others {
                waiting.attempts -= 1;
            }
            state.last_receipt += 1;
            let place = (Instant::now() + after, state.last_receipt);
            lane.given_back.insert(place, waiting);
            self.shared.changed.notify_waiters();
        }
        Ok(())
    }

    async fn bury(&self, lane: u16, receipt: &Receipt, reason: &str) -> Result<()> {
        let limit = self.shared.limits.dead_letters;
        let state = &mut *self.state();
        let letters = state.buried.values();
        if letters.filter(|letter| letter.lane == lane).count() >= limit {
            return Ok(());
        }
        let held = state.lanes.get_mut(&lane);
        if let Some(job) = held.and_then(|lane| lane.remove(receipt)) {
            let reason = reason.to_owned();
            let letter = DeadLetter { lane, job, reason };
            state.buried.insert(letter.job.id, letter);
        }
        Ok(())
    }

    async fn find(&self, application: ApplicationId, id: OperationId) -> Result<Option<Held>> {
        let state = self.state();
        if state.lanes.values().any(|lane| lane.holds(application, id)) {
            return Ok(Some(Held::InLane));
        }
        let letter = state.buried.get(&id);
        let is_buried = letter.is_some_and(|letter| letter.job.application == application);
        Ok(is_buried.then_some(Held::Buried))
    }

    async fn depth(&self) -> Result<Vec<Depth>> {
        let state = self.state();
        let depths = state.lanes.iter().filter(|(_, lane)| lane.len() > 0);
        Ok(depths
            .map(|(number, lane)| Depth {
                lane: *number,
                waiting: (lane.waiting.len() + lane.given_back.len()) as u64,
                taken: lane.taken.len() as u64,
            })
            .collect())
    }

    async fn lead(&self, role: &str, lease: Duration) -> Result<bool> {
        let now = Instant::now();
        let mut state = self.state();
        let leader = state.leaders.get(role);
        let leads = leader.is_none_or(|(node, end)| *node == self.node || *end <= now);
        if leads {
            let leader = (self.node, now + lease);
            state.leaders.insert(role.to_owned(), leader);
        }
        Ok(leads)
    }

    async fn durable(&self) -> Result<bool> {
        Ok(false)
    }
}

#[async_trait]
impl DeadLetters for MemoryQueue {
    async fn buried(&self, after: Option<OperationId>, limit: Limit) -> Result<Page<DeadLetter>> {
        let state = self.state();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let found = state.buried.range((from, Bound::Unbounded));
        let letters = found.take(limit.get() + 1).map(|(_, one)| one.clone());
        Ok(Page::cut(letters.collect(), limit, Span::After(0)))
    }

    async fn count(&self) -> Result<u64> {
        Ok(self.state().buried.len() as u64)
    }

    async fn revive(&self, id: OperationId) -> Result<bool> {
        let state = &mut *self.state();
        let Some(DeadLetter { lane, job, .. }) = state.buried.remove(&id) else {
            return Ok(false);
        };
        state.lanes.entry(lane).or_default().append(job);
        self.shared.changed.notify_waiters();
        Ok(true)
    }

    async fn discard(&self, id: OperationId) -> Result<bool> {
        Ok(self.state().buried.remove(&id).is_some())
    }
}
