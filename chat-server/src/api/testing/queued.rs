//! A chat whose writes are queued, as on a cluster.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, OperationId};
use chat_core::memory::MemoryQueue;
use chat_core::port::{Blame, Delivery, Depth, Held, Job, Pull, Queue, Receipt};
use chat_core::queued::{Routes, WriteMode};
use chat_core::service::{Chat, Parts, Queueing};

type Result<T> = std::result::Result<T, BackendError>;

/// A queue that says that it outlives a crash.
struct Durable(MemoryQueue);

#[async_trait]
impl Queue for Durable {
    async fn push(&self, lane: u16, job: &Job) -> Result<bool> {
        self.0.push(lane, job).await
    }

    async fn pull(&self, pull: Pull) -> Result<Vec<Delivery>> {
        self.0.pull(pull).await
    }

    async fn ack(&self, lane: u16, receipts: &[Receipt]) -> Result<()> {
        self.0.ack(lane, receipts).await
    }

    async fn retry(
        &self,
        lane: u16,
        receipt: &Receipt,
        after: Duration,
        blame: Blame,
    ) -> Result<()> {
        self.0.retry(lane, receipt, after, blame).await
    }

    async fn bury(&self, lane: u16, receipt: &Receipt, reason: &str) -> Result<()> {
        self.0.bury(lane, receipt, reason).await
    }

    async fn find(&self, application: ApplicationId, id: OperationId) -> Result<Option<Held>> {
        self.0.find(application, id).await
    }

    async fn depth(&self) -> Result<Vec<Depth>> {
        self.0.depth().await
    }

    async fn lead(&self, role: &str, lease: Duration) -> Result<bool> {
        self.0.lead(role, lease).await
    }

    async fn durable(&self) -> Result<bool> {
        Ok(true)
    }
}

/// A chat in memory whose writes are queued, and taken from there when it works.
pub(crate) async fn queued_chat(works: bool) -> Chat {
    let queueing = Queueing {
        queue: Arc::new(Durable(MemoryQueue::new())),
        routes: Routes {
            default: WriteMode::Queued,
            own: HashMap::new(),
        },
        works,
    };
    let parts = Parts {
        queueing: Some(queueing),
        ..Parts::in_memory()
    };
    Chat::start(parts).await.unwrap()
}
