//! Dirty rows: what a sink still has to follow.

use std::sync::Arc;

use crate::commit::{Batch, Command, Sink};
use crate::ids::{ChatId, ChatNumber};
use crate::page::Limit;
use crate::port::{Dirty, Store};

use super::desk::{Desk, NOW, commit, create_chat, delete, edit, head, limit, post};

async fn pending(desk: &Desk, chat: ChatNumber) -> Option<Dirty> {
    let id = desk.info(chat).await.id;
    let pending = desk.store.pending(Sink::Index, id).await;
    pending.expect("pending")
}

async fn dirty(store: &Arc<dyn Store>) -> Vec<Dirty> {
    let dirty = store.dirty(Sink::Index, Limit::MAX).await;
    dirty.expect("dirty")
}

async fn settle(store: &Arc<dyn Store>, done: &[Dirty]) {
    store.settle(Sink::Index, done).await.expect("settle");
}

/// However often a chat moves, it has one row: from where it was to where it is.
pub async fn a_moved_chat_is_dirty_once(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    assert!(dirty(store).await.is_empty(), "a new chat has not moved");
    for command in [post(chat, "a"), post(chat, "b"), edit(chat, 1, "c")] {
        desk.done(vec![command]).await;
    }
    desk.commit(vec![delete(chat, 9)]).await;
    let expected = Dirty {
        application: desk.application,
        chat: desk.info(chat).await.id,
        from: head(0, 0),
        to: head(2, 1),
    };
    assert_eq!(dirty(store).await, [expected]);
    assert_eq!(pending(&desk, chat).await, Some(expected));
    let unknown = store.pending(Sink::Index, ChatId(i64::MAX)).await;
    assert_eq!(unknown.expect("pending"), None);
}

/// An application waits for a sink while one of its own chats does.
pub async fn an_application_waits_for_its_own_chats(store: &Arc<dyn Store>) {
    let (busy, quiet) = (Desk::open(store).await, Desk::open(store).await);
    let chat = busy.chat_of(1).await;
    let waits = |application| store.waits(Sink::Index, application);
    assert!(waits(busy.application).await.expect("waits"));
    assert!(!waits(quiet.application).await.expect("waits"));
    let row = pending(&busy, chat).await.expect("dirty");
    settle(store, &[row]).await;
    assert!(!waits(busy.application).await.expect("waits"));
}

/// What was followed to its end is not dirty any more; the next move starts there.
pub async fn settling_takes_away_what_was_followed(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (one, two) = (desk.chat_of(2).await, desk.chat_of(3).await);
    let row = pending(&desk, one).await.expect("dirty");
    settle(store, &[row]).await;
    settle(store, &[row]).await;
    assert_eq!(pending(&desk, one).await, None);
    assert!(pending(&desk, two).await.is_some());
    desk.done(vec![delete(one, 1)]).await;
    let row = pending(&desk, one).await.expect("dirty");
    assert_eq!((row.from, row.to), (head(2, 0), head(2, 1)));
    settle(store, &dirty(store).await).await;
    assert!(dirty(store).await.is_empty());
}

/// A chat that moved while it was followed stays dirty, from where the sink is.
pub async fn settling_leaves_what_came_meanwhile(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(2).await;
    let row = pending(&desk, chat).await.expect("dirty");
    for command in [post(chat, "c"), edit(chat, 1, "d")] {
        desk.done(vec![command]).await;
    }
    settle(store, &[row]).await;
    let row = pending(&desk, chat).await.expect("still dirty");
    assert_eq!((row.from, row.to), (head(2, 0), head(3, 1)));
    settle(store, &[row]).await;
    assert_eq!(pending(&desk, chat).await, None);
}

/// A sink may follow page by page; a row that is gone is not made again.
pub async fn a_part_that_was_followed_is_settled(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(5).await;
    desk.done(vec![edit(chat, 1, "x"), edit(chat, 2, "x")])
        .await;
    let all = pending(&desk, chat).await.expect("dirty");
    for to in [head(3, 0), head(5, 0), head(5, 1)] {
        let row = pending(&desk, chat).await.expect("dirty");
        settle(store, &[Dirty { to, ..row }]).await;
        let row = pending(&desk, chat).await.expect("still dirty");
        assert_eq!((row.from, row.to), (to, all.to));
    }
    let row = pending(&desk, chat).await.expect("dirty");
    settle(store, &[row]).await;
    let part = Dirty {
        to: head(3, 0),
        ..all
    };
    settle(store, &[part]).await;
    assert_eq!(pending(&desk, chat).await, None);
}

