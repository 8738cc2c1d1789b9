mod bus;
mod counts;
mod index;
mod logins;
mod members;
mod nodes;
mod queued;
mod threads;
mod users;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::commit::{Caller, Edit, Post};
use crate::cursor::CursorError;
use crate::error::ErrorKind;
use crate::ids::{ApplicationId, ChatNumber, Head, MessageNumber, Token, UserNumber};
use crate::model::{ChatView, Tenant};
use crate::page::{Limit, Span};
use crate::port::{MockBus, MockSearch, Order};
use crate::terms::Query;
use crate::text::Body;

async fn start() -> (Chat, Tenant, ChatView) {
    start_with(Parts::in_memory()).await
}

async fn start_with(parts: Parts) -> (Chat, Tenant, ChatView) {
    let chat = Chat::start(parts).await.unwrap();
    let name = Name::parse("shop").unwrap();
    let shop = chat
        .create_application(name, true, None)
        .await
        .unwrap()
        .value;
    let room = chat
        .create_chat(shop.token.into(), None, None)
        .await
        .unwrap()
        .value;
    (chat, shop, room)
}

fn post(body: &str) -> Post {
    Post {
        body: Body::parse(body).unwrap(),
        data: None,
        reply_to: None,
    }
}

fn request(query: &str, limit: usize) -> SearchRequest {
    SearchRequest {
        query: Arc::new(Query::parse(query)),
        order: Order::Newest,
        after: None,
        limit: Limit::new(limit).unwrap(),
    }
}

