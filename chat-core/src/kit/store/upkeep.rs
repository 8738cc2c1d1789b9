//! Upkeep: recounts, clearing away.

use std::sync::Arc;

use crate::commit::Command;
use crate::ids::{ChatId, ChatNumber};
use crate::page::Limit;
use crate::port::{Drift, Store};

use super::desk::{Desk, create_chat, delete, edit, limit, post};

/// Recounts everything in parts of a size.
async fn recount(store: &Arc<dyn Store>, size: usize) -> Drift {
    let mut drift = Drift::default();
    let mut after = ChatId(0);
    loop {
        let (part, next) = store.recount(after, limit(size)).await.expect("recount");
        drift.chats += part.chats;
        drift.applications += part.applications;
        match next {
            Some(next) => {
                assert!(next > after, "a recount goes forward");
                after = next;
            }
            None => return drift,
        }
    }
}

/// Whatever happened, the counts are exact: recounting repairs nothing and changes nothing.
pub async fn counts_need_no_repair(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (one, two) = (desk.chat_of(5).await, desk.chat_of(2).await);
    desk.done(vec![
        delete(one, 2),
        edit(one, 1, "x"),
        create_chat(None),
        post(one, "6"),
        delete(one, 6),
        Command::CloseChat(two),
    ])
    .await;
    let closed = Desk::open(store).await;
    closed.chat_of(2).await;
    closed.done(vec![Command::CloseApplication]).await;
    let before = desk.info(one).await;
    assert_eq!(before.messages_count, 4);
    for size in [1, 2, 3, 1_000] {
        assert_eq!(recount(store, size).await, Drift::default());
    }
    assert_eq!(desk.info(one).await, before);
    let found = store.by_token(desk.token.hash()).await.expect("by_token");
    assert_eq!(found.expect("found").chats_count, 2);
}

/// Erases a chat in steps of a size; how many steps it took.
async fn erase(store: &Arc<dyn Store>, chat: ChatId, size: usize) -> usize {
    for step in 1.. {
        let progress = store.erase(chat, limit(size)).await.expect("erase");
        assert!(progress.rows <= size as u64 && (progress.rows > 0 || !progress.more));
        if !progress.more {
            return step;
        }
    }
    0
}

/// A closed chat goes in bounded steps; its number stays taken and the counts stay right.
pub async fn a_closed_chat_is_erased_bit_by_bit(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (chat, kept) = (desk.chat_of(7).await, desk.chat_of(2).await);
    desk.done(vec![edit(chat, 3, "x"), delete(chat, 4)]).await;
    let id = desk.info(chat).await.id;
    let closed = || async { store.closed(limit(10)).await.expect("closed") };
    assert!(closed().await.is_empty());
    desk.done(vec![Command::CloseChat(chat)]).await;
    assert_eq!(closed().await, [id]);
    assert!(erase(store, id, 3).await >= 3, "seven rows and the chat");
    assert!(closed().await.is_empty());
    let again = store.erase(id, limit(3)).await.expect("erase");
    assert_eq!((again.rows, again.more), (0, false));
    assert_eq!(recount(store, 10).await, Drift::default());
    assert_eq!(desk.find(chat).await, None);
    assert_eq!(desk.messages(kept).await.len(), 2);
    assert_eq!(desk.chat().await, ChatNumber(3));
}

/// The chats of a deleted application are closed ones, and erasing them is no drift.
pub async fn the_chats_of_a_deleted_application_are_erased(store: &Arc<dyn Store>) {
    let (desk, other) = (Desk::open(store).await, Desk::open(store).await);
    let mut expected = Vec::new();
    for _ in 0..3 {
        let chat = desk.chat_of(2).await;
        expected.push(desk.info(chat).await.id);
    }
    let kept = other.chat_of(1).await;
    desk.done(vec![Command::CloseApplication]).await;
    let first = store.closed(limit(2)).await.expect("closed");
    assert_eq!(first.len(), 2);
    let mut closed = store.closed(Limit::MAX).await.expect("closed");
    closed.sort_unstable();
    assert_eq!(closed, expected);
    for chat in closed {
        erase(store, chat, 1_000).await;
    }
    assert!(store.closed(Limit::MAX).await.expect("closed").is_empty());
    assert_eq!(recount(store, 10).await, Drift::default());
    assert_eq!(other.messages(kept).await.len(), 1);
}

/// Nothing of a chat that exists is erased.
pub async fn a_live_chat_is_not_erased(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(3).await;
    for id in [desk.info(chat).await.id, ChatId(i64::MAX)] {
        let progress = store.erase(id, Limit::MAX).await.expect("erase");
        assert_eq!((progress.rows, progress.more), (0, false));
    }
    assert_eq!(desk.messages(chat).await.len(), 3);
}

/// Live chats of all applications are found one after the other.
pub async fn live_chats_are_walked_by_row(store: &Arc<dyn Store>) {
    let (left, right) = (Desk::open(store).await, Desk::open(store).await);
    let gone = Desk::open(store).await;
    let mut expected = Vec::new();
    for desk in [&left, &right, &gone, &left] {
        let (kept, closed) = (desk.chat().await, desk.chat().await);
        if desk.application != gone.application {
            expected.push(desk.info(kept).await.id);
        }
        desk.done(vec![Command::CloseChat(closed)]).await;
    }
    gone.done(vec![Command::CloseApplication]).await;
    let mut walked = Vec::new();
    let mut after = ChatId(0);
    while let Some(next) = store.next_chat(after).await.expect("next_chat") {
        assert!(next > after, "a walk goes forward");
        walked.push(next);
        after = next;
    }
    assert_eq!(walked, expected);
}

/// A store tells one history, and takes writes.
pub async fn an_epoch_stays(store: &Arc<dyn Store>) {
    let epoch = store.epoch().await.expect("epoch");
    Desk::open(store).await.chat_of(2).await;
    assert_eq!(store.epoch().await.expect("epoch"), epoch);
    store.ready().await.expect("ready");
}
