//! Notifications to users who are not connected: one node sees to them for all.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::commit::Sink;
use crate::error::BackendError;
use crate::page::Limit;
use crate::sink::Pusher;

use super::Chat;
use super::lag::{Known, SinkLag};
use super::lead::Lead;

/// The role of the node that tells users, and how long after it is gone another one may.
const ROLE: &str = "push";
const LEASE: Duration = Duration::from_secs(10);
/// So long a node follows until it asks again whether it is the one, and the others wait until they do.
const TURN: Duration = Duration::from_secs(5);

/// What this process knows of notifications.
pub(super) struct Push {
    pub(super) pusher: Arc<Pusher>,
    known: Known,
}

impl Push {
    pub(super) fn new(pusher: Arc<Pusher>) -> Self {
        let known = Known::default();
        Self { pusher, known }
    }
}

/// Tells users for as long as it is polled and this node is the one that does. Where nobody can say who that is all do: what comes
/// twice is known to be the same.
pub(super) async fn run(pusher: Arc<Pusher>, lead: Lead) {
    loop {
        let turn = lead.alone(ROLE, LEASE, pusher.run_for(TURN)).await;
        if turn.is_none() {
            pusher.rest();
            sleep(TURN).await;
        }
    }
}

impl Chat {
    /// How many notifications were taken from this process since the start.
    #[must_use]
    pub fn notified(&self) -> u64 {
        let push = self.inner.push.as_ref();
        push.map_or(0, |push| push.pusher.told())
    }

    /// Looks how far notifications are behind; `None` without a notifier. Ages are known from one look to the next, so look every few
    /// seconds.
    ///
    /// # Errors
    /// What the Store could not do.
    pub async fn push_lag(&self) -> Result<Option<SinkLag>, BackendError> {
        let Some(push) = &self.inner.push else {
            return Ok(None);
        };
        let rows = self.inner.stores.outbox.dirty(Sink::Push, Limit::MAX);
        Ok(Some(push.known.look(&rows.await?)))
    }
}
