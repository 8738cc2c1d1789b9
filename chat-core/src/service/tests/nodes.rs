//! Several nodes on one store.

use tokio::sync::{mpsc, watch};

use super::*;
use crate::memory::MemoryQueue;
use crate::port::{MockQueue, MockRecount, MockUpkeep, Progress, Queue, Recount, Upkeep};

const RECOUNT: Duration = Duration::from_secs(30 * 60);

/// What a node did of what comes with time: purges, recounts, forgets.
#[derive(Default)]
struct Work(watch::Sender<[usize; 3]>);

impl Work {
    fn note(&self, what: usize) {
        self.0.send_modify(|done| done[what] += 1);
    }

    fn done(&self) -> [usize; 3] {
        *self.0.borrow()
    }

    /// Returns once so much is done, which takes three recounts at most.
    async fn until(&self, enough: impl FnMut(&[usize; 3]) -> bool) {
        let mut done = self.0.subscribe();
        let reached = tokio::time::timeout(RECOUNT * 3, done.wait_for(enough)).await;
        assert!(reached.is_ok(), "{:?}", self.done());
    }

    fn noting(self: &Arc<Self>) -> impl Upkeep + use<> {
        let mut upkeep = MockUpkeep::new();
        let epoch = crate::ids::Epoch::random();
        upkeep.expect_epoch().returning(move || Ok(epoch));
        upkeep.expect_next_chat().returning(|_| Ok(None));
        let work = self.clone();
        upkeep.expect_closed().returning(move |_| {
            work.note(0);
            Ok(Vec::new())
        });
        let work = self.clone();
        upkeep.expect_forget().returning(move |_, _| {
            work.note(2);
            let (rows, more) = (0, false);
            Ok(Progress { rows, more })
        });
        upkeep
    }

    fn noting_recounts(self: &Arc<Self>) -> impl Recount + use<> {
        let mut recount = MockRecount::new();
        let work = self.clone();
        recount.expect_chat_counts().returning(move |_, _| {
            work.note(1);
            Ok(Vec::new())
        });
        let nothing = |_, _| Ok(Vec::new());
        recount.expect_application_counts().returning(nothing);
        recount
    }
}

async fn node(queue: impl Queue) -> (Chat, Arc<Work>) {
    let work = Arc::new(Work::default());
    let mut parts = Parts::in_memory();
    parts.stores.upkeep = Arc::new(work.noting());
    parts.stores.recount = Arc::new(work.noting_recounts());
    let queueing = Queueing {
        queue: Arc::new(queue),
        routes: Routes::default(),
        works: false,
    };
    let parts = Parts {
        queueing: Some(queueing),
        recount_every: Some(RECOUNT),
        ..parts
    };
    (Chat::start(parts).await.unwrap(), work)
}

#[tokio::test(start_paused = true)]
async fn what_comes_with_time_is_done_by_one_node_and_by_another_once_that_is_gone() {
    let queue = MemoryQueue::new();
    let (first, leads) = node(queue.beside()).await;
    leads.until(|[purges, ..]| *purges == 1).await;
    let (_second, follows) = node(queue.beside()).await;
    leads.until(|done| *done == [61, 2, 2]).await;
    assert_eq!(follows.done(), [0, 0, 0]);
    first.stop().await;
    follows.until(|[.., forgets]| *forgets == 1).await;
    assert_eq!(leads.done(), [61, 2, 2]);
    let [purges, recounts, forgets] = follows.done();
    assert!((25..=31).contains(&purges), "{purges}");
    assert_eq!((recounts, forgets), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_here_is_erased_from_here_whoever_leads() {
    let (asked, mut asks) = mpsc::unbounded_channel();
    let mut queue = MockQueue::new();
    queue.expect_lead().returning(move |_, _| {
        asked.send(()).unwrap();
        Ok(false)
    });
    let (chat, work) = node(queue).await;
    let name = Name::parse("shop").unwrap();
    let shop = chat.create_application(name, false, None).await.unwrap();
    asks.recv().await.unwrap();
    assert_eq!(work.done(), [0, 0, 0]);
    let shop = shop.value.token.into();
    chat.delete_application(shop).await.unwrap();
    work.until(|[purges, ..]| *purges == 1).await;
    // Nothing came of having asked who leads, then or now.
    asks.recv().await.unwrap();
    assert_eq!(work.done(), [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn nodes_on_one_store_without_a_common_bus_hear_each_other_within_a_second() {
    let parts = Parts::in_memory();
    let beside = |parts: &Parts| Parts {
        stores: parts.stores.clone(),
        keyring: parts.keyring.clone(),
        ..Parts::in_memory()
    };
    let (writer, shop, room) = start_with(beside(&parts)).await;
    let hearer = Chat::start(beside(&parts)).await.unwrap();
    let access = Access::from(shop.token);
    let reader = hearer.chat(access, room.number).await.unwrap();
    let waiting = reader.wait(None, Limit::DEFAULT, Duration::from_secs(60));
    let writing = async {
        // Some looks later, and between two of them.
        tokio::time::advance(Duration::from_millis(3_500)).await;
        let posted = writer.post(access, room.number, post("x"), None);
        posted.await.unwrap();
        tokio::time::Instant::now()
    };
    let heard = async { (waiting.await, tokio::time::Instant::now()) };
    let ((feed, heard), posted) = tokio::join!(heard, writing);
    assert_eq!(feed.unwrap().items.len(), 1);
    let late = heard - posted;
    assert!(late <= Duration::from_secs(1), "{late:?}");
}
