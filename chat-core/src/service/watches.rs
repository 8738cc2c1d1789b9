//! Who waits for which chat: one watch per chat, however many wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::ids::{ApplicationId, ChatId, Head};
use crate::live::Hub;
use crate::port::{Chats, Event, Subscription};

/// How often the Store is asked for the heads of the chats that somebody waits for. Events may be lost, on the way or with the
/// node that committed: what they would have told is heard of so late.
const LOOK: Duration = Duration::from_secs(1);
/// So long it is not asked again, however much may have been missed.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(crate) struct Watches {
    chats: Mutex<HashMap<ChatId, Watched>>,
    /// Something may have been missed.
    look: Notify,
    /// Of what those do who are connected, too.
    look_at_people: Notify,
}

struct Watched {
    application: ApplicationId,
    /// Whoever waits reads the chat after it had this head, or was woken since.
    head: Head,
    moved: watch::Sender<()>,
}

impl Watches {
    /// Watches a chat that has had this head.
    pub(super) fn watch(
        &self,
        application: ApplicationId,
        chat: ChatId,
        head: Head,
    ) -> watch::Receiver<()> {
        self.follow(application, chat, head).0
    }

    /// The same, and the head that it is known to have by now, at least.
    pub(crate) fn follow(
        &self,
        application: ApplicationId,
        chat: ChatId,
        head: Head,
    ) -> (watch::Receiver<()>, Head) {
        let mut chats = self.chats();
        let watched = chats.entry(chat).or_insert_with(|| Watched {
            application,
            head,
            moved: watch::Sender::new(()),
        });
        (watched.moved.subscribe(), watched.head)
    }

    pub(super) async fn run(self: Arc<Self>, mut subscription: Subscription, hub: Arc<Hub>) {
        while let Some(event) = subscription.next().await {
            self.hear(event);
            hub.hear(event);
        }
    }

    /// Looks at the Store every second, and when something may have been missed, for as long as it is polled: one question for all
    /// who wait, none while nobody does. No look waits for the other.
    pub(super) async fn look(self: Arc<Self>, store: Arc<dyn Chats>, hub: Arc<Hub>) {
        let chats = async {
            let (mut looks, mut failed) = (Looks::new(&self.look), false);
            loop {
                looks.next().await;
                self.look_at(&*store, &hub, &mut failed).await;
            }
        };
        let people = async {
            let mut looks = Looks::new(&self.look_at_people);
            loop {
                looks.next().await;
                hub.look().await;
            }
        };
        tokio::join!(chats, people);
    }

    async fn look_at(self: &Arc<Self>, store: &dyn Chats, hub: &Arc<Hub>, failed: &mut bool) {
        let waited = self.waited();
        if waited.is_empty() {
            return;
        }
        match store.heads(&waited).await {
            Ok(heads) => {
                *failed = false;
                for (chat, to) in self.compare(&waited, heads.into_iter().collect()) {
                    hub.wake(chat, to);
                }
            }
            Err(error) => {
                if !std::mem::replace(failed, true) {
                    tracing::warn!(?error, "whoever waits for a chat hears from the bus alone");
                }
            }
        }
    }

    /// The chats that somebody waits for; the others are forgotten.
    fn waited(&self) -> Vec<ChatId> {
        let mut chats = self.chats();
        chats.retain(|_, watched| watched.moved.receiver_count() > 0);
        chats.keys().copied().collect()
    }

    /// Wakes those who wait for a chat that has moved, or is gone; which these are.
    fn compare(
        &self,
        waited: &[ChatId],
        heads: HashMap<ChatId, Head>,
    ) -> Vec<(ChatId, Option<Head>)> {
        let mut woken = Vec::new();
        let mut chats = self.chats();
        for chat in waited {
            let Some(watched) = chats.get_mut(chat) else {
                continue;
            };
            match heads.get(chat) {
                // An event may have been faster than the Store's answer.
                Some(head) if watched.head.covers(*head) => continue,
                Some(head) => watched.moved_to(*head),
                None => watched.wake(),
            }
            woken.push((*chat, heads.get(chat).copied()));
        }
        woken
    }

    fn hear(&self, event: Event) {
        match event {
            Event::Moved { chat, to, .. } => {
                if let Some(watched) = self.chats().get_mut(&chat) {
                    watched.moved_to(to);
                }
            }
            Event::Closed(application) => {
                let chats = self.chats();
                let its = |watched: &&Watched| watched.application == application;
                chats.values().filter(its).for_each(Watched::wake);
            }
            Event::Settled(_)
            | Event::Person { .. }
            | Event::Presence { .. }
            | Event::Typing { .. }
            | Event::Marked { .. } => {}
            Event::Gap => {
                self.look.notify_one();
                self.look_at_people.notify_one();
            }
        }
    }

    fn chats(&self) -> MutexGuard<'_, HashMap<ChatId, Watched>> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every second, and whenever it is called for, but not without a pause.
struct Looks<'a> {
    seconds: Interval,
    call: &'a Notify,
    last: Option<Instant>,
}

impl<'a> Looks<'a> {
    fn new(call: &'a Notify) -> Self {
        let mut seconds = tokio::time::interval(LOOK);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            seconds,
            call,
            last: None,
        }
    }

    /// It is time for the next look.
    async fn next(&mut self) {
        if let Some(last) = self.last {
            tokio::time::sleep_until(last + PAUSE).await;
        }
        tokio::select! {
            _ = self.seconds.tick() => {}
            () = self.call.notified() => {}
        }
        self.last = Some(Instant::now());
    }
}

impl Watched {
    fn moved_to(&mut self, head: Head) {
        if head.covers(self.head) {
            self.head = head;
        }
        self.wake();
    }

    fn wake(&self) {
        // Whoever waited may have gone.
        let _ = self.moved.send(());
    }
}