/// Waits until the index has all that was posted.
async fn indexed(chat: &Chat) {
    while chat.inner.indexer.follow().await.unwrap().chats > 0 {}
    chat.inner.search.refresh().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_waiting_reader_hears_every_post_in_turn() {
    let (chat, shop, room) = start().await;
    let reader = chat.chat(shop.token.into(), room.number).await.unwrap();
    let mut cursor = room.cursor;
    for n in 1..=3 {
        let posting = tokio::spawn({
            let chat = chat.clone();
            async move {
                chat.post(shop.token.into(), ChatNumber(1), post("hi"), None)
                    .await
            }
        });
        let patience = Duration::from_secs(60);
        let feed = reader
            .wait(Some(cursor), Limit::DEFAULT, patience)
            .await
            .unwrap();
        posting.await.unwrap().unwrap();
        assert!(matches!(&feed.items[..], [Item::Message(m)] if m.number == MessageNumber(n)));
        cursor = feed.next;
    }
    let nothing = reader
        .wait(Some(cursor), Limit::DEFAULT, Duration::from_secs(60))
        .await
        .unwrap();
    assert!(nothing.items.is_empty());
    assert_eq!(nothing.next, cursor);
}

#[tokio::test]
async fn a_cursor_of_another_chat_or_history_is_told_apart() {
    let (chat, shop, room) = start().await;
    let other = chat
        .create_chat(shop.token.into(), None, None)
        .await
        .unwrap()
        .value;
    let reader = chat.chat(shop.token.into(), room.number).await.unwrap();
    let ask = async |cursor| reader.changes(Some(cursor), Limit::DEFAULT).await;
    assert!(matches!(
        ask(other.cursor).await,
        Err(ChatError::Cursor(CursorError::OtherChat))
    ));
    let mut foreign = room.cursor;
    foreign.epoch = Epoch(room.cursor.epoch.0 ^ 1);
    assert!(matches!(ask(foreign).await, Err(ChatError::CursorReset)));
    let mut ahead = room.cursor;
    ahead.head.number = MessageNumber(1);
    assert!(matches!(ask(ahead).await, Err(ChatError::CursorReset)));
    chat.delete_chat(shop.token.into(), room.number)
        .await
        .unwrap();
    assert!(matches!(
        ask(room.cursor).await,
        Err(ChatError::ChatNotFound(_))
    ));
}

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

#[tokio::test]
async fn a_deleted_application_is_gone_at_once_and_erased() {
    let (chat, shop, room) = start().await;
    chat.post(shop.token.into(), room.number, post("secret"), None)
        .await
        .unwrap();
    let id = chat.application_id(shop.token.into()).await.unwrap();
    chat.delete_application(shop.token.into()).await.unwrap();
    for access in [Access::from(shop.token), Access::from(id)] {
        assert!(matches!(
            chat.application(access).await,
            Err(ChatError::ApplicationNotFound)
        ));
        let refused = chat.post(access, room.number, post("late"), None).await;
        assert!(matches!(refused, Err(ChatError::ApplicationNotFound)));
    }
    chat.purge().await.unwrap();
    let left = chat.inner.stores.upkeep.closed(Limit::MAX).await.unwrap();
    assert!(left.is_empty());
    let name = Name::parse("shop").unwrap();
    chat.create_application(name, true, None)
        .await
        .expect("the name is free again");
}

#[tokio::test]
async fn the_default_application_is_made_once_and_stays() {
    let parts = Parts::in_memory();
    let (stores, keyring) = (parts.stores.clone(), parts.keyring.clone());
    let first = Chat::start(parts).await.unwrap();
    let token = first.default_application().await.unwrap().token;
    let again = Parts {
        stores,
        keyring,
        ..Parts::in_memory()
    };
    let second = Chat::start(again).await.unwrap();
    assert_eq!(second.default_application().await.unwrap().token, token);
    let refused = second.delete_application(token.into()).await;
    assert!(matches!(refused, Err(ChatError::DefaultApplication)));
}

#[tokio::test]
async fn without_search_and_bus_posting_and_reading_go_on() {
    let down = || BackendError::new(ErrorKind::Unavailable, "mock", "down");
    let mut search = MockSearch::new();
    search.expect_put().returning(move |_| Err(down()));
    search.expect_query().returning(move |_| Err(down()));
    search.expect_built_from().returning(move || Err(down()));
    search.expect_rebuild().returning(move || Err(down()));
    let mut bus = MockBus::new();
    bus.expect_publish().returning(move |_| Err(down()));
    let (sender, _) = tokio::sync::broadcast::channel(1);
    bus.expect_subscribe()
        .returning(move || Ok(crate::port::Subscription(sender.subscribe())));
    let parts = Parts {
        search: Arc::new(search),
        bus: Arc::new(bus),
        ..Parts::in_memory()
    };
    let (chat, shop, room) = start_with(parts).await;
    chat.post(shop.token.into(), room.number, post("still here"), None)
        .await
        .unwrap();
    let reader = chat.chat(shop.token.into(), room.number).await.unwrap();
    assert_eq!(
        reader.message(MessageNumber(1)).await.unwrap().body,
        "still here"
    );
    let refused = reader.search(&request("here", 5)).await;
    assert!(matches!(refused, Err(ChatError::SearchUnavailable(_))));
}

#[tokio::test]
async fn a_list_whose_chat_is_deleted_breaks_off_and_does_not_end() {
    let (chat, shop, room) = start().await;
    let access = shop.token.into();
    for _ in 0..5 {
        chat.post(access, room.number, post("x"), None)
            .await
            .unwrap();
    }
    let reader = chat.chat(access, room.number).await.unwrap();
    let two = Limit::new(2).unwrap();
    let page = |after| reader.messages(Span::After(after), false, two);
    assert!(page(0).await.unwrap().more);
    let last = page(3).await.unwrap();
    assert_eq!((last.items.len(), last.more), (2, false));
    chat.delete_chat(access, room.number).await.unwrap();
    for after in [2, 3, 5] {
        let rest = page(after).await;
        assert!(matches!(rest, Err(ChatError::ChatNotFound(number)) if number == room.number));
    }
}

#[tokio::test]
async fn a_stopped_backend_commits_what_waits_and_takes_no_more() {
    let (chat, shop, room) = start().await;
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let chat = chat.clone();
            tokio::spawn(async move {
                chat.post(shop.token.into(), room.number, post("x"), None)
                    .await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    chat.stop().await;
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    let late = chat
        .post(shop.token.into(), room.number, post("late"), None)
        .await;
    assert!(matches!(late, Err(ChatError::Unavailable(_))));
}

#[tokio::test]
async fn an_application_that_cannot_be_opened_keeps_no_other_from_the_list() {
    let parts = Parts::in_memory();
    let stores = parts.stores.clone();
    let (chat, shop, _) = start_with(parts).await;
    let foreign = Chat::start(Parts {
        stores,
        ..Parts::in_memory()
    });
    let foreign = foreign.await.unwrap();
    let name = |text: &str| Name::parse(text).unwrap();
    for text in ["a", "b", "c"] {
        foreign
            .create_application(name(text), false, None)
            .await
            .unwrap();
    }
    let last = chat.create_application(name("last"), false, None);
    let last = last.await.unwrap().value;
    let (mut after, mut found) = (ApplicationId::ROOT, Vec::new());
    loop {
        let page = chat
            .applications(after, Limit::new(1).unwrap())
            .await
            .unwrap();
        for (id, tenant) in page.items {
            after = id;
            found.push(tenant.public_id);
        }
        if !page.more {
            break;
        }
    }
    assert_eq!(found, [shop.public_id, last.public_id]);
}
