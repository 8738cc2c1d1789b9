//! Somebody who is connected to this node, by one connection or several.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::presence::{AGAIN, LEASE, Presences, Who};

/// How often it is kept that somebody who stays was seen.
const SEEN: Duration = Duration::from_secs(5 * 60);

/// As long as this is kept, the user is there; after that, for a time of grace.
pub struct Attendance {
    presences: Arc<Presences>,
    who: Who,
}

impl Attendance {
    pub(super) fn new(presences: Arc<Presences>, who: Who) -> Self {
        Self { presences, who }
    }
}

impl fmt::Debug for Attendance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { presences: _, who } = self;
        f.debug_struct("Attendance").field("who", who).finish()
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.presences.leave(self.who);
    }
}

/// What is to be said of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Next {
    /// That he is there now.
    Come,
    /// That he still is.
    Stay,
    /// That he is for a last time, while he may come back.
    Leave,
    /// That he is not any more.
    Go,
}

/// Somebody who is, or a moment ago was, connected here.
#[derive(Debug)]
pub(super) struct Here {
    connections: usize,
    said: Said,
    /// When it was last kept that he was seen.
    seen: Option<Instant>,
    /// Whether it is to be kept, and could not be yet.
    is_owed: bool,
}

/// What was said of him last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Nothing; how long it is tried.
    Nothing(Instant),
    /// That he is there; until when that need not be said again, and how long it holds.
    There(Instant, Instant),
    /// That he is leaving; until when he may come back.
    Leaving(Instant),
}

impl Here {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            connections: 0,
            said: Said::Nothing(now + LEASE),
            seen: None,
            is_owed: false,
        }
    }

    pub(super) fn come(&mut self) {
        self.connections += 1;
    }

    pub(super) fn leave(&mut self) {
        self.connections -= 1;
    }

    /// What is to be said of him now.
    pub(super) fn next(&self, now: Instant) -> Option<Next> {
        let is_here = self.connections > 0;
        match self.said {
            // Who was here for a moment was here.
            Said::Nothing(end) if is_here || now < end => Some(Next::Come),
            Said::Nothing(_) => Some(Next::Go),
            Said::There(due, _) if is_here => (due <= now).then_some(Next::Stay),
            // His lease has ended, as it could not be shortened.
            Said::There(_, end) if end <= now => Some(Next::Go),
            Said::There(..) => Some(Next::Leave),
            // His lease is the short one of who leaves.
            Said::Leaving(_) if is_here => Some(Next::Stay),
            Said::Leaving(end) => (end <= now).then_some(Next::Go),
        }
    }

    /// Whether it is time to keep that he was seen: when he comes, when he leaves, and now and then while he is there; again until it
    /// [was](Here::seen).
    pub(super) fn is_to_be_seen(&mut self, next: Next, now: Instant) -> bool {
        let is_fresh = self.seen.is_some_and(|seen| now < seen + SEEN);
        let is_due = match next {
            Next::Come | Next::Leave => true,
            Next::Stay => !is_fresh,
            Next::Go => false,
        };
        self.is_owed |= is_due;
        self.is_owed
    }

    /// It was kept that he was seen.
    pub(super) fn seen(&mut self, now: Instant) {
        self.seen = Some(now);
        self.is_owed = false;
    }

    /// It was said; whether anything is left to say.
    pub(super) fn done(&mut self, next: Next, now: Instant, grace: Duration) -> bool {
        match next {
            Next::Come | Next::Stay => self.said = Said::There(now + AGAIN, now + LEASE),
            Next::Leave => self.said = Said::Leaving(now + grace),
            // Who has come back meanwhile comes anew.
            Next::Go if self.connections > 0 => self.said = Said::Nothing(now + LEASE),
            Next::Go => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn who_comes_back_in_time_never_left() {
        let start = Instant::now();
        let mut here = Here::new(start);
        here.come();
        assert_eq!(here.next(start), Some(Next::Come));
        assert!(here.done(Next::Come, start, GRACE));
        assert_eq!(here.next(start), None);
        assert_eq!(here.next(start + AGAIN), Some(Next::Stay));
        here.leave();
        assert_eq!(here.next(start), Some(Next::Leave));
        assert!(here.done(Next::Leave, start, GRACE));
        assert_eq!(here.next(start), None);
        here.come();
        // The lease of who was leaving is too short for one who stays.
        assert_eq!(here.next(start), Some(Next::Stay));
        assert!(here.done(Next::Stay, start, GRACE));
        here.leave();
        assert!(here.done(Next::Leave, start, GRACE));
        assert_eq!(here.next(start + GRACE), Some(Next::Go));
        assert!(!here.done(Next::Go, start + GRACE, GRACE));
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_be_said_to_leave_is_gone_with_his_lease() {
        let start = Instant::now();
        let mut here = Here::new(start);
        here.come();
        assert!(here.done(Next::Come, start, GRACE));
        here.leave();
        assert_eq!(here.next(start + AGAIN), Some(Next::Leave));
        assert_eq!(here.next(start + LEASE), Some(Next::Go));
    }

    #[tokio::test(start_paused = true)]
    async fn who_stays_is_seen_now_and_then() {
        let start = Instant::now();
        let mut here = Here::new(start);
        assert!(here.is_to_be_seen(Next::Come, start));
        // As long as it could not be kept.
        assert!(here.is_to_be_seen(Next::Stay, start));
        here.seen(start);
        assert!(!here.is_to_be_seen(Next::Stay, start + AGAIN));
        assert!(here.is_to_be_seen(Next::Stay, start + SEEN));
        here.seen(start + SEEN);
        assert!(here.is_to_be_seen(Next::Leave, start + SEEN));
        here.seen(start + SEEN);
        assert!(!here.is_to_be_seen(Next::Go, start + 2 * SEEN));
    }
}
