//! History: pages by number.

use std::sync::Arc;

use crate::commit::Command;
use crate::ids::{ChatId, ChatNumber, MessageNumber};
use crate::model::Message;
use crate::page::{Limit, Span};
use crate::port::{History, Store};

use super::desk::{Desk, delete, edit, limit};

async fn page(
    store: &Arc<dyn Store>,
    chat: ChatId,
    span: Span,
    tombstones: bool,
    size: usize,
) -> (Vec<u64>, bool) {
    let page = store.page(chat, span, MessageNumber::MAX, tombstones, limit(size));
    let page = page.await.expect("page");
    (numbers(&page.items), page.more)
}

fn numbers(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.number.0).collect()
}

/// Pages of any size, upward and downward, hold every message once and in order.
pub async fn history_pages_have_no_gaps(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(11).await;
    desk.chat_of(3).await;
    let id = desk.info(chat).await.id;
    let all: Vec<u64> = (1..=11).collect();
    for size in 1..=12 {
        let (mut up, mut down): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        loop {
            let after = Span::After(up.last().copied().unwrap_or(0));
            let (numbers, more) = page(store, id, after, true, size).await;
            assert!(numbers.len() == size || !more, "only the last one is short");
            up.extend(numbers);
            if !more {
                break;
            }
        }
        loop {
            let before = Span::Before(down.first().copied().unwrap_or(u64::MAX));
            let (numbers, more) = page(store, id, before, true, size).await;
            down.splice(0..0, numbers);
            if !more {
                break;
            }
        }
        assert_eq!((&up, &down), (&all, &all), "pages of {size}");
    }
}

/// A page never passes `through`, and does not promise what lies beyond it.
pub async fn history_ends_at_through(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(9).await;
    let id = desk.info(chat).await.id;
    for (span, through, size, expected, more) in [
        (Span::After(0), 5, 9, vec![1, 2, 3, 4, 5], false),
        (Span::After(0), 5, 5, vec![1, 2, 3, 4, 5], false),
        (Span::After(0), 5, 4, vec![1, 2, 3, 4], true),
        (Span::After(5), 5, 9, vec![], false),
        (Span::After(7), 5, 9, vec![], false),
        (Span::Before(u64::MAX), 5, 2, vec![4, 5], true),
        (Span::Before(4), 5, 9, vec![1, 2, 3], false),
        (Span::Before(8), 0, 9, vec![], false),
    ] {
        let page = store.page(id, span, MessageNumber(through), true, limit(size));
        let page = page.await.expect("page");
        assert_eq!(
            (numbers(&page.items), page.more),
            (expected, more),
            "{span:?} through {through} by {size}"
        );
    }
}

/// Tombstones fill no page that did not ask for them, and promise no other one.
pub async fn tombstones_come_when_asked_for(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(8).await;
    let gone = [1, 3, 4, 7, 8];
    desk.done(gone.iter().map(|number| delete(chat, *number)).collect())
        .await;
    let id = desk.info(chat).await.id;
    for (span, tombstones, size, expected) in [
        (Span::After(0), false, 3, (vec![2, 5, 6], false)),
        (Span::After(0), false, 2, (vec![2, 5], true)),
        (Span::Before(u64::MAX), false, 2, (vec![5, 6], true)),
        (Span::Before(5), false, 2, (vec![2], false)),
        (Span::After(6), false, 1, (vec![], false)),
        (Span::After(6), true, 1, (vec![7], true)),
        (Span::Before(5), true, 2, (vec![3, 4], true)),
    ] {
        let found = page(store, id, span, tombstones, size).await;
        assert_eq!(found, expected, "{span:?} {tombstones} {size}");
    }
}

/// Messages are found one by one and many at once, each once and in order.
pub async fn messages_are_found_by_number(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (chat, other) = (desk.chat_of(5).await, desk.chat_of(2).await);
    desk.done(vec![delete(chat, 2), edit(chat, 4, "edited")])
        .await;
    let id = desk.info(chat).await.id;
    let asked = [5, 2, 99, 4, 2, 0].map(MessageNumber);
    let many = store.many(id, &asked).await.expect("many");
    assert_eq!(numbers(&many), [2, 4, 5]);
    assert!(many[0].is_deleted());
    assert_eq!(many[1].body, "edited");
    for message in many {
        let one = History::get(&**store, id, message.number).await;
        assert_eq!(one.expect("get"), Some(message));
    }
    assert_eq!(desk.message(chat, 6).await, None);
    assert_eq!(desk.message(other, 3).await, None);
    let none = store.many(id, &[]).await.expect("many");
    assert!(none.is_empty());
    let asked: Vec<_> = (1..=2_000).map(MessageNumber).collect();
    let all = store.many(id, &asked).await.expect("many");
    assert_eq!(numbers(&all), [1, 2, 3, 4, 5]);
}

/// A deleted chat has no messages, nor has one of a deleted application, erased or not yet.
pub async fn a_deleted_chat_has_no_history(store: &Arc<dyn Store>) {
    let (desk, gone) = (Desk::open(store).await, Desk::open(store).await);
    let (closed, kept) = (desk.chat_of(4).await, desk.chat_of(4).await);
    let (closed, kept) = (desk.info(closed).await.id, desk.info(kept).await.id);
    let of_gone = gone.chat_of(4).await;
    let of_gone = gone.info(of_gone).await.id;
    desk.done(vec![Command::CloseChat(ChatNumber(1))]).await;
    gone.done(vec![Command::CloseApplication]).await;
    let asked = [1, 2, 3].map(MessageNumber);
    for _ in ["deleted", "half erased"] {
        for chat in [closed, of_gone] {
            let one = History::get(&**store, chat, MessageNumber(3)).await;
            assert_eq!(one.expect("get"), None);
            assert!(store.many(chat, &asked).await.expect("many").is_empty());
            for span in [Span::After(0), Span::Before(u64::MAX)] {
                for tombstones in [true, false] {
                    let found = page(store, chat, span, tombstones, 2).await;
                    assert_eq!(found, (Vec::new(), false), "{span:?}");
                }
            }
            store.erase(chat, limit(2)).await.expect("erase");
        }
    }
    let found = page(store, kept, Span::After(0), true, 9).await;
    assert_eq!(found, (vec![1, 2, 3, 4], false));
}

/// Spans beyond the ends, of empty and of unknown chats are empty pages.
pub async fn spans_may_lie_anywhere(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (chat, empty) = (desk.chat_of(3).await, desk.chat().await);
    let id = desk.info(chat).await.id;
    let nothing = (Vec::new(), false);
    for span in [
        Span::After(3),
        Span::After(u64::MAX),
        Span::Before(0),
        Span::Before(1),
    ] {
        assert_eq!(page(store, id, span, true, 5).await, nothing, "{span:?}");
    }
    let empty = desk.info(empty).await.id;
    for chat in [empty, ChatId(i64::MAX)] {
        for span in [Span::After(0), Span::Before(u64::MAX)] {
            assert_eq!(page(store, chat, span, true, 5).await, nothing);
        }
    }
    let all = store.page(id, Span::After(0), MessageNumber::MAX, false, Limit::MAX);
    assert_eq!(numbers(&all.await.expect("page").items), [1, 2, 3]);
}
