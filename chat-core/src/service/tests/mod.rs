mod applications;
mod bus;
mod counts;
mod erase;
mod index;
mod logins;
mod members;
mod nodes;
mod push;
mod queued;
mod search;
mod threads;
mod users;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::commit::{Caller, Post};
use crate::cursor::CursorError;
use crate::error::{BackendError, ErrorKind};
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
        author: None,
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
