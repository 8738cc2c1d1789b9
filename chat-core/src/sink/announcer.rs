//! From the commit to the Bus and the sinks that follow the Store, without making the commit wait.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::commit::Counts;
use crate::ids::{ApplicationId, ChatId, UserNumber};
use crate::lane::Announce;
use crate::port::{Bus, Event, Moved};
use crate::sink::CountFeed;

/// So long after events were not published the next attempt begins.
const AGAIN: Duration = Duration::from_millis(500);

/// When there are more, each node looks by itself at whoever is connected to it.
const PEOPLE: usize = 256;

/// So many events of other kinds wait; who lost one looks by himself.
const OTHERS: usize = 1_024;

/// Collects what moved, one entry a chat however often it moves, and publishes it.
pub struct Announcer {
    pending: Mutex<Pending>,
    publish: Notify,
    followers: Vec<Arc<Notify>>,
    counts: Option<Arc<CountFeed>>,
    bus: Arc<dyn Bus>,
}

#[derive(Default)]
struct Pending {
    moved: HashMap<ChatId, Moved>,
    /// Users who are logged in, or take part in chats, otherwise than before.
    people: HashSet<(ApplicationId, UserNumber)>,
    /// Whatever else happened.
    others: Vec<Event>,
    /// Whether there was more of that.
    is_lost: bool,
}

impl Pending {
    fn into_events(self) -> Vec<Event> {
        let moved = self.moved.into_values().map(event);
        let people = self.people.into_iter();
        let is_crowd = people.len() > PEOPLE;
        let is_gap = is_crowd || self.is_lost;
        let person = |(application, user)| Event::Person { application, user };
        let people = people.take(if is_crowd { 0 } else { PEOPLE }).map(person);
        moved
            .chain(people)
            .chain(self.others)
            .chain(is_gap.then_some(Event::Gap))
            .collect()
    }
}

impl Announcer {
    /// An announcer to this bus, which wakes those who follow the Store as well.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>, followers: Vec<Arc<Notify>>) -> Self {
        Self {
            pending: Mutex::default(),
            publish: Notify::new(),
            followers,
            counts: None,
            bus,
        }
    }

    /// The same, which passes counts on to this feed.
    #[must_use]
    pub fn feeding(mut self, counts: Option<Arc<CountFeed>>) -> Self {
        self.counts = counts;
        self
    }

    /// Publishes an event soon, while whoever tells it goes on.
    pub(crate) fn tell(&self, event: Event) {
        if let Event::Person { application, user } = event {
            return self.people(vec![(application, user)]);
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        match pending.others.len() < OTHERS {
            true => pending.others.push(event),
            // Nobody looks for those who write.
            false => pending.is_lost |= !matches!(event, Event::Typing { .. }),
        }
        drop(pending);
        self.publish.notify_one();
    }

    /// Publishes for as long as it is polled. What the bus does not take is not kept: every node looks at the Store for those who
    /// wait.
    pub async fn run(self: Arc<Self>) {
        let mut missed = false;
        loop {
            let pending =
                std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
            let events = pending.into_events();
            if events.is_empty() {
                self.publish.notified().await;
                continue;
            }
            match self.bus.publish(&events).await {
                Ok(()) if missed => {
                    tracing::info!("the bus takes events again");
                    missed = false;
                }
                Ok(()) => {}
                Err(error) => {
                    if !missed {
                        tracing::warn!(
                            ?error,
                            "the bus did not take events; readers hear of them a little later"
                        );
                    }
                    missed = true;
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

fn event(moved: Moved) -> Event {
    Event::Moved {
        application: moved.application,
        chat: moved.chat,
        to: moved.to,
    }
}

impl Announce for Announcer {
    fn announce(&self, moved: &[Moved]) {
        if moved.is_empty() {
            return;
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for one in moved {
            pending
                .moved
                .entry(one.chat)
                .and_modify(|known| known.to = one.to)
                .or_insert(*one);
        }
        drop(pending);
        self.publish.notify_one();
        for follower in &self.followers {
            follower.notify_one();
        }
    }

    fn people(&self, people: Vec<(ApplicationId, UserNumber)>) {
        if people.is_empty() {
            return;
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for one in people {
            // More than a crowd is a crowd.
            if pending.people.len() > PEOPLE {
                break;
            }
            pending.people.insert(one);
        }
        drop(pending);
        self.publish.notify_one();
    }

    fn count(&self, counts: Vec<Counts>) {
        if let Some(feed) = &self.counts {
            feed.take_in(counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryBus;

    #[tokio::test]
    async fn a_crowd_is_a_gap_however_many_of_it_wait_already() {
        let bus = MemoryBus::new();
        let mut heard = bus.subscribe().await.unwrap();
        let announcer = Announcer::new(Arc::new(bus), Vec::new());
        let people = |users: std::ops::Range<u64>| {
            let person = |user| (ApplicationId(1), UserNumber(user));
            users.map(person).collect::<Vec<_>>()
        };
        announcer.people(people(0..200));
        announcer.people(people(0..300));
        let running = tokio::spawn(Arc::new(announcer).run());
        assert_eq!(heard.next().await, Some(Event::Gap));
        running.abort();
    }

    #[tokio::test]
    async fn what_does_not_fit_is_a_gap_unless_somebody_only_wrote() {
        for (event, gaps) in [
            (Event::Closed(ApplicationId(1)), 1),
            (
                Event::Typing {
                    chat: ChatId(1),
                    user: UserNumber(1),
                },
                0,
            ),
        ] {
            let announcer = Announcer::new(Arc::new(MemoryBus::new()), Vec::new());
            (0..2 * OTHERS).for_each(|_| announcer.tell(event));
            let pending = announcer.pending.into_inner().unwrap();
            let told = pending.into_events();
            let count = |wanted| told.iter().filter(|told| **told == wanted).count();
            assert_eq!((count(event), count(Event::Gap)), (OTHERS, gaps));
        }
    }
}
