//! Several nodes on one store.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::memory::MemoryQueue;
use crate::port::{MockRecount, MockUpkeep, Progress, Recount, Upkeep};

const RECOUNT: Duration = Duration::from_secs(30 * 60);

/// What a node did of what comes with time.
#[derive(Default)]
struct Work {
    purges: AtomicUsize,
    recounts: AtomicUsize,
    forgets: AtomicUsize,
}

impl Work {
    fn done(&self) -> [usize; 3] {
        [&self.purges, &self.recounts, &self.forgets].map(|count| count.load(Ordering::Relaxed))
    }

    fn noting(self: &Arc<Self>) -> impl Upkeep + use<> {
        let mut upkeep = MockUpkeep::new();
        let epoch = crate::ids::Epoch::random();
        upkeep.expect_epoch().returning(move || Ok(epoch));
        upkeep.expect_next_chat().returning(|_| Ok(None));
        let work = self.clone();
        upkeep.expect_closed().returning(move |_| {
            work.purges.fetch_add(1, Ordering::Relaxed);
            Ok(Vec::new())
        });
        let work = self.clone();
        upkeep.expect_forget().returning(move |_, _| {
            work.forgets.fetch_add(1, Ordering::Relaxed);
            let (rows, more) = (0, false);
            Ok(Progress { rows, more })
        });
        upkeep
    }

    fn noting_recounts(self: &Arc<Self>) -> impl Recount + use<> {
        let mut recount = MockRecount::new();
        let work = self.clone();
        recount.expect_chat_counts().returning(move |_, _| {
            work.recounts.fetch_add(1, Ordering::Relaxed);
            Ok(Vec::new())
        });
        let nothing = |_, _| Ok(Vec::new());
        recount.expect_application_counts().returning(nothing);
        recount
    }
}

async fn node(queue: MemoryQueue) -> (Chat, Arc<Work>) {
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
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (_second, follows) = node(queue.beside()).await;
    tokio::time::sleep(RECOUNT * 2).await;
    assert_eq!(leads.done(), [61, 2, 2]);
    assert_eq!(follows.done(), [0, 0, 0]);
    first.stop().await;
    tokio::time::sleep(RECOUNT + Duration::from_secs(60)).await;
    assert_eq!(leads.done(), [61, 2, 2]);
    let [purges, recounts, forgets] = follows.done();
    assert!((25..=31).contains(&purges), "{purges}");
    assert_eq!((recounts, forgets), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_here_is_erased_from_here_whoever_leads() {
    let queue = MemoryQueue::new();
    assert!(queue.lead("upkeep", RECOUNT).await.unwrap());
    let (chat, work) = node(queue.beside()).await;
    let name = Name::parse("shop").unwrap();
    let shop = chat.create_application(name, false, None).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(work.done(), [0, 0, 0]);
    let shop = shop.value.token.into();
    chat.delete_application(shop).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
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
    let started = tokio::time::Instant::now();
    let waiting = reader.wait(None, Limit::DEFAULT, Duration::from_secs(60));
    let writing = async {
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        writer
            .post(access, room.number, post("x"), None)
            .await
            .unwrap();
    };
    let (feed, ()) = tokio::join!(waiting, writing);
    assert_eq!(feed.unwrap().items.len(), 1);
    let late = started.elapsed() - Duration::from_millis(3_500);
    assert!(late <= Duration::from_secs(1), "{late:?}");
}
