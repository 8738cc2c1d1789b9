//! Writers that go on while copies are filled and take the place, on one node or on several.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{hits, in_chat, numbers, posted, touched};
use crate::error::ErrorKind;
use crate::ids::{ChatId, Epoch, MessageNumber};
use crate::page::Limit;
use crate::port::{Document, Order, Search};

const EPOCH: Epoch = Epoch(7);
const CHATS: i64 = 3;
const SWAPS: usize = 6;
/// Documents that are read from the truth and filled in at once.
const PAGE: usize = 40;
/// A put takes less.
const PATIENCE: Duration = Duration::from_secs(60);

type Place = (ChatId, MessageNumber);

/// Before the first.
const START: Place = (ChatId(0), MessageNumber::ZERO);

/// What the index is derived from: the newest state of each message.
#[derive(Default)]
struct Truth {
    documents: Mutex<BTreeMap<Place, Document>>,
    /// Something was written and put.
    put: Notify,
}

impl Truth {
    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<Place, Document>) -> T) -> T {
        look(
            &mut self
                .documents
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Writes what one step of a chat's writer changes, and returns it.
    fn step(&self, chat: i64, step: u64) -> Vec<Document> {
        let mut changed: Vec<_> = (1..=3)
            .map(|one| posted(chat, step * 3 + one, "tea"))
            .collect();
        // An older one is edited or deleted, in turn.
        if let Some(below) = step.checked_sub(2) {
            let body = step.is_multiple_of(2).then_some("coffee");
            changed.push(touched(chat, below * 3 + 1, step, body));
        }
        let places = changed
            .iter()
            .map(|one| ((one.chat, one.number), one.clone()));
        self.with(|documents| documents.extend(places));
        changed
    }

    /// Returns after the next put.
    async fn is_put(&self) {
        let put = timeout(PATIENCE, self.put.notified());
        put.await.expect("the writers go on");
    }

    /// What comes behind a place.
    fn page(&self, after: Place) -> Vec<Document> {
        let behind = (Bound::Excluded(after), Bound::Unbounded);
        self.with(|documents| {
            let page = documents.range(behind).take(PAGE);
            page.map(|(_, document)| document.clone()).collect()
        })
    }

    fn numbers(&self, chat: i64, word: &str) -> Vec<u64> {
        self.with(|documents| {
            let all = documents.values().rev();
            all.filter(|one| one.chat.0 == chat && one.body.as_deref() == Some(word))
                .map(|one| one.number.0)
                .collect()
        })
    }
}

/// Nothing that is written on one node is missing after another one has built copies and swapped them in, again
/// and again.
///
/// # Panics
/// When something is missing, or is found that should not be.
pub async fn nothing_is_missing(writing: &Arc<dyn Search>, building: &Arc<dyn Search>) {
    let truth = Arc::new(Truth::default());
    let (writers, stop) = write(writing, &truth);
    for _ in 0..SWAPS {
        assert!(
            build(building, &truth).await,
            "nobody throws this copy away"
        );
    }
    end(writers, &stop).await;
    agrees(writing, &truth).await;
    agrees(building, &truth).await;
}

/// As [`nothing_is_missing`], while two nodes throw each other's copies away.
///
/// # Panics
/// As that.
pub async fn nothing_is_missing_between_rivals(one: &Arc<dyn Search>, other: &Arc<dyn Search>) {
    let truth = Arc::new(Truth::default());
    let (writers, stop) = write(one, &truth);
    let mut rivals = JoinSet::new();
    for rival in [one, other] {
        let (rival, truth) = (rival.clone(), truth.clone());
        rivals.spawn(async move {
            let mut swapped = 0;
            for _ in 0..SWAPS {
                swapped += usize::from(build(&rival, &truth).await);
            }
            swapped
        });
    }
    let swapped: usize = rivals.join_all().await.into_iter().sum();
    end(writers, &stop).await;
    // Who begins last is not thrown away.
    assert!(swapped > 0, "no copy was ever swapped in");
    agrees(one, &truth).await;
    agrees(other, &truth).await;
}

/// [`nothing_is_missing`] on one node.
pub async fn nothing_is_missing_after_swaps_under_load(search: &Arc<dyn Search>) {
    nothing_is_missing(search, search).await;
}

/// [`nothing_is_missing_between_rivals`] on one node.
pub async fn nothing_is_missing_after_copies_that_were_thrown_away(search: &Arc<dyn Search>) {
    let truth = Arc::new(Truth::default());
    let (writers, stop) = write(search, &truth);
    for _ in 0..SWAPS {
        search.rebuild().await.expect("rebuild");
        truth.is_put().await;
        search.refill(&truth.page(START)).await.expect("refill");
        assert!(build(search, &truth).await, "this one is the last");
    }
    end(writers, &stop).await;
    agrees(search, &truth).await;
}

type Writers = JoinSet<()>;

/// Starts a writer in each chat.
fn write(search: &Arc<dyn Search>, truth: &Arc<Truth>) -> (Writers, Arc<AtomicBool>) {
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for chat in 1..=CHATS {
        let (search, truth, stop) = (search.clone(), truth.clone(), stop.clone());
        writers.spawn(async move {
            for step in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let changed = truth.step(chat, step);
                search.put(&changed).await.expect("put");
                truth.put.notify_one();
                // One that never waits would keep the others from their turn.
                tokio::task::yield_now().await;
            }
        });
    }
    (writers, stop)
}

async fn end(writers: Writers, stop: &AtomicBool) {
    stop.store(true, Ordering::Relaxed);
    writers.join_all().await;
}

/// Fills a copy and swaps it in; `false` when somebody threw it away.
async fn build(search: &Arc<dyn Search>, truth: &Truth) -> bool {
    search.rebuild().await.expect("rebuild");
    truth.is_put().await;
    let mut after = START;
    let built = async {
        loop {
            let page = truth.page(after);
            let Some(last) = page.last() else { break };
            after = (last.chat, last.number);
            search.refill(&page).await?;
        }
        truth.is_put().await;
        search.swap(EPOCH).await
    };
    match built.await {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// Holds what is found to the truth.
async fn agrees(search: &Arc<dyn Search>, truth: &Truth) {
    search.refresh().await.expect("refresh");
    for chat in 1..=CHATS {
        assert!(
            !truth.numbers(chat, "tea").is_empty(),
            "nothing was written"
        );
        for word in ["tea", "coffee"] {
            assert_eq!(
                all(search, chat, word).await,
                truth.numbers(chat, word),
                "{word} in {chat}"
            );
        }
    }
}

async fn all(search: &Arc<dyn Search>, chat: i64, word: &str) -> Vec<u64> {
    let mut found = Vec::new();
    loop {
        let after = found.last().copied();
        let page = hits(
            search,
            in_chat(chat),
            word,
            Order::Newest,
            after,
            Limit::MAX,
        )
        .await;
        if page.is_empty() {
            return found;
        }
        found.extend(numbers(&page));
    }
}
