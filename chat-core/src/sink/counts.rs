//! From the commit to the Counter, without making the commit wait.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::commit::{Counted, Counts};
use crate::error::BackendError;
use crate::ids::{ChatNumber, PublicId, Token};
use crate::port::{Count, Counter};
use crate::seal::{Keyring, Sealed};

/// So many counts wait at most, each with its latest value alone; what is beyond them a recount sets.
const WAITING: usize = 1 << 16;
/// So many counts are on their way at once.
const PART: usize = 128;
/// So many chats of an application that is deleted are forgotten at once, before others have their turn.
const STEP: u64 = 100;
/// So long counts are gathered before they are told: in a busy chat one count stands for many messages.
const PACE: Duration = Duration::from_millis(100);
/// So long after the Counter took nothing it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// A Counter that says nothing for so long takes nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells the Counter what commits left: `APP-{token}`, the chats of an application, and `APP-{token}-{number}`, the messages of a
/// chat.
pub struct CountFeed {
    counter: Arc<dyn Counter>,
    keyring: Keyring,
    waiting: Mutex<Waiting>,
    wake: Notify,
    /// Whether everything is told.
    settled: watch::Sender<bool>,
}

/// A count: of the chats of an application, or of the messages of one of them.
type Name = (PublicId, Option<ChatNumber>);

#[derive(Default)]
struct Waiting {
    entries: HashMap<Name, Entry>,
    /// The names of all of them, the longest waiting first.
    turns: VecDeque<Name>,
    /// Whether something was let go that did not fit.
    full: bool,
}

#[derive(Clone)]
struct Entry {
    token: Sealed,
    news: News,
}

#[derive(Clone, Copy)]
enum News {
    Is(Count),
    Gone,
    /// With all chats up to this one.
    AllGone(ChatNumber),
}

impl News {
    /// Of two, what holds: nothing comes back, and else the later one does.
    fn or_later(self, other: Self) -> Self {
        match (self, other) {
            (Self::Is(one), Self::Is(two)) if two.version > one.version => other,
            (Self::Is(_), Self::Is(_)) | (Self::AllGone(_), _) => self,
            (_, Self::AllGone(_)) => other,
            (Self::Gone, _) => self,
            (_, Self::Gone) => other,
        }
    }
}

/// The name of a count in the Counter.
pub(crate) fn key(token: Token, chat: Option<ChatNumber>) -> String {
    match chat {
        None => format!("APP-{}", token.expose()),
        Some(number) => format!("APP-{}-{number}", token.expose()),
    }
}

impl CountFeed {
    /// A feed of this counter. Tokens are opened with this keyring.
    #[must_use]
    pub fn new(counter: Arc<dyn Counter>, keyring: Keyring) -> Self {
        Self {
            counter,
            keyring,
            waiting: Mutex::default(),
            wake: Notify::new(),
            settled: watch::Sender::new(true),
        }
    }

