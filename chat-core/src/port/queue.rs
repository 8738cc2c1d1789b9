//! The Queue: commands on their way to a commit. At least once: whoever takes a job may see it again.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::BackendError;
use crate::ids::{ApplicationId, OperationId};
use crate::page::{Limit, Page};

type Result<T> = std::result::Result<T, BackendError>;

/// A command that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What it is known by: taking it twice changes nothing.
    pub id: OperationId,
    /// Whose it is: it takes this application's share of its lane, and nobody else finds it.
    pub application: ApplicationId,
    /// The command, as the core writes and reads it.
    pub body: Vec<u8>,
}

/// A job that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// By which it is acknowledged, given back or buried.
    pub receipt: Receipt,
    /// The job.
    pub job: Job,
    /// How often it was taken, this time included, but for the times that [`Blame::Others`] had.
    pub attempt: u32,
}

/// The place of a job in its lane, as the queue writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receipt(pub String);

/// What to take.
#[derive(Debug, Clone, Copy)]
pub struct Pull {
    /// From which lane.
    pub lane: u16,
    /// At most so many.
    pub limit: usize,
    /// How long to wait for the first.
    pub patience: Duration,
    /// For how long they are this taker's; afterwards they are taken again by whoever comes.
    pub lease: Duration,
}

/// How much is in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// The lane.
    pub lane: u16,
    /// Jobs that nobody has, those that were given back included.
    pub waiting: u64,
    /// Jobs that someone has.
    pub taken: u64,
}

/// A job that no commit takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its lane.
    pub lane: u16,
    /// The job.
    pub job: Job,
    /// Why it was buried.
    pub reason: String,
}

/// Who is to blame for a job that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The job: this attempt counts.
    Job,
    /// Something that passes, which says nothing about the job: it comes again as if it had not been taken.
    Others,
}

/// How many jobs a queue takes, those that were taken or given back included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Most in one lane.
    pub lane: usize,
    /// Most of one application in one lane: who waits behind a flood waits for so many jobs.
    pub application: usize,
    /// Most dead letters of one lane.
    pub dead_letters: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            lane: 100_000,
            application: 2_000,
            dead_letters: 1_000,
        }
    }
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// In its lane: waiting, or taken and not acknowledged.
    InLane,
    /// Among the dead letters.
    Buried,
}

/// Lanes of jobs, each in the order of their arrival but for those that were given back.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Appends a job to a lane. `false` when the lane is full, or its application has its share of it: nothing was appended. After
    /// an error it may have been appended all the same.
    async fn push(&self, lane: u16, job: &Job) -> Result<bool>;

    /// Takes jobs: first those whose lease has run out, then those that were given back and are due, then those that wait, in
    /// order. Empty when `patience` ran out.
    async fn pull(&self, pull: Pull) -> Result<Vec<Delivery>>;

    /// These jobs are done and never come again. A receipt that is unknown is left alone.
    async fn ack(&self, lane: u16, receipts: &[Receipt]) -> Result<()>;

    /// Gives a job back: it comes again, not before `after`. A receipt that is unknown is left alone.
    async fn retry(
        &self,
        lane: u16,
        receipt: &Receipt,
        after: Duration,
        blame: Blame,
    ) -> Result<()>;

    /// Puts a job among the dead letters. When those of its lane are full it stays taken, and comes again when its lease is over. A
    /// receipt that is unknown is left alone.
    async fn bury(&self, lane: u16, receipt: &Receipt, reason: &str) -> Result<()>;

    /// Where the application's job of this id is; `None` when the queue holds no such job.
    async fn find(&self, application: ApplicationId, id: OperationId) -> Result<Option<Held>>;

    /// How much is in each lane that has something, ascending by lane.
    async fn depth(&self) -> Result<Vec<Depth>>;

    /// Whether this node leads in `role`: it has led without a break, or nobody does. It leads for `lease` from now on. Two may
    /// lead for a moment, so what they do must bear being done twice.
    async fn lead(&self, role: &str, lease: Duration) -> Result<bool>;

    /// Whether a job that was pushed outlives a crash of the queue, as far as its own settings tell at the time of the call: an
    /// earlier answer would promise what no longer holds.
    async fn durable(&self) -> Result<bool>;
}

/// Jobs that no commit takes, for an operator to look at.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait DeadLetters: Send + Sync + 'static {
    /// The dead letters with ids above `after`, ascending by id.
    async fn buried(&self, after: Option<OperationId>, limit: Limit) -> Result<Page<DeadLetter>>;

    /// How many there are.
    async fn count(&self) -> Result<u64>;

    /// Puts a dead letter at the end of its lane, as one that was never taken. `false` when there is none of this id.
    async fn revive(&self, id: OperationId) -> Result<bool>;

    /// Forgets a dead letter. `false` when there is none of this id.
    async fn discard(&self, id: OperationId) -> Result<bool>;
}
