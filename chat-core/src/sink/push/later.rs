//! Those who were there when something came for them, and had not read it: a connection may be dead for a while before that is known.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::{ApplicationId, ChatId, UserNumber};
use crate::port::Notification;

/// So often they are looked at again.
const AGAIN: Duration = Duration::from_secs(15);
/// So many are remembered. Whoever is beyond that is taken to be there.
const MOST: usize = 1 << 16;

/// Who, and of which chat.
pub(super) type Place = (ChatId, UserNumber);

/// Somebody who may have to be told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) application: ApplicationId,
    pub(super) chat: ChatId,
    pub(super) notification: Notification,
    /// When to look next, and until when somebody who was gone would still be taken to be there.
    due: Instant,
    until: Instant,
}

/// All who may have to be told yet: each with the latest message alone, and in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Later {
    doubts: HashMap<Place, Doubt>,
    /// When each is due, the earliest first. What does not agree with its doubt is over.
    turns: VecDeque<(Instant, Place)>,
}

impl Doubt {
    /// Whether whoever is there now was there when it came.
    pub(super) fn is_over(&self) -> bool {
        self.until <= Instant::now()
    }
}

impl Later {
    /// Somebody is there, and has something to read. He is looked at for so long.
    pub(super) fn note(
        &mut self,
        application: ApplicationId,
        chat: ChatId,
        notification: Notification,
        hold: Duration,
    ) {
        let place = (chat, notification.user);
        let now = Instant::now();
        let known = self.doubts.get(&place);
        if known.is_none() && self.doubts.len() >= MOST {
            return;
        }
        let due = known.map_or(now + AGAIN, |doubt| doubt.due);
        if known.is_none() {
            self.turns.push_back((due, place));
        }
        let doubt = Doubt {
            application,
            chat,
            notification,
            due,
            until: now + hold,
        };
        self.doubts.insert(place, doubt);
    }

    /// Somebody is told, of the same or of more.
    pub(super) fn forget(&mut self, place: Place) {
        self.doubts.remove(&place);
    }

    /// Takes out up to `limit` of those who are due.
    pub(super) fn due(&mut self, limit: usize) -> Vec<Doubt> {
        let now = Instant::now();
        let mut due = Vec::new();
        while due.len() < limit
            && let Some((at, place)) = self.turns.front().copied()
            && at <= now
        {
            self.turns.pop_front();
            if self.doubts.get(&place).is_some_and(|doubt| doubt.due == at) {
                due.extend(self.doubts.remove(&place));
            }
        }
        due
    }

    /// They are looked at again after a while, unless something newer came for them.
    pub(super) fn keep(&mut self, doubts: impl IntoIterator<Item = Doubt>) {
        let now = Instant::now();
        for doubt in doubts {
            let place = (doubt.chat, doubt.notification.user);
            if let Entry::Vacant(free) = self.doubts.entry(place) {
                let due = now + AGAIN;
                free.insert(Doubt { due, ..doubt });
                self.turns.push_back((due, place));
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.doubts.len(), self.turns.len())
    }
}
