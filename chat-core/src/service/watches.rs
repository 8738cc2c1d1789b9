//! Who waits for which chat: one watch per chat, however many wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::ids::{ApplicationId, ChatId};
use crate::port::{Event, Subscription};

#[derive(Default)]
pub(super) struct Watches {
    chats: Mutex<HashMap<ChatId, Watched>>,
}

struct Watched {
    application: ApplicationId,
    moved: watch::Sender<()>,
}

impl Watches {
    pub(super) fn watch(&self, application: ApplicationId, chat: ChatId) -> watch::Receiver<()> {
        let mut chats = self.chats();
        let watched = chats.entry(chat).or_insert_with(|| Watched {
            application,
            moved: watch::Sender::new(()),
        });
        watched.moved.subscribe()
    }

    pub(super) async fn run(self: Arc<Self>, mut subscription: Subscription) {
        while let Some(event) = subscription.next().await {
            self.hear(event);
        }
    }

    /// Has everybody look, as often as this, for as long as it is polled.
    pub(super) async fn look(self: Arc<Self>, every: Duration) {
        let mut looks = tokio::time::interval(every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            self.hear(Event::Gap);
        }
    }

    fn hear(&self, event: Event) {
        let mut chats = self.chats();
        match event {
            Event::Moved { chat, .. } => {
                if chats
                    .get(&chat)
                    .is_some_and(|watched| watched.moved.send(()).is_err())
                {
                    chats.remove(&chat);
                }
            }
            Event::Closed(application) => chats.retain(|_, watched| {
                watched.application != application || watched.moved.send(()).is_ok()
            }),
            Event::Settled(_) => {}
            Event::Gap => chats.retain(|_, watched| watched.moved.send(()).is_ok()),
        }
    }

    /// Forgets chats that nobody waits for.
    pub(super) fn sweep(&self) {
        self.chats()
            .retain(|_, watched| watched.moved.receiver_count() > 0);
    }

    fn chats(&self) -> MutexGuard<'_, HashMap<ChatId, Watched>> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
