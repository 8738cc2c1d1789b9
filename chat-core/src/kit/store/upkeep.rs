//! Upkeep: recounts, clearing away.

use std::sync::Arc;

use crate::commit::Command;
use crate::ids::{ApplicationId, ChatId, ChatNumber, MessageNumber};
use crate::page::Limit;
use crate::port::{ApplicationCount, ChatCount, Counted, Drift, Piece, Store};

use super::desk::{Desk, create_chat, delete, edit, head, limit, post};

async fn recount(store: &Arc<dyn Store>) -> Drift {
    crate::recount::recount(&**store).await.expect("recount")
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
    assert_eq!(recount(store).await, Drift::default());
    assert_eq!(desk.info(one).await, before);
    let found = store.by_token(desk.token.hash()).await.expect("by_token");
    assert_eq!(found.expect("found").chats_count, 2);
}

/// The stored counts of a chat.
async fn stored(desk: &Desk, chat: ChatNumber) -> ChatCount {
    let id = desk.info(chat).await.id;
    let found = desk.store.chat_counts(ChatId(id.0 - 1), Limit::ONE).await;
    found.expect("chat_counts").pop().expect("the chat")
}

/// Stored counts come row by row, and pieces are counted without what is deleted.
pub async fn counts_are_seen_and_counted(store: &Arc<dyn Store>) {
    let (desk, other) = (Desk::open(store).await, Desk::open(store).await);
    let (one, two) = (desk.chat_of(5).await, desk.chat_of(1).await);
    desk.done(vec![
        delete(one, 2),
        Command::CloseChat(two),
        create_chat(None),
    ])
    .await;
    other.done(vec![Command::CloseApplication]).await;
    let chat = desk.info(one).await.id;
    let expected = ChatCount {
        chat,
        head: head(5, 1),
        floor: MessageNumber(1),
        live: 4,
    };
    let chats = store
        .chat_counts(ChatId(0), Limit::MAX)
        .await
        .expect("chats");
    assert_eq!((chats.len(), chats[0]), (2, expected));
    let applications = store.application_counts(ApplicationId::ROOT, Limit::MAX);
    let expected = ApplicationCount {
        application: desk.application,
        last: ChatNumber(3),
        live: 2,
    };
    assert_eq!(applications.await.expect("applications"), [expected]);
    let messages = |from, to| piece(Counted::Messages(chat), from, to);
    let chats = |from, to| piece(Counted::Chats(desk.application), from, to);
    let pieces = [
        messages(1, 5),
        messages(2, 3),
        chats(1, 3),
        chats(2, 2),
        messages(6, 9),
    ];
    for pieces in [&pieces[..], &pieces[..3], &pieces[..0]] {
        let found = store.count(pieces).await.expect("count");
        assert_eq!(found, [4, 1, 2, 0, 0][..pieces.len()]);
    }
}

const fn piece(of: Counted, from: u64, to: u64) -> Piece {
    Piece { of, from, to }
}

/// A repair adds what was missing to what was posted since; it is done once, and not at all when something else happened.
pub async fn a_count_is_repaired_once(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(4).await;
    let right = stored(&desk, chat).await;
    assert!(store.repair_chat(&right, 9).await.expect("spoiled"));
    let wrong = stored(&desk, chat).await;
    assert_eq!(wrong, ChatCount { live: 9, ..right });
    desk.done(vec![post(chat, "5")]).await;
    for done in [true, false] {
        assert_eq!(store.repair_chat(&wrong, 4).await.expect("repair"), done);
        assert_eq!(desk.info(chat).await.messages_count, 5);
    }
    let before = stored(&desk, chat).await;
    desk.done(vec![delete(chat, 1), post(chat, "6")]).await;
    assert!(!store.repair_chat(&before, 7).await.expect("repair"));
    assert_eq!(recount(store).await, Drift::default());
    let application = desk.application;
    let repaired = store.repair_application(application).await;
    assert!(!repaired.expect("nothing to repair"));
}

/// Recounts that run at once, beside one who posts, find a wrong count and repair it once.
pub async fn recounts_at_once_repair_once(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (chat, other) = (desk.chat_of(7).await, desk.chat_of(3).await);
    for wrong in [0, 90] {
        let seen = stored(&desk, chat).await;
        assert!(store.repair_chat(&seen, wrong).await.expect("spoiled"));
        let posts = async {
            for _ in 0..4 {
                desk.done(vec![post(chat, "x"), post(other, "x")]).await;
            }
        };
        let (one, two, three, ()) =
            tokio::join!(recount(store), recount(store), recount(store), posts);
        assert_eq!(one.chats + two.chats + three.chats, 1);
        assert_eq!(recount(store).await, Drift::default());
        let info = desk.info(chat).await;
        assert_eq!(info.messages_count, info.head.number.0);
    }
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
    assert_eq!(recount(store).await, Drift::default());
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
    assert_eq!(recount(store).await, Drift::default());
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