/// Rows come by how long they wait, up to a limit; one that waits keeps its place.
pub async fn those_waiting_longest_come_first(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let mut chats = Vec::new();
    for _ in 0..4 {
        let chat = desk.chat().await;
        chats.push((chat, desk.info(chat).await.id));
    }
    let order = [2, 0, 3, 1];
    for at in order {
        desk.done(vec![post(chats[at].0, "text")]).await;
    }
    desk.done(vec![post(chats[2].0, "more")]).await;
    let expected: Vec<ChatId> = order.iter().map(|at| chats[*at].1).collect();
    let ids = |rows: Vec<Dirty>| rows.into_iter().map(|row| row.chat).collect::<Vec<_>>();
    assert_eq!(ids(dirty(store).await), expected);
    let some = store.dirty(Sink::Index, limit(3)).await.expect("dirty");
    assert_eq!(ids(some), expected[..3]);
}

/// A chat that is followed in parts, or moves all the time, lets the others have their turn.
pub async fn what_is_left_waits_behind_the_others(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (busy, quiet) = (desk.chat_of(3).await, desk.chat_of(1).await);
    let row = pending(&desk, busy).await.expect("dirty");
    let to = head(2, 0);
    settle(store, &[Dirty { to, ..row }]).await;
    let waiting = dirty(store).await.into_iter().map(|row| row.chat);
    let expected = [desk.info(quiet).await.id, desk.info(busy).await.id];
    assert_eq!(waiting.collect::<Vec<_>>(), expected);
}

/// Each sink has rows of its own, and settles nobody else's.
pub async fn sinks_follow_by_themselves(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (one, other) = (desk.chat().await, desk.chat().await);
    let both = Batch {
        requests: vec![desk.ask(post(one, "a")), desk.ask(post(other, "b"))],
        sinks: vec![Sink::Index, Sink::Push],
    };
    store.commit(Arc::new(both), NOW).await.expect("commit");
    desk.done(vec![post(one, "c")]).await;
    let to = async |sink| {
        let rows = store.dirty(sink, Limit::MAX).await.expect("dirty");
        let mut to: Vec<_> = rows.iter().map(|row| row.to.number.0).collect();
        to.sort_unstable();
        to
    };
    assert_eq!(
        (to(Sink::Index).await, to(Sink::Push).await),
        (vec![1, 2], vec![1, 1])
    );
    settle(store, &dirty(store).await).await;
    assert_eq!(
        (to(Sink::Index).await, to(Sink::Push).await),
        (vec![], vec![1, 1])
    );
    let waits = |sink| store.waits(sink, desk.application);
    assert!(!waits(Sink::Index).await.expect("waits") && waits(Sink::Push).await.expect("waits"));
    let rows = store.dirty(Sink::Push, Limit::ONE).await.expect("dirty");
    store.settle(Sink::Push, &rows).await.expect("settle");
    let pending = store.pending(Sink::Push, rows[0].chat).await;
    assert_eq!(
        (pending.expect("pending"), to(Sink::Push).await),
        (None, vec![1])
    );
}

/// Who names no sink has none that follows.
pub async fn without_a_sink_nothing_is_dirty(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let batch = Batch {
        requests: vec![desk.ask(post(chat, "text"))],
        sinks: Vec::new(),
    };
    let committed = store.commit(Arc::new(batch), NOW).await.expect("commit");
    assert_eq!(committed.moved.len(), 1);
    assert!(dirty(store).await.is_empty());
}

/// A sink hears of a chat that was deleted, the one made in the same batch too.
pub async fn a_closed_chat_is_dirty(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(1).await;
    let id = desk.info(chat).await.id;
    settle(store, &dirty(store).await).await;
    desk.done(vec![Command::CloseChat(chat)]).await;
    let row = store.pending(Sink::Index, id).await.expect("pending");
    let row = row.expect("dirty");
    assert_eq!((row.from, row.to), (head(1, 0), head(1, 1)));
    let short_lived = ChatNumber(2);
    commit(
        store,
        [
            create_chat(None),
            post(short_lived, "text"),
            Command::CloseChat(short_lived),
        ]
        .map(|command| desk.ask(command))
        .into(),
    )
    .await;
    assert_eq!(dirty(store).await.len(), 2);
}

/// Erasing a chat takes nothing from what sinks have to follow: they learn from it that it is gone.
pub async fn an_erased_chat_is_dirty_until_it_is_settled(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (chat, kept) = (desk.chat_of(5).await, desk.chat_of(1).await);
    let (id, kept) = (desk.info(chat).await.id, desk.info(kept).await.id);
    desk.done(vec![Command::CloseChat(chat)]).await;
    let rows = dirty(store).await;
    while store.erase(id, limit(2)).await.expect("erase").more {
        assert_eq!(dirty(store).await, rows);
    }
    assert_eq!(dirty(store).await, rows);
    let row = store.pending(Sink::Index, id).await.expect("pending");
    let row = row.expect("dirty");
    assert_eq!((row.chat, row.to), (id, head(5, 1)));
    settle(store, &[row]).await;
    let left = dirty(store).await.into_iter().map(|row| row.chat);
    assert_eq!(left.collect::<Vec<_>>(), [kept]);
}
