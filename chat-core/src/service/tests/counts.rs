//! The counts outside the Store.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::*;
use crate::error::BackendError;
use crate::ids::Token;
use crate::memory::MemoryCounter;
use crate::port::{Count, Counter, Window};

async fn value(counter: &dyn Counter, token: Token, chat: Option<u64>) -> Option<u64> {
    let key = match chat {
        None => format!("APP-{}", token.expose()),
        Some(number) => format!("APP-{}-{number}", token.expose()),
    };
    let count = counter.get(&key).await.unwrap();
    count.map(|count| count.value)
}

fn keeping(counter: &Arc<MemoryCounter>, like: &Parts) -> Parts {
    Parts {
        stores: like.stores.clone(),
        keyring: like.keyring.clone(),
        counter: Some(counter.clone()),
        ..Parts::in_memory()
    }
}

async fn told(chat: &Chat) {
    chat.inner.counts.as_ref().unwrap().settled().await;
}

#[tokio::test]
async fn counts_are_there_from_the_start_follow_and_go() {
    let counter = Arc::new(MemoryCounter::new());
    let (chat, shop, room) = start_with(keeping(&counter, &Parts::in_memory())).await;
    let (token, access) = (shop.token, Access::from(shop.token));
    let counts = async || {
        told(&chat).await;
        let mut counts = vec![value(&*counter, token, None).await];
        for number in [1, 2] {
            counts.push(value(&*counter, token, Some(number)).await);
        }
        counts
    };
    assert_eq!(counts().await, [Some(1), Some(0), None]);
    chat.create_chat(access, None, None).await.unwrap();
    for _ in 0..3 {
        chat.post(access, room.number, post("x"), None)
            .await
            .unwrap();
    }
    assert_eq!(counts().await, [Some(2), Some(3), Some(0)]);
    let (chat_1, first) = (room.number, MessageNumber(1));
    chat.delete(access, chat_1, first).await.unwrap();
    assert_eq!(counts().await, [Some(2), Some(2), Some(0)]);
    chat.delete_chat(access, chat_1).await.unwrap();
    assert_eq!(counts().await, [Some(1), None, Some(0)]);
    chat.delete_application(access).await.unwrap();
    assert_eq!(counts().await, [None, None, None]);
}

#[tokio::test]
async fn a_new_application_counts_no_chats() {
    let counter = Arc::new(MemoryCounter::new());
    let parts = keeping(&counter, &Parts::in_memory());
    let chat = Chat::start(parts).await.unwrap();
    let name = Name::parse("shop").unwrap();
    let shop = chat.create_application(name, true, None).await;
    let token = shop.unwrap().value.token;
    told(&chat).await;
    assert_eq!(value(&*counter, token, None).await, Some(0));
}

#[tokio::test]
async fn nodes_that_race_agree_on_the_counts() {
    let (counter, parts) = (Arc::new(MemoryCounter::new()), Parts::in_memory());
    let (one, shop, room) = start_with(keeping(&counter, &parts)).await;
    let two = Chat::start(keeping(&counter, &parts)).await.unwrap();
    let access = Access::from(shop.token);
    let writing = [&one, &two].map(|chat| async move {
        for _ in 0..50 {
            let posted = chat.post(access, room.number, post("x"), None).await;
            let number = posted.unwrap().value.number;
            if number.0.is_multiple_of(5) {
                chat.delete(access, room.number, number).await.unwrap();
            }
            chat.create_chat(access, None, None).await.unwrap();
        }
    });
    let [first, second] = writing;
    tokio::join!(first, second);
    told(&one).await;
    told(&two).await;
    assert_eq!(value(&*counter, shop.token, None).await, Some(101));
    assert_eq!(value(&*counter, shop.token, Some(1)).await, Some(80));
}

