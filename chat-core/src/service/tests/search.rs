//! What is found, and when the index says that it lacks something.

use super::*;
use crate::commit::Edit;

#[tokio::test]
async fn a_hit_is_shown_only_while_it_exists_and_matches() {
    let (chat, shop, room) = start().await;
    let access = Access::from(shop.token);
    for body in ["red apple", "green apple", "apple tree", "pear"] {
        chat.post(access, room.number, post(body), None)
            .await
            .unwrap();
    }
    indexed(&chat).await;
    chat.delete(access, room.number, MessageNumber(1))
        .await
        .unwrap();
    let edit = Edit {
        number: MessageNumber(2),
        body: Some(Body::parse("plum").unwrap()),
        data: None,
    };
    chat.edit(access, room.number, edit).await.unwrap();
    let reader = chat.chat(access, room.number).await.unwrap();
    let numbers = async |query: &str, limit| {
        let found = reader.search(&request(query, limit)).await.unwrap();
        let numbers: Vec<u64> = found.items.iter().map(|message| message.number.0).collect();
        numbers
    };
    assert_eq!(numbers("apple", 50).await, [3]);
    assert_eq!(numbers("", 50).await, [0_u64; 0]);
    indexed(&chat).await;
    assert_eq!(numbers("plum", 50).await, [2]);
    let found = reader.search(&request("apple", 50)).await.unwrap();
    assert_eq!(found.indexed_through, reader.head());
}

#[tokio::test]
async fn pages_of_hits_follow_each_other_without_gap_or_repeat() {
    let (chat, shop, room) = start().await;
    for n in 0..25 {
        let body = if n % 2 == 0 { "even one" } else { "odd one" };
        chat.post(shop.token.into(), room.number, post(body), None)
            .await
            .unwrap();
    }
    indexed(&chat).await;
    let reader = chat.chat(shop.token.into(), room.number).await.unwrap();
    for order in [Order::Newest, Order::Oldest] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let request = SearchRequest {
                after,
                order,
                ..request("even", 4)
            };
            let found = reader.search(&request).await.unwrap();
            seen.extend(found.items.iter().map(|message| message.number.0));
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        if order == Order::Newest {
            seen.reverse();
        }
        assert_eq!(seen, (1..=25).step_by(2).collect::<Vec<_>>(), "{order:?}");
    }
}

#[tokio::test]
async fn a_rebuilt_index_finds_the_same() {
    let (chat, shop, room) = start().await;
    for n in 0..30 {
        chat.post(
            shop.token.into(),
            room.number,
            post(&format!("word{n} all")),
            None,
        )
        .await
        .unwrap();
    }
    let rebuilt = chat.reindex(|_| {}).await.unwrap();
    assert_eq!((rebuilt.chats, rebuilt.messages), (1, 30));
    chat.post(shop.token.into(), room.number, post("all later"), None)
        .await
        .unwrap();
    indexed(&chat).await;
    let reader = chat.chat(shop.token.into(), room.number).await.unwrap();
    assert_eq!(
        reader
            .search(&request("all", 50))
            .await
            .unwrap()
            .items
            .len(),
        31
    );
}

#[tokio::test]
async fn an_index_that_lacks_something_says_so_until_it_is_rebuilt() {
    let parts = Parts::in_memory();
    let (stores, keyring) = (parts.stores.clone(), parts.keyring.clone());
    let old_index = parts.search.clone();
    let (chat, shop, room) = start_with(parts).await;
    chat.post(shop.token.into(), room.number, post("tea"), None)
        .await
        .unwrap();
    indexed(&chat).await;
    assert!(chat.index_is_whole().await.unwrap());
    chat.stop().await;
    // It was lost.
    let parts = Parts {
        stores,
        keyring,
        ..Parts::in_memory()
    };
    let chat = Chat::start(parts).await.unwrap();
    assert!(!chat.index_is_whole().await.unwrap());
    let reader = chat.chat(shop.token.into(), room.number).await.unwrap();
    let found = reader.search(&request("tea", 5)).await.unwrap();
    assert!(found.items.is_empty() && found.indexed_through == Head::START);
    chat.reindex(|_| {}).await.unwrap();
    let found = reader.search(&request("tea", 5)).await.unwrap();
    assert_eq!((found.items.len(), found.indexed_through.number.0), (1, 1));
    assert!(chat.index_is_whole().await.unwrap());
    // It is that of another store, which holds nothing yet.
    let parts = Parts {
        search: old_index.clone(),
        ..Parts::in_memory()
    };
    let epoch = parts.stores.upkeep.epoch().await.unwrap();
    let chat = Chat::start(parts).await.unwrap();
    assert!(chat.index_is_whole().await.unwrap());
    assert_eq!(old_index.built_from().await.unwrap(), Some(epoch));
}
