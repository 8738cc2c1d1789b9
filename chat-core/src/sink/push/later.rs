//! Those who were there when something came for them, and had not read it: a connection may be dead for a while before that is known.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::{ApplicationId, ChatId, UserNumber};
use crate::port::Notification;

/// So often they are looked at again.
const AGAIN: Duration = Duration::from_secs(15);
/// So many are remembered. Whoever is beyond that is taken to be there: of the application that has most of them.
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
    /// Whose they are.
    of: HashMap<ApplicationId, HashSet<Place>>,
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
        let due = known.map_or(now + AGAIN, |doubt| doubt.due);
        let doubt = Doubt {
            application,
            chat,
            notification,
            due,
            until: now + hold,
        };
        match known {
            Some(_) => drop(self.doubts.insert(place, doubt)),
            None => self.put(place, doubt),
        }
    }

    /// Takes in somebody who is not remembered yet.
    fn put(&mut self, place: Place, doubt: Doubt) {
        if self.doubts.len() >= MOST {
            let has_most = self.of.iter().max_by_key(|(_, places)| places.len());
            let first = has_most.and_then(|(_, places)| places.iter().next().copied());
            first.map(|first| self.forget(first));
        }
        if self.turns.len() >= 2 * MOST {
            let doubts = &self.doubts;
            let is_due = |doubt: &Doubt, due: &Instant| doubt.due == *due;
            self.turns
                .retain(|(due, place)| doubts.get(place).is_some_and(|doubt| is_due(doubt, due)));
        }
        self.of.entry(doubt.application).or_default().insert(place);
        self.turns.push_back((doubt.due, place));
        self.doubts.insert(place, doubt);
    }

    /// Somebody is told, of the same or of more.
    pub(super) fn forget(&mut self, place: Place) -> Option<Doubt> {
        let doubt = self.doubts.remove(&place)?;
        if let Entry::Occupied(mut of) = self.of.entry(doubt.application) {
            of.get_mut().remove(&place);
            if of.get().is_empty() {
                of.remove();
            }
        }
        Some(doubt)
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
                due.extend(self.forget(place));
            }
        }
        due
    }

    /// They are looked at again after a while, unless something newer came for them.
    pub(super) fn keep(&mut self, doubts: impl IntoIterator<Item = Doubt>) {
        let now = Instant::now();
        for doubt in doubts {
            let place = (doubt.chat, doubt.notification.user);
            if !self.doubts.contains_key(&place) {
                let due = now + AGAIN;
                self.put(place, Doubt { due, ..doubt });
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.doubts.len(), self.turns.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::{ChatNumber, MessageNumber, PublicId};

    fn note(later: &mut Later, application: i64, user: u64) {
        let notification = Notification {
            application: PublicId(uuid::Uuid::nil()),
            user: UserNumber(user),
            chat: ChatNumber(1),
            message: MessageNumber(1),
            author: None,
            at: Timestamp(0),
        };
        let (application, chat) = (ApplicationId(application), ChatId(application));
        later.note(application, chat, notification, AGAIN);
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for_and_no_application_takes_it_all() {
        let mut later = Later::default();
        for user in 0..MOST as u64 {
            note(&mut later, 1, user);
            note(&mut later, 1, user);
        }
        assert_eq!(later.len(), (MOST, MOST));
        note(&mut later, 2, 1);
        for user in 0..3 * MOST as u64 {
            note(&mut later, 1, user);
        }
        let (doubts, turns) = later.len();
        assert!(doubts == MOST && turns <= 2 * MOST, "{turns}");
        assert!(later.doubts.contains_key(&(ChatId(2), UserNumber(1))));
    }
}
