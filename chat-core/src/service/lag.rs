//! How far a sink is behind the Store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::{ChatId, Head};
use crate::port::Dirty;

/// How far a sink is behind the Store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SinkLag {
    /// Chats that it has yet to follow; 1,000 also stands for more.
    pub chats: usize,
    /// How long this process has known of the one that waits longest.
    pub longest: Duration,
}

/// Since when chats are known to wait for a sink, each from this head on.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<(ChatId, Head), Instant>>);

impl Known {
    /// These are all that wait now.
    pub(super) fn look(&self, rows: &[Dirty]) -> SinkLag {
        let now = Instant::now();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = rows.iter().map(|row| {
            let place = (row.chat, row.from);
            (place, waiting.get(&place).copied().unwrap_or(now))
        });
        *waiting = known.collect();
        let first = waiting.values().min().copied().unwrap_or(now);
        SinkLag {
            chats: rows.len(),
            longest: now - first,
        }
    }
}
