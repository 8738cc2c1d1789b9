//! Who is told what, how often the Store is asked for it, and what waits for those who do not listen.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout};

use super::super::hub::PAGE;
use super::*;
use crate::commit::{AddMembers, Mark};
use crate::cursor::Cursor;
use crate::ids::{Epoch, MessageNumber};
use crate::memory::MemoryStore;
use crate::model::Role;
use crate::port::{History, MockHistory, Store};
use crate::testing::{elapse, until};

/// A node whose reads of changes are counted.
async fn counted(live: LiveLimits) -> (Chat, Arc<AtomicUsize>) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (reads, mut history) = (Arc::new(AtomicUsize::new(0)), MockHistory::new());
    let (count, inner) = (reads.clone(), store.clone());
    history
        .expect_changes()
        .returning(move |chat, after, limit, viewer| {
            // Others, as the index, read pages of other sizes.
            count.fetch_add(usize::from(limit.get() == PAGE), Ordering::Relaxed);
            let found = inner.changes(chat, after, limit, viewer);
            found.now_or_never().expect("memory waits for nothing")
        });
    let mut parts = Parts {
        live,
        ..Parts::in_memory()
    };
    parts.stores = store.into();
    parts.stores.history = Arc::new(history) as Arc<dyn History>;
    (Chat::start(parts).await.unwrap(), reads)
}

/// Everything that is there to be heard.
fn heard(listener: &Listener) -> Vec<News> {
    std::iter::from_fn(|| listener.next().now_or_never()).collect()
}

/// The same, as numbers of messages.
fn heard_numbers(listener: &Listener) -> Vec<u64> {
    let batches = heard(listener).into_iter().filter_map(|news| match news {
        News::Batch(batch) => Some(numbers(&batch)),
        _ => None,
    });
    batches.flatten().collect()
}

