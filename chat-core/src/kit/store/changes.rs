//! Changes: a snapshot and what comes after it make the next snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::commit::Command;
use crate::ids::{ChatNumber, Head, MessageNumber};
use crate::model::Message;
use crate::page::Limit;
use crate::port::{Changes, Store};

use super::desk::{Desk, delete, edit, head, name, post};

fn seen(page: &Changes) -> Vec<(u64, u64)> {
    let of = |one: &Message| (one.number.0, one.change.0);
    page.messages.iter().map(of).collect()
}

/// New messages come first, by number, then touched ones, by change; none twice in a page.
pub async fn changes_are_messages_first_and_then_touches(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(4).await;
    desk.done(vec![
        edit(chat, 3, "x"),
        post(chat, "5"),
        delete(chat, 1),
        edit(chat, 5, "y"),
        edit(chat, 3, "z"),
        post(chat, "6"),
    ])
    .await;
    let page = desk.changes(chat, head(4, 0), 9).await;
    assert_eq!(seen(&page), [(5, 3), (6, 0), (1, 2), (3, 4)]);
    assert!(page.messages[2].is_deleted());
    assert_eq!((page.next, page.more), (head(6, 4), false));
    assert_eq!(page.chat, desk.info(chat).await);
    let page = desk.changes(chat, head(4, 0), 1).await;
    assert_eq!(seen(&page), [(5, 3)]);
    assert_eq!((page.next, page.more), (head(5, 0), true));
    let page = desk.changes(chat, head(6, 2), 1).await;
    assert_eq!(seen(&page), [(5, 3)]);
    assert_eq!((page.next, page.more), (head(6, 3), true));
    let page = desk.changes(chat, head(6, 3), 1).await;
    assert_eq!(seen(&page), [(3, 4)]);
    assert_eq!((page.next, page.more), (head(6, 4), false));
}

/// Follows from a head to the end by pages of a size, over what was known there.
async fn follow(
    desk: &Desk,
    chat: ChatNumber,
    mut known: BTreeMap<MessageNumber, Message>,
    mut from: Head,
    size: usize,
) -> BTreeMap<MessageNumber, Message> {
    loop {
        let page = desk.changes(chat, from, size).await;
        assert!(page.messages.len() <= size, "pages of {size}");
        assert!(page.next.covers(from), "a cursor goes forward");
        assert!(page.next != from || !page.more, "a page leads on");
        known.extend(page.messages.into_iter().map(|one| (one.number, one)));
        from = page.next;
        if !page.more {
            assert_eq!(from, desk.info(chat).await.head);
            return known;
        }
    }
}

/// From any cut, by pages of any size, a reader ends with what is there.
pub async fn changes_lead_to_the_same_state_at_any_limit(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(4).await;
    let steps = [
        vec![edit(chat, 2, "a"), post(chat, "5")],
        vec![delete(chat, 4), edit(chat, 5, "b"), post(chat, "6")],
        vec![
            Command::RenameChat(chat, Some(name("n"))),
            edit(chat, 2, "c"),
        ],
        vec![post(chat, "7"), delete(chat, 7), delete(chat, 1)],
    ];
    let mut cuts = vec![(BTreeMap::new(), Head::START)];
    for step in steps {
        let messages = desk.messages(chat).await.into_iter();
        let snapshot = messages.map(|one| (one.number, one)).collect();
        cuts.push((snapshot, desk.info(chat).await.head));
        desk.done(step).await;
    }
    let there: Vec<Message> = desk.messages(chat).await;
    for (snapshot, from) in cuts {
        for size in 1..=12 {
            let known = follow(&desk, chat, snapshot.clone(), from, size).await;
            let known: Vec<Message> = known.into_values().collect();
            assert_eq!(known, there, "from {from:?} by {size}");
        }
    }
}

/// A row that moves up while pages are read comes later, and is not missed.
pub async fn a_row_that_is_touched_again_is_seen_later(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(3).await;
    desk.done((1..=3).map(|number| edit(chat, number, "a")).collect())
        .await;
    let first = desk.changes(chat, head(3, 0), 1).await;
    assert_eq!(seen(&first), [(1, 1)]);
    desk.done(vec![edit(chat, 2, "b"), edit(chat, 1, "b")])
        .await;
    let mut from = first.next;
    let mut later = Vec::new();
    loop {
        let page = desk.changes(chat, from, 1).await;
        later.extend(seen(&page));
        from = page.next;
        if !page.more {
            break;
        }
    }
    assert_eq!(later, [(3, 3), (2, 4), (1, 5)]);
    assert_eq!(from, head(3, 5));
}

/// The page that covers a rename says so, and no other does.
pub async fn a_change_of_the_chat_is_told_once(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(3).await;
    desk.done(vec![
        edit(chat, 1, "a"),
        edit(chat, 2, "a"),
        Command::RenameChat(chat, Some(name("n"))),
        edit(chat, 3, "a"),
    ])
    .await;
    for size in 1..=5 {
        let (mut from, mut told, mut after) = (head(3, 0), 0, None);
        loop {
            let page = desk.changes(chat, from, size).await;
            if page.chat_touched {
                told += 1;
                after = Some((from, page.next));
                assert_eq!(page.chat.name.as_deref(), Some("n"));
            }
            from = page.next;
            if !page.more {
                break;
            }
        }
        assert_eq!(told, 1, "pages of {size}");
        let (below, reached) = after.expect("told");
        assert!(below.change.0 < 3 && reached.change.0 >= 3);
    }
}

/// At the head there is nothing more.
pub async fn nothing_new_is_an_empty_page(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (chat, empty) = (desk.chat_of(2).await, desk.chat().await);
    desk.done(vec![edit(chat, 1, "a"), Command::RenameChat(chat, None)])
        .await;
    for (chat, from) in [(chat, head(2, 2)), (empty, Head::START)] {
        let page = desk.changes(chat, from, 5).await;
        assert!(page.messages.is_empty() && !page.chat_touched);
        assert_eq!((page.next, page.more), (from, false));
    }
}

/// A deleted chat, and one that never was, tells nothing.
pub async fn a_deleted_chat_has_no_changes(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(2).await;
    let id = desk.info(chat).await.id;
    desk.done(vec![Command::CloseChat(chat)]).await;
    for chat in [id, crate::ids::ChatId(i64::MAX)] {
        let changes = store.changes(chat, Head::START, Limit::MAX, None).await;
        assert_eq!(changes.expect("changes"), None);
    }
}
