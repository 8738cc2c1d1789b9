use std::sync::Arc;

use chat_core::memory::MemoryCounter;
use chat_core::port::Counter;
use chat_core::{Chat, Parts};

use super::*;
use crate::http::testing::front;

#[tokio::test]
async fn a_new_chat_takes_the_next_number() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    for number in 1..=3 {
        let made = house.post(&format!("/applications/{uuid}/chats"), "").await;
        assert_eq!(
            (made.status.as_u16(), made.text()),
            (200, format!(r#"{{"chat_number":{number}}}"#).as_str())
        );
    }
}

#[tokio::test]
async fn chats_are_listed_by_number() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    let path = format!("/applications/{uuid}/chats");
    assert_eq!(house.get(&path).await.text(), "[]");
    house.post(&path, "").await;
    post_all(&house, &uuid, &["a", "b"]).await;
    house.post(&path, "").await;
    assert_eq!(
        house.get(&path).await.text(),
        r#"[{"number":1,"messages_count":2},{"number":2,"messages_count":0}]"#
    );
}

#[tokio::test]
async fn a_deleted_chat_counts_no_more() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let path = format!("/applications/{uuid}");
    let chats = format!("{path}/chats");
    house.post(&chats, "").await;
    assert_eq!(house.get(&path).await.json()["chats_count"], 2);
    let deleted = house.chat.delete_chat(access(&uuid), ChatNumber(1)).await;
    deleted.unwrap();
    assert_eq!(house.get(&path).await.json()["chats_count"], 1);
    assert_eq!(
        house.get(&chats).await.text(),
        r#"[{"number":2,"messages_count":0}]"#
    );
    let next = house.post(&chats, "").await;
    assert_eq!(next.text(), r#"{"chat_number":3}"#);
}

#[tokio::test]
async fn a_counter_has_the_keys_of_the_original_from_when_a_chat_is_made_until_it_is_deleted() {
    let counter = Arc::new(MemoryCounter::new());
    let parts = Parts {
        counter: Some(counter.clone()),
        ..Parts::in_memory()
    };
    let chat = Chat::start(parts).await.unwrap();
    let house = House::on_doubles(chat.clone(), front(vec![door(gate(&chat), BODY)]));
    let is = async |key: &str, count: Option<u64>| {
        let told = async {
            let now = async || counter.get(key).await.unwrap().map(|count| count.value);
            while now().await != count {
                tokio::task::yield_now().await;
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(20), told).await;
        told.unwrap_or_else(|_| panic!("{key} is never {count:?}"));
    };
    let uuid = application(&house, "X").await;
    let (chats, messages) = (format!("APP-{uuid}"), format!("APP-{uuid}-1"));
    is(&chats, Some(0)).await;
    house.post(&format!("/applications/{uuid}/chats"), "").await;
    is(&messages, Some(0)).await;
    is(&chats, Some(1)).await;
    post_all(&house, &uuid, &["a", "b"]).await;
    is(&messages, Some(2)).await;
    chat.delete_chat(access(&uuid), ChatNumber(1))
        .await
        .unwrap();
    is(&messages, None).await;
    is(&chats, Some(0)).await;
}
