//! What waits for one listener: bounded.

use std::collections::VecDeque;

use super::{LiveLimits, News};

/// A queue that has been emptied keeps room for so many.
const KEPT: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Queue {
    news: VecDeque<(News, usize)>,
    bytes: usize,
}

impl Queue {
    /// Puts something in; `false` when there is too much already.
    pub(super) fn push(&mut self, news: News, bytes: usize, limits: LiveLimits) -> bool {
        if self.is_full(limits) {
            self.news.retain(|(news, _)| !is_light(news));
        }
        if self.is_full(limits) {
            return false;
        }
        self.bytes += bytes;
        self.news.push_back((news, bytes));
        true
    }

    /// Puts something in that may as well be lost, while less than half of what may wait does.
    pub(super) fn push_light(&mut self, news: News, limits: LiveLimits) {
        if self.has_room(limits) {
            self.news.push_back((news, 0));
        }
    }

    pub(super) fn pop(&mut self) -> Option<News> {
        let (news, bytes) = self.news.pop_front()?;
        self.bytes -= bytes;
        if self.news.is_empty() {
            self.news.shrink_to(KEPT);
        }
        Some(news)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether less waits than half of what may.
    pub(super) fn has_room(&self, limits: LiveLimits) -> bool {
        self.news.len() < limits.waiting / 2 && self.bytes < limits.waiting_bytes / 2
    }

    fn is_full(&self, limits: LiveLimits) -> bool {
        self.news.len() >= limits.waiting || self.bytes >= limits.waiting_bytes
    }
}

/// What goes first when too much waits.
fn is_light(news: &News) -> bool {
    matches!(news, News::Typing(_) | News::Marked(_))
}
