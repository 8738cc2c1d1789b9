//! Trying again what another writer was in the way of.

use std::time::Duration;

use chat_core::error::{BackendError, ErrorKind};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::session::Session;
use crate::error::{BACKEND, is_lost, kind, too_slow, translate};

const MOST: u32 = 20;
const FIRST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(200);

/// Whether the same work may succeed on fresh facts, or on another connection: nothing of it was committed.
pub(super) fn may_succeed(error: &sqlx::Error) -> bool {
    kind(error) == ErrorKind::Conflict || is_lost(error)
}

/// How often something was tried.
pub(super) struct Tries {
    made: u32,
    limit: Duration,
    end: Instant,
}

impl Tries {
    /// None yet; none begins after `limit`.
    pub(super) fn within(limit: Duration) -> Self {
        Self {
            made: 0,
            limit,
            end: Instant::now() + limit,
        }
    }

    /// When the last one ends.
    pub(super) const fn end(&self) -> Instant {
        self.end
    }

    /// What a piece of work that may be done twice came to; `None`: it may be tried again.
    ///
    /// # Errors
    /// It failed for good, was tried often enough, or took too long.
    pub(super) async fn conclude<T>(
        &mut self,
        op: &'static str,
        session: Session,
        result: Result<sqlx::Result<T>, Elapsed>,
    ) -> Result<Option<T>, BackendError> {
        match result {
            Ok(Ok(done)) => {
                session.release();
                Ok(Some(done))
            }
            Ok(Err(error)) if may_succeed(&error) => {
                // Closing it takes back what was not committed.
                drop(session);
                self.pause(op, error).await?;
                Ok(None)
            }
            Ok(Err(error)) => Err(translate(op)(error)),
            Err(_) => Err(too_slow(op, self.limit)),
        }
    }

    /// Waits a little, longer each time and never just as long as the one in the way.
    ///
    /// # Errors
    /// It was tried often enough: this was the last failure.
    pub(super) async fn pause(
        &mut self,
        op: &'static str,
        last: sqlx::Error,
    ) -> Result<(), BackendError> {
        let most = LONGEST.min(FIRST * 2_u32.pow(self.made.min(10)));
        let wait = most.mul_f64(0.5 + f64::from(Uuid::new_v4().as_bytes()[0]) / 512.0);
        self.made += 1;
        if self.made >= MOST || Instant::now() + wait >= self.end {
            return Err(BackendError::new(ErrorKind::Unavailable, BACKEND, op).with_source(last));
        }
        tracing::debug!(op, tries = self.made, error = %last, "another writer was in the way");
        sleep(wait).await;
        Ok(())
    }
}
