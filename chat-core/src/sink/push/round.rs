//! What is told and settled together, and how far a pass came that could not tell all.

use std::collections::HashMap;

use crate::ids::{ApplicationId, ChatId, Head, PublicId};
use crate::port::{Dirty, Notification};

/// The most that a notifier is given at once.
pub(super) const BATCH: usize = 100;

/// What waits to be told, in order, and the rows that are settled as it is.
#[derive(Default)]
pub(super) struct Round {
    waiting: Vec<Notification>,
    /// The rows of which everything waits or is told, each with how many of those who wait come before it is settled.
    read: Vec<(Dirty, usize)>,
    pub(super) applications: HashMap<ApplicationId, Option<PublicId>>,
}

/// How far chats with many members were told, and those of which something was not taken, the latest failure last.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) halfway: HashMap<ChatId, Halfway>,
    pub(super) failed: Vec<ChatId>,
}

/// How far one chat was told.
#[derive(Clone, Copy)]
pub(super) struct Halfway {
    /// Of what was in it by then,
    pub(super) head: Head,
    /// its members up to this one.
    pub(super) after: u64,
}

impl Progress {
    /// What has nothing new is told, by whomever.
    pub(super) fn forget_all_but(&mut self, rows: &[Dirty]) {
        let is_new = |chat: &ChatId| rows.iter().any(|row| row.chat == *chat);
        self.halfway.retain(|chat, _| is_new(chat));
        self.failed.retain(is_new);
    }

    pub(super) fn fails(&mut self, chat: ChatId) {
        self.failed.retain(|one| *one != chat);
        self.failed.push(chat);
    }
}

impl Round {
    /// Somebody is to be told.
    pub(super) fn tell(&mut self, notification: Notification) {
        self.waiting.push(notification);
    }

    /// All that this row is about waits by now, or was told.
    pub(super) fn settle(&mut self, row: Dirty) {
        self.read.push((row, self.waiting.len()));
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= BATCH
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.read.is_empty()
    }

    /// What is told next.
    pub(super) fn part(&self) -> &[Notification] {
        &self.waiting[..self.waiting.len().min(BATCH)]
    }

    /// So many were told: the rows that are to be settled with that.
    pub(super) fn told(&mut self, count: usize) -> Vec<Dirty> {
        self.waiting.drain(..count);
        for (_, before) in &mut self.read {
            *before = before.saturating_sub(count);
        }
        let done = self.read.extract_if(.., |(_, before)| *before == 0);
        done.map(|(row, _)| row).collect()
    }

    /// The chat of the first row that is not settled.
    pub(super) fn first(&self) -> Option<ChatId> {
        self.read.first().map(|(row, _)| row.chat)
    }
}