#[tokio::test]
async fn a_recount_heals_a_counter_that_is_empty_ahead_or_wrong() {
    let (counter, parts) = (Arc::new(MemoryCounter::new()), Parts::in_memory());
    let (chat, shop, room) = start_with(keeping(&counter, &parts)).await;
    let access = Access::from(shop.token);
    chat.post(access, room.number, post("x"), None)
        .await
        .unwrap();
    let gone = chat.create_chat(access, None, None).await.unwrap().value;
    chat.delete_chat(access, gone.number).await.unwrap();
    chat.create_chat(access, None, None).await.unwrap();
    chat.stop().await;
    let right =
        [None, Some(1), Some(2), Some(3)]
            .into_iter()
            .zip([Some(2), Some(1), None, Some(0)]);
    let app = format!("APP-{}", shop.token.expose());
    let wrong = |value, version| Some(Count { value, version });
    for found in [None, wrong(7, 0), wrong(7, 4), wrong(7, 1_000)] {
        for key in ["", "-1", "-2", "-3"].map(|end| format!("{app}{end}")) {
            counter.remove(&key).await.unwrap();
            if let Some(count) = found {
                counter.set(&key, count).await.unwrap();
            }
        }
        chat.recount().await.unwrap();
        for (number, count) in right.clone() {
            assert_eq!(
                value(&*counter, shop.token, number).await,
                count,
                "{found:?} {number:?}"
            );
        }
    }
}

/// A counter that can be down.
#[derive(Default)]
struct Flaky {
    kept: MemoryCounter,
    is_down: AtomicBool,
}

impl Flaky {
    fn up(&self) -> Result<&MemoryCounter, BackendError> {
        match self.is_down.load(Ordering::Relaxed) {
            true => Err(BackendError::new(ErrorKind::Unavailable, "counter", "down")),
            false => Ok(&self.kept),
        }
    }
}

#[async_trait]
impl Counter for Flaky {
    async fn add(&self, key: &str, amount: u64, seconds: u32) -> Result<Window, BackendError> {
        self.up()?.add(key, amount, seconds).await
    }

    async fn set(&self, key: &str, count: Count) -> Result<(), BackendError> {
        self.up()?.set(key, count).await
    }

    async fn get(&self, key: &str) -> Result<Option<Count>, BackendError> {
        self.up()?.get(key).await
    }

    async fn remove(&self, key: &str) -> Result<(), BackendError> {
        self.up()?.remove(key).await
    }
}

#[tokio::test(start_paused = true)]
async fn writes_do_not_wait_for_a_counter_that_is_down_and_it_hears_of_them_when_it_is_back() {
    let flaky = Arc::new(Flaky::default());
    flaky.is_down.store(true, Ordering::Relaxed);
    let parts = Parts {
        counter: Some(flaky.clone()),
        ..Parts::in_memory()
    };
    let (chat, shop, room) = start_with(parts).await;
    for _ in 0..5 {
        let access = Access::from(shop.token);
        chat.post(access, room.number, post("x"), None)
            .await
            .unwrap();
    }
    let kept = &flaky.kept;
    assert_eq!(value(kept, shop.token, Some(1)).await, None);
    flaky.is_down.store(false, Ordering::Relaxed);
    told(&chat).await;
    assert_eq!(value(kept, shop.token, Some(1)).await, Some(5));
    assert_eq!(value(kept, shop.token, None).await, Some(1));
}

#[tokio::test]
async fn an_application_of_many_chats_is_forgotten_wholly() {
    let counter = Arc::new(MemoryCounter::new());
    let (chat, shop, _) = start_with(keeping(&counter, &Parts::in_memory())).await;
    let access = Access::from(shop.token);
    for _ in 0..250 {
        chat.create_chat(access, None, None).await.unwrap();
    }
    told(&chat).await;
    assert_eq!(value(&*counter, shop.token, None).await, Some(251));
    chat.delete_application(access).await.unwrap();
    told(&chat).await;
    assert_eq!(value(&*counter, shop.token, None).await, None);
    for number in 1..=251 {
        let left = value(&*counter, shop.token, Some(number)).await;
        assert_eq!(left, None, "{number}");
    }
}