    /// What is fed.
    pub(crate) fn counter(&self) -> &Arc<dyn Counter> {
        &self.counter
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what changed; it does not wait.
    pub fn take_in(&self, counts: Vec<Counts>) {
        if counts.is_empty() {
            return;
        }
        let mut waiting = self.waiting();
        for one in counts {
            for changed in one.changed {
                let (chat, news) = match changed {
                    Counted::Chats(count) => (None, News::Is(count)),
                    Counted::Messages(number, count) => (Some(number), News::Is(count)),
                    Counted::ChatGone(number) => (Some(number), News::Gone),
                    Counted::Gone(last) => (None, News::AllGone(last)),
                };
                waiting.note((one.public_id, chat), &one.token, news);
            }
        }
        self.settled.send_replace(false);
        drop(waiting);
        self.wake.notify_one();
    }

    /// Tells what changed for as long as it is polled.
    pub async fn run(self: Arc<Self>) {
        let mut was_down = false;
        loop {
            let part = self.next_part();
            if part.is_empty() {
                self.wake.notified().await;
                sleep(PACE).await;
                continue;
            }
            match self.tell(part).await {
                Ok(()) => was_down = false,
                Err(error) => {
                    if !std::mem::replace(&mut was_down, true) {
                        tracing::warn!(?error, "the counter takes no counts; they wait");
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Returns once everything that was noted is told.
    pub async fn settled(&self) {
        let mut settled = self.settled.subscribe();
        // The sender lives in `self`.
        let _ = settled.wait_for(|settled| *settled).await;
    }

    fn next_part(&self) -> Vec<(Name, Entry)> {
        let mut waiting = self.waiting();
        let mut part = Vec::new();
        while part.len() < PART
            && let Some(name) = waiting.turns.pop_front()
        {
            part.extend(waiting.entries.remove(&name).map(|entry| (name, entry)));
        }
        if part.is_empty() {
            self.settled.send_replace(true);
            if std::mem::take(&mut waiting.full) {
                tracing::warn!(
                    "counts were let go while the counter took none; the next recount sets them"
                );
            }
        }
        part
    }

    /// What is not taken, or not told wholly, waits again.
    async fn tell(&self, part: Vec<(Name, Entry)>) -> Result<(), BackendError> {
        let mut telling = JoinSet::new();
        for (name, entry) in part {
            let Ok(token) = self.keyring.open(&entry.token, name.0) else {
                tracing::warn!(application = %name.0, "a count has no name: its token is sealed under another key");
                continue;
            };
            let counter = self.counter.clone();
            telling.spawn(async move {
                let told = tell_one(&*counter, token, name.1, entry.news).await;
                (name, entry, told)
            });
        }
        let mut result = Ok(());
        while let Some(told) = telling.join_next().await {
            // A panic is a fault of one count.
            let Ok((name, entry, told)) = told else {
                continue;
            };
            let rest = told.unwrap_or_else(|error| {
                result = Err(error);
                Some(entry.news)
            });
            if let Some(rest) = rest {
                self.waiting().note(name, &entry.token, rest);
            }
        }
        result
    }
}

impl Waiting {
    fn note(&mut self, name: Name, token: &Sealed, news: News) {
        if let Some(known) = self.entries.get_mut(&name) {
            known.news = known.news.or_later(news);
        } else if self.entries.len() < WAITING {
            let token = token.clone();
            self.entries.insert(name, Entry { token, news });
            self.turns.push_back(name);
        } else {
            self.full = true;
        }
    }
}

/// Answers what is left to tell.
async fn tell_one(
    counter: &dyn Counter,
    token: Token,
    chat: Option<ChatNumber>,
    news: News,
) -> Result<Option<News>, BackendError> {
    let name = key(token, chat);
    match news {
        News::Is(count) => in_time(counter.set(&name, count)).await?,
        News::Gone => in_time(counter.remove(&name)).await?,
        News::AllGone(last) => {
            in_time(counter.remove(&name)).await?;
            let rest = last.0.saturating_sub(STEP);
            for number in rest + 1..=last.0 {
                in_time(counter.remove(&key(token, Some(ChatNumber(number))))).await?;
            }
            return Ok((rest > 0).then_some(News::AllGone(ChatNumber(rest))));
        }
    }
    Ok(None)
}

async fn in_time<T>(
    call: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    timeout(PATIENCE, call).await.unwrap_or_else(|late| {
        let error = BackendError::new(crate::error::ErrorKind::Unavailable, "counter", "call");
        Err(error.with_source(late))
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::memory::MemoryCounter;

    fn count(value: u64, version: u64) -> Count {
        Count { value, version }
    }

    fn feed() -> (CountFeed, PublicId, Sealed) {
        let (keyring, owner) = (
            Keyring::new(Keyring::random_key()),
            PublicId(Uuid::new_v4()),
        );
        let sealed = keyring.seal(Token::random(), owner);
        let feed = CountFeed::new(Arc::new(MemoryCounter::new()), keyring);
        (feed, owner, sealed)
    }

    #[test]
    fn however_much_changes_what_waits_is_bounded() {
        let (feed, public_id, token) = feed();
        for version in 1..=3 {
            let changed = (1..=WAITING as u64 + 10)
                .map(|number| Counted::Messages(ChatNumber(number), count(version, version)))
                .collect();
            let token = token.clone();
            feed.take_in(vec![Counts {
                public_id,
                token,
                changed,
            }]);
        }
        let waiting = feed.waiting();
        assert_eq!(
            (waiting.entries.len(), waiting.turns.len()),
            (WAITING, WAITING)
        );
        assert!(waiting.full);
    }

    #[test]
    fn the_latest_of_a_count_holds_and_what_is_gone_stays_gone() {
        let (feed, public_id, token) = feed();
        let note = |counted| {
            let token = token.clone();
            let changed = vec![counted];
            feed.take_in(vec![Counts {
                public_id,
                token,
                changed,
            }]);
            let waiting = feed.waiting();
            waiting
                .entries
                .values()
                .map(|entry| entry.news)
                .collect::<Vec<_>>()
        };
        let one = ChatNumber(1);
        note(Counted::Messages(one, count(2, 2)));
        let held = note(Counted::Messages(one, count(1, 1)));
        assert!(matches!(held[..], [News::Is(Count { value: 2, .. })]));
        let held = note(Counted::Messages(one, count(2, 4)));
        assert!(matches!(held[..], [News::Is(Count { version: 4, .. })]));
        note(Counted::ChatGone(one));
        let held = note(Counted::Messages(one, count(3, 9)));
        assert!(matches!(held[..], [News::Gone]));
    }
}
