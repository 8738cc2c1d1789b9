use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use uuid::Uuid;

use crate::error::BackendError;
use crate::port::Presence;

/// So many may have leases before those that are over are looked for.
const FEW: usize = 64;
/// No lease is longer: a century, so that its end is a time.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Presence in memory. Leases that are over are dropped whenever the number of those who have one has
/// doubled.
#[derive(Debug, Default)]
pub struct MemoryPresence(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    leases: HashMap<String, HashMap<Uuid, Instant>>,
    /// How many there were when they were last looked through.
    swept: usize,
}

impl MemoryPresence {
    /// Nobody is there.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sweep(&mut self, now: Instant) {
        if self.leases.len() > FEW.max(2 * self.swept) {
            self.leases.retain(|_, places| {
                places.retain(|_, end| *end > now);
                !places.is_empty()
            });
            self.swept = self.leases.len();
        }
    }
}

#[async_trait]
impl Presence for MemoryPresence {
    async fn touch(
        &self,
        who: &[String],
        place: Uuid,
        lease: Duration,
    ) -> Result<(), BackendError> {
        let mut state = self.state();
        let now = Instant::now();
        for who in who {
            let places = state.leases.entry(who.clone()).or_default();
            places.retain(|_, end| *end > now);
            places.insert(place, now + lease.min(LONGEST));
            state.sweep(now);
        }
        Ok(())
    }

    async fn leave(&self, who: &str, place: Uuid) -> Result<(), BackendError> {
        let mut state = self.state();
        if let Some(places) = state.leases.get_mut(who) {
            places.remove(&place);
            if places.is_empty() {
                state.leases.remove(who);
            }
        }
        Ok(())
    }

    async fn of(&self, who: &[String]) -> Result<Vec<bool>, BackendError> {
        let state = self.state();
        let now = Instant::now();
        let is_there = |who: &String| {
            let places = state.leases.get(who);
            places.is_some_and(|places| places.values().any(|end| *end > now))
        };
        Ok(who.iter().map(is_there).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lease_ends_to_the_moment() {
        let presence = MemoryPresence::new();
        let lease = Duration::from_secs(10);
        let ann = ["ann".to_owned()];
        presence.touch(&ann, Uuid::nil(), lease).await.unwrap();
        tokio::time::advance(lease - Duration::from_millis(1)).await;
        assert_eq!(presence.of(&ann).await.unwrap(), [true]);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(presence.of(&ann).await.unwrap(), [false]);
    }

    #[tokio::test(start_paused = true)]
    async fn leases_that_are_over_take_no_memory() {
        let presence = MemoryPresence::new();
        let touch = async |who: usize| {
            let lease = Duration::from_secs(1);
            let who = [format!("who-{who}")];
            presence.touch(&who, Uuid::nil(), lease).await.unwrap();
        };
        for who in 0..1_000 {
            touch(who).await;
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        assert!(presence.state().leases.len() <= FEW + 1);
    }
}
