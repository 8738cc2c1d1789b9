//! This node's word for those who are connected to it.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{AT_ONCE, LEASE, Presences, Who, by_application, names};
use crate::error::BackendError;
use crate::live::attendance::{Here, Next};
use crate::port::Event;

impl Presences {
    /// Gives and takes back this node's word for those who are due.
    pub(super) async fn tell(&self) -> Result<(), BackendError> {
        let now = Instant::now();
        let (mut due, mut seen) = (HashMap::<Next, Vec<Who>>::new(), Vec::new());
        let left_out;
        {
            let mut state = self.state();
            let all = state.here.iter_mut();
            let mut all = all.filter_map(|(who, here)| Some((here.next(now)?, *who, here)));
            for (next, who, here) in all.by_ref().take(AT_ONCE) {
                due.entry(next).or_default().push(who);
                if here.is_to_be_seen(next, now) {
                    seen.push(who);
                }
            }
            left_out = all.next().is_some();
        }
        let mut take = |next| due.remove(&next).unwrap_or_default();
        let (came, stays) = (take(Next::Come), take(Next::Stay));
        let (left, gone) = (take(Next::Leave), take(Next::Go));
        let said = self.say(&came, &stays, &left, &gone).await;
        // Whoever cannot be written down is there nevertheless.
        let written = self.write_down(seen, now).await;
        if left_out && said.is_ok() {
            self.look.notify_one();
        }
        said.and(written)
    }

    async fn say(
        &self,
        came: &[Who],
        stays: &[Who],
        left: &[Who],
        gone: &[Who],
    ) -> Result<(), BackendError> {
        self.touch(&[came, stays].concat(), LEASE).await?;
        self.done(came, Next::Come);
        self.done(stays, Next::Stay);
        self.touch(left, self.grace).await?;
        self.done(left, Next::Leave);
        self.done(gone, Next::Go);
        let moved = came.iter().chain(gone).map(|who| Event::Presence {
            application: who.0,
            user: who.1,
        });
        let moved: Vec<_> = moved.collect();
        if !moved.is_empty() {
            self.bus.publish(&moved).await?;
        }
        Ok(())
    }

    /// Keeps that these were seen.
    async fn write_down(&self, seen: Vec<Who>, now: Instant) -> Result<(), BackendError> {
        let at = self.clock.now();
        for (application, users) in by_application(seen) {
            self.stores.users.saw(application, &users, at).await?;
            let mut state = self.state();
            for user in users {
                if let Some(here) = state.here.get_mut(&(application, user)) {
                    here.seen(now);
                }
            }
        }
        Ok(())
    }

    /// The last word of a node that stops: its people are there for the time of grace, and may come back elsewhere.
    pub(crate) async fn farewell(&self) -> Result<(), BackendError> {
        let here: Vec<Who> = self.state().here.keys().copied().collect();
        for part in here.chunks(AT_ONCE) {
            self.touch(part, self.grace).await?;
        }
        Ok(())
    }

    async fn touch(&self, who: &[Who], lease: Duration) -> Result<(), BackendError> {
        if who.is_empty() {
            return Ok(());
        }
        self.port.touch(&names(who), self.node, lease).await
    }

    fn done(&self, who: &[Who], next: Next) {
        let now = Instant::now();
        let mut state = self.state();
        for who in who {
            let is_over = |here: &mut Here| !here.done(next, now, self.grace);
            if state.here.get_mut(who).is_some_and(is_over) {
                state.here.remove(who);
            }
        }
    }
}