const A_MOMENT: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn thousands_who_come_back_cost_one_question() {
    let (chat, reads) = counted(LiveLimits::default()).await;
    let access = Access::from(shop(&chat).await.token);
    let room = chat.create_chat(access, None, None).await.unwrap().value;
    for _ in 0..20 {
        post(&chat, access, room.number, "missed").await;
    }
    let mut back = Vec::new();
    for n in 0..2_000 {
        let listener = chat.listen(Ear::of(access)).await.unwrap();
        let from = [(room.number, Some(room.cursor))];
        listener.follow(&from, Rest::Later).await.unwrap();
        back.push(listener);
        if n % 500 == 0 {
            elapse(Duration::from_secs(2)).await;
        }
    }
    elapse(A_MOMENT).await;
    assert_eq!(reads.load(Ordering::Relaxed), 1);
    let missed: Vec<u64> = (1..=20).collect();
    for listener in &back {
        assert_eq!(heard_numbers(listener), missed);
    }
    // And what is posted now, one more for all of them.
    post(&chat, access, room.number, "new").await;
    until(async || reads.load(Ordering::Relaxed) == 2).await;
    elapse(A_MOMENT).await;
    let mut encoded = 0;
    for listener in &back {
        let News::Batch(batch) = listener.next().await else {
            panic!("no batch");
        };
        let frame: Arc<str> = batch.encoded(|batch| {
            encoded += 1;
            format!("{:?}", batch.to).into()
        });
        assert!(!frame.is_empty());
    }
    assert_eq!(encoded, 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_far_behind_gets_there_page_by_page_as_fast_as_it_listens() {
    let limits = LiveLimits {
        waiting: 4,
        ..LiveLimits::default()
    };
    let (chat, reads) = counted(limits).await;
    let access = Access::from(shop(&chat).await.token);
    let room = chat.create_chat(access, None, None).await.unwrap().value;
    for n in 0..1_500_u64 {
        post(&chat, access, room.number, &n.to_string()).await;
    }
    let listener = chat.listen(Ear::of(access)).await.unwrap();
    let from = [(room.number, Some(room.cursor))];
    listener.follow(&from, Rest::Later).await.unwrap();
    elapse(Duration::from_secs(60)).await;
    let before = reads.load(Ordering::Relaxed);
    assert!(before <= 3, "nothing is read that nobody takes: {before}");
    let mut told = Vec::new();
    loop {
        match timeout(Duration::from_secs(5), listener.next())
            .await
            .unwrap()
        {
            News::Batch(batch) => told.extend(numbers(&batch)),
            News::CaughtUp => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, (1..=1_500).collect::<Vec<u64>>());
}

#[tokio::test(start_paused = true)]
async fn who_does_not_listen_is_closed_and_the_others_get_everything() {
    let limits = LiveLimits {
        waiting: 8,
        ..LiveLimits::default()
    };
    let (chat, _) = counted(limits).await;
    let access = Access::from(shop(&chat).await.token);
    let room = chat.create_chat(access, None, None).await.unwrap().value;
    let follow = async || {
        let listener = chat.listen(Ear::of(access)).await.unwrap();
        let chats = [(room.number, None)];
        listener.follow(&chats, Rest::Later).await.unwrap();
        listener
    };
    let (slow, quick) = (follow().await, follow().await);
    let mut told = Vec::new();
    for n in 1..=20_u64 {
        post(&chat, access, room.number, &n.to_string()).await;
        elapse(A_MOMENT).await;
        told.extend(heard_numbers(&quick));
    }
    assert_eq!(told, (1..=20).collect::<Vec<u64>>());
    assert_eq!(slow.over().await, Bye::Slow);
    assert!(Bye::Slow.resumes());
    let from: Cursor = slow.heads()[0];
    drop(slow);
    let back = chat.listen(Ear::of(access)).await.unwrap();
    back.follow(&[(room.number, Some(from))], Rest::Later)
        .await
        .unwrap();
    elapse(A_MOMENT).await;
    assert_eq!(heard_numbers(&back), told);
}

/// Who posts one message after the other is told of together where many listen, and at once where few do.
#[tokio::test(start_paused = true)]
async fn what_happens_in_a_crowd_is_told_together() {
    let (chat, reads) = counted(LiveLimits::default()).await;
    let access = Access::from(shop(&chat).await.token);
    for (listeners, tellings) in [(10, 20), (1_000, 2)] {
        let room = chat.create_chat(access, None, None).await.unwrap().value;
        let mut crowd = Vec::new();
        for _ in 0..listeners {
            let listener = chat.listen(Ear::of(access)).await.unwrap();
            let chats = [(room.number, None)];
            listener.follow(&chats, Rest::Later).await.unwrap();
            crowd.push(listener);
        }
        elapse(Duration::from_secs(1)).await;
        heard(&crowd[0]);
        let before = reads.load(Ordering::Relaxed);
        for n in 1..=20_u64 {
            post(&chat, access, room.number, &n.to_string()).await;
            elapse(A_MOMENT).await;
            assert!(
                n > 1 || heard_numbers(&crowd[0]) == [1],
                "the first one at once"
            );
        }
        elapse(Duration::from_millis(100)).await;
        assert_eq!(reads.load(Ordering::Relaxed) - before, tellings);
        assert_eq!(heard_numbers(&crowd[0]), (2..=20).collect::<Vec<u64>>());
    }
}

#[tokio::test(start_paused = true)]
async fn typing_is_told_to_the_others_and_goes_before_any_message() {
    let limits = LiveLimits {
        waiting: 8,
        ..LiveLimits::default()
    };
    let (chat, _) = counted(limits).await;
    let access = Access::from(shop(&chat).await.token);
    let ann = user(&chat, access, "ann").await;
    let bob = user(&chat, access, "bob").await;
    let room = group(&chat, access, &[ann, bob]).await;
    let ear = |user| Ear::of(by(access, user));
    let (ann_hears, bob_hears) = (
        chat.listen(ear(ann)).await.unwrap(),
        chat.listen(ear(bob)).await.unwrap(),
    );
    for listener in [&ann_hears, &bob_hears] {
        listener.follow(&[], Rest::FromNow).await.unwrap();
    }
    elapse(A_MOMENT).await;
    heard(&ann_hears);
    heard(&bob_hears);
    for _ in 0..3 {
        ann_hears.typing(room.number).await.unwrap();
    }
    elapse(A_MOMENT).await;
    assert!(heard(&ann_hears).is_empty(), "who writes knows it");
    let told = heard(&bob_hears);
    assert!(
        matches!(&told[..], [News::Typing(typing)] if typing.user == ann && typing.chat == room.number),
        "{told:?}"
    );
    for _ in 0..20 {
        elapse(Duration::from_secs(1)).await;
        ann_hears.typing(room.number).await.unwrap();
    }
    for n in 1..=8_u64 {
        post(&chat, access, room.number, &n.to_string()).await;
        elapse(A_MOMENT).await;
    }
    assert_eq!(heard_numbers(&bob_hears), (1..=8).collect::<Vec<u64>>());
    assert!(ann_hears.typing(ChatNumber(99)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_read_elsewhere_is_told_in_chats_of_any_size() {
    let (chat, _) = counted(LiveLimits::default()).await;
    let access = Access::from(shop(&chat).await.token);
    let mut users = Vec::new();
    for n in 0..101 {
        users.push(user(&chat, access, &format!("user{n}")).await);
    }
    let mark = Mark {
        read: Some(MessageNumber(1)),
        delivered: None,
    };
    for size in [2, 101] {
        let room = group(&chat, access, &users[..size]).await.number;
        post(&chat, access, room, "hello").await;
        let (mine, other) = (by(access, users[0]), by(access, users[1]));
        let phone = chat.listen(Ear::of(mine)).await.unwrap();
        let others = chat.listen(Ear::of(other)).await.unwrap();
        for listener in [&phone, &others] {
            listener.follow(&[], Rest::FromNow).await.unwrap();
            assert!(matches!(listener.next().await, News::CaughtUp));
        }
        chat.mark(mine, room, mark).await.unwrap();
        elapse(A_MOMENT).await;
        let is_large = size > 100;
        let (told, told_others) = (heard(&phone), heard(&others));
        match &told[..] {
            [News::Marked(marked)] if is_large => {
                assert_eq!((marked.chat, marked.read.0), (room, 1));
            }
            [News::Batch(batch)] if !is_large => {
                assert!(matches!(&batch.items[..], [Item::Mark(one)] if one.read.0 == 1));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(told_others.len(), usize::from(!is_large));
    }
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_is_new_to_a_user_is_found_at_once() {
    let (chat, _) = counted(LiveLimits::default()).await;
    let access = Access::from(shop(&chat).await.token);
    let ann = user(&chat, access, "ann").await;
    let bob = user(&chat, access, "bob").await;
    let listener = chat.listen(Ear::of(by(access, bob))).await.unwrap();
    listener.follow(&[], Rest::FromNow).await.unwrap();
    assert!(matches!(listener.next().await, News::CaughtUp));
    let asked = Instant::now();
    let made = group(&chat, access, &[ann, bob]).await;
    let other = group(&chat, access, &[ann]).await;
    let add = AddMembers {
        users: vec![bob],
        role: Role::Reader,
    };
    chat.add_members(access, other.number, add, None)
        .await
        .unwrap();
    let mut found = Vec::new();
    while found.len() < 2 {
        match listener.next().await {
            News::Joined(joined) => found.push(joined.chat.number),
            other => panic!("{other:?}"),
        }
    }
    found.sort_unstable();
    assert_eq!(found, [made.number, other.number]);
    assert!(asked.elapsed() < Duration::from_millis(100));
    for room in found {
        post(&chat, access, room, "hello").await;
        assert_eq!(posted(&listener).await, [1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_no_use_is_told_so_and_the_chat_goes_on_from_now() {
    let (chat, _) = counted(LiveLimits::default()).await;
    let access = Access::from(shop(&chat).await.token);
    let room = chat.create_chat(access, None, None).await.unwrap().value;
    post(&chat, access, room.number, "one").await;
    let mut foreign = room.cursor;
    foreign.epoch = Epoch(foreign.epoch.0 ^ 1);
    let mut beyond = room.cursor;
    beyond.head.number = MessageNumber(99);
    for cursor in [foreign, beyond] {
        let listener = chat.listen(Ear::of(access)).await.unwrap();
        let from = [(room.number, Some(cursor)), (ChatNumber(99), None)];
        listener.follow(&from, Rest::Later).await.unwrap();
        assert_eq!(listener.heads(), [], "it was not told yet");
        let News::Reset(now) = listener.next().await else {
            panic!("no reset");
        };
        assert_eq!(listener.heads(), [now]);
        assert!(matches!(
            listener.next().await,
            News::Removed(ChatNumber(99))
        ));
        assert!(matches!(listener.next().await, News::CaughtUp));
        let last = post(&chat, access, room.number, "more").await;
        let News::Batch(batch) = listener.next().await else {
            panic!("no batch");
        };
        assert_eq!((batch.from, batch.to.head.number.0), (now, last));
        let other = [(ChatNumber(99), Some(cursor))];
        assert!(listener.follow(&other, Rest::Later).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_chat_is_over_and_the_others_go_on() {
    let (chat, _) = counted(LiveLimits::default()).await;
    let access = Access::from(shop(&chat).await.token);
    let gone = chat.create_chat(access, None, None).await.unwrap().value;
    let stays = chat.create_chat(access, None, None).await.unwrap().value;
    let listener = chat.listen(Ear::of(access)).await.unwrap();
    let chats = [(gone.number, None), (stays.number, None)];
    listener.follow(&chats, Rest::Later).await.unwrap();
    assert!(matches!(listener.next().await, News::CaughtUp));
    chat.delete_chat(access, gone.number).await.unwrap();
    assert!(matches!(listener.next().await, News::Removed(number) if number == gone.number));
    post(&chat, access, stays.number, "here").await;
    assert_eq!(posted(&listener).await, [1]);
    assert_eq!(listener.heads().len(), 1);
}

/// What a listener that goes on from here is told first.
async fn first(chat: &Chat, access: Access, from: Cursor) -> (Listener, Arc<Shared<Batch>>) {
    let listener = chat.listen(Ear::of(access)).await.unwrap();
    let from = [(from.chat, Some(from))];
    listener.follow(&from, Rest::Later).await.unwrap();
    let News::Batch(batch) = listener.next().await else {
        panic!("no batch");
    };
    (listener, batch)
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_a_text_that_was_deleted_before_he_came() {
    let (chat, _) = counted(LiveLimits::default()).await;
    let access = Access::from(shop(&chat).await.token);
    let room = chat.create_chat(access, None, None).await.unwrap().value;
    let number = MessageNumber(post(&chat, access, room.number, "secret").await);
    let (before, told) = first(&chat, access, room.cursor).await;
    assert_eq!(numbers(&told), [number.0]);
    assert!(matches!(before.next().await, News::CaughtUp));
    chat.delete(access, room.number, number).await.unwrap();
    assert!(matches!(before.next().await, News::Batch(_)));
    let (_after, told) = first(&chat, access, room.cursor).await;
    let texts = told.items.iter().map(|item| match item {
        Item::Message(message) => message.body.as_str(),
        other => panic!("{other:?}"),
    });
    assert_eq!(texts.collect::<Vec<_>>(), [""]);
}
