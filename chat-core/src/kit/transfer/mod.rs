//! What every store that can be moved is held to.
//!
//! An adapter runs all cases with [`transfer_kit!`](crate::transfer_kit).

mod source;

use std::sync::Arc;

use crate::commit::Command;
use crate::error::ErrorKind;
use crate::ids::{ChatNumber, MessageNumber, UserNumber};
use crate::kit::store::desk::{Desk, NOW, commit, edit, limit, number, post};
use crate::memory::MemoryStore;
use crate::model::Session;
use crate::page::Limit;
use crate::port::{Part, Place, Standing, Store, Transfer, Upkeep as _};
use crate::transfer::{Comparison, Mover, Report};

use source::{ALICE, BOB, DIRECT, GROUP, filled};

/// A store that can be moved.
pub trait Movable: Store + Transfer {}

impl<T: Store + Transfer> Movable for T {}

/// Makes a test of each case of transfers. The argument is a function `async fn fresh() -> (Arc<dyn Movable>, guard)` that opens an
/// empty store; the guard lives as long as the case. The calling crate needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! transfer_kit {
    ($fresh:path) => {
        $crate::transfer_kit! { [$crate::case_tests] $fresh }
    };
    ([$($each:tt)+] $($fresh:tt)+) => {
        $($each)+! { $($fresh)+, [$crate::kit::transfer]
            what_goes_in_comes_out_the_same,
            what_was_moved_goes_on_as_before,
            people_who_were_moved_go_on_as_before,
            a_part_written_twice_changes_nothing,
            a_transfer_goes_on_where_it_stopped,
            a_store_with_data_takes_no_transfer,
            a_row_of_nothing_is_refused_whole,
            a_difference_is_named,
        }
    };
}

async fn move_all(source: Arc<dyn Transfer>, store: &dyn Store, target: Arc<dyn Transfer>) {
    let epoch = store.epoch().await.expect("an epoch");
    let mover = Mover::begin(source, epoch, target.clone()).await;
    let mut mover = mover.expect("an empty store");
    while mover.step().await.expect("a step").is_some() {}
    target.finish().await.expect("finish");
}

async fn compare(one: Arc<dyn Transfer>, other: Arc<dyn Transfer>) -> Report {
    let mut comparison = Comparison::of(one, other);
    while comparison.step().await.expect("a step").is_some() {}
    comparison.report()
}

async fn parts(store: &dyn Transfer, limit: Limit) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut place = Place::START;
    while place != Place::End {
        let part = store.read(place, limit).await.expect("a part");
        assert!(part.rows.len() <= limit.get() && part.to != place);
        place = part.to;
        parts.push(part);
    }
    parts
}

fn rows(parts: &[Part]) -> usize {
    parts.iter().map(|part| part.rows.len()).sum()
}

/// In, and out again into another store: nothing is missing and nothing is added, whatever the size of the parts.
pub async fn what_goes_in_comes_out_the_same(store: &Arc<dyn Movable>) {
    let (memory, _) = filled().await;
    move_all(memory.clone(), &*memory, store.clone()).await;
    assert_eq!(store.standing().await.expect("standing"), Standing::Used);
    let report = compare(memory.clone(), store.clone()).await;
    assert_eq!((report.differences, report.first.clone()), (0, vec![]));
    assert_eq!((report.one, report.one.messages), (report.other, 57));
    assert_eq!((report.one.applications, report.one.chats), (3, 15));
    assert_eq!((report.one.users, report.one.members), (9, 15));
    // A session and a range, a key, an operation and a source each.
    assert_eq!(report.one.records, 15);
    for size in [1, 3, 1_000] {
        let (one, other) = (
            parts(&*memory, limit(size)).await,
            parts(&**store, limit(size)).await,
        );
        assert_eq!(rows(&one), rows(&other), "{size}");
    }
    let back = Arc::new(MemoryStore::new());
    move_all(store.clone(), &**store, back.clone()).await;
    assert_eq!(compare(memory, back).await.differences, 0);
}

/// Numbers, changes, integer ids and keys go on where they were.
pub async fn what_was_moved_goes_on_as_before(store: &Arc<dyn Movable>) {
    let (memory, tokens) = filled().await;
    let before: Arc<dyn Store> = memory.clone();
    let desk = Desk::of(&before, tokens[0]).await;
    let chat = ChatNumber(1);
    let asked = desk.ask_once("a-key", post(chat, "once"));
    let first = commit(&before, vec![asked.clone()]).await;
    // The highest id goes with the chat that it is in.
    let last = desk.chat_of(2).await;
    let highest = desk.message(last, 2).await.expect("a message").ext_id;
    let row = desk.info(last).await.id;
    desk.done(vec![Command::CloseChat(last)]).await;
    while before.erase(row, Limit::MAX).await.expect("erase").more {}
    move_all(memory.clone(), &*memory, store.clone()).await;
    let after: Arc<dyn Store> = store.clone();
    let desk = Desk::of(&after, tokens[0]).await;
    let asked = desk.ask_once("a-key", post(chat, "once"));
    assert_eq!(commit(&after, vec![asked]).await, first);
    let head = desk.info(chat).await.head;
    let outcomes = desk
        .commit(vec![post(chat, "next"), edit(chat, 1, "x")])
        .await;
    assert_eq!(number(&outcomes[0]), Some(head.number.0 + 1));
    let next = desk.message(chat, head.number.0 + 1).await.expect("it");
    assert!(next.ext_id > highest, "{next:?} {highest:?}");
    assert_eq!(desk.info(chat).await.head.change, head.change.next());
    let page = desk.changes(chat, Default::default(), 1_000).await;
    assert_eq!(page.messages.len() as u64, head.number.0 + 1);
    assert_eq!(desk.chat().await, ChatNumber(7));
    assert!(
        after
            .by_token(tokens[2].hash())
            .await
            .expect("ok")
            .is_none()
    );
}

/// Names, tokens, pairs, sessions, marks and integer ids are found where they were, and people were last seen when they were.
pub async fn people_who_were_moved_go_on_as_before(store: &Arc<dyn Movable>) {
    let (memory, tokens) = filled().await;
    move_all(memory.clone(), &*memory, store.clone()).await;
    let [before, after]: [Arc<dyn Store>; 2] = [memory, store.clone()];
    let (old, desk) = (
        Desk::of(&before, tokens[0]).await,
        Desk::of(&after, tokens[0]).await,
    );
    let bob = before.users(old.application, &[BOB]).await.expect("users");
    let found = after.user_by_name(desk.application, "bob").await;
    assert_eq!(found.expect("user_by_name"), bob.first().cloned());
    let token = bob[0].lasting_token.as_ref().expect("a token").hash;
    let known = async |desk: &Desk| {
        let seen = desk.store.last_seen(desk.application, &[ALICE, BOB]).await;
        seen.expect("last_seen")
    };
    let seen = [(ALICE, 70), (BOB, 140)].map(|(user, at)| (user, NOW.plus_seconds(at)));
    assert_eq!(known(&old).await, seen);
    assert_eq!(known(&desk).await, seen);
    let keys = async |desk: &Desk| {
        let keys = desk.store.device_keys(desk.application, &[ALICE]).await;
        let keys = keys.expect("device_keys").into_iter();
        keys.map(|(_, one)| (one.device, one.key))
            .collect::<Vec<_>>()
    };
    let expected = [("desk", "Qg=="), ("phone", "QQ==")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(
        (keys(&old).await, keys(&desk).await),
        (expected.to_vec(), expected.to_vec())
    );
    let found = after.user_by_token(token).await.expect("user_by_token");
    assert_eq!(found, Some((desk.application, bob[0].clone())));
    let sessions = before
        .sessions(old.application, ALICE, None, Limit::MAX)
        .await;
    let session = sessions.expect("sessions").remove(0);
    let found = after.session(session.token).await.expect("session");
    let expected = Session {
        application: desk.application,
        ..session
    };
    assert_eq!(found, Some(expected));
    let uuid = old.info(DIRECT).await.direct.expect("a pair").uuid;
    let direct = after.by_uuid(uuid).await.expect("by_uuid");
    assert_eq!(direct.map(|chat| chat.number), Some(DIRECT));
    let own = |desk: &Desk| {
        let desk = desk.clone();
        async move {
            let own = desk.store.chat_of(desk.application, BOB, GROUP).await;
            let own = own.expect("chat_of").expect("a member");
            (own.member, own.latest, own.unread)
        }
    };
    assert_eq!(own(&old).await, own(&desk).await);
    assert_eq!(own(&desk).await.2, 1, "carol's is unread");
    let gone = desk.message(GROUP, 3).await.expect("carol's");
    assert_eq!(gone.sender, None);
    let id = gone.ext_id.expect("an id");
    let place = after.by_ext_id(id).await.expect("by_ext_id");
    let expected = (desk.info(GROUP).await.id, MessageNumber(3));
    assert_eq!(place, Some(expected));
    let mut left = after
        .left_behind(None, Limit::MAX)
        .await
        .expect("left_behind");
    left.retain(|(application, ..)| *application == desk.application);
    assert_eq!(left, [(desk.application, GROUP, UserNumber(3))]);
    assert_eq!(desk.user("carol").await, UserNumber(4));
}

/// As when the answer to it was lost.
pub async fn a_part_written_twice_changes_nothing(store: &Arc<dyn Movable>) {
    let (memory, _) = filled().await;
    let epoch = memory.epoch().await.expect("an epoch");
    assert_eq!(store.begin(epoch).await.expect("begin"), Place::START);
    for part in parts(&*memory, limit(4)).await {
        store.write(&part).await.expect("write");
        store.write(&part).await.expect("write again");
        assert_eq!(store.begin(epoch).await.expect("begin again"), part.to);
    }
    store.finish().await.expect("finish");
    store.finish().await.expect("finish again");
    assert_eq!(compare(memory, store.clone()).await.differences, 0);
}

/// From the same source alone, and from the very place.
pub async fn a_transfer_goes_on_where_it_stopped(store: &Arc<dyn Movable>) {
    let (memory, _) = filled().await;
    let source = memory.epoch().await.expect("an epoch");
    store.begin(source).await.expect("begin");
    let parts = parts(&*memory, limit(2)).await;
    for part in &parts[..5] {
        store.write(part).await.expect("write");
    }
    let place = parts[4].to;
    let standing = Standing::Unfinished { source, place };
    assert_eq!(store.standing().await.expect("standing"), standing);
    let other = crate::ids::Epoch(source.0 ^ 1);
    let refused = store.begin(other).await.expect_err("another source");
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    for part in [&parts[2], &parts[7]] {
        let refused = store.write(part).await.expect_err("another place");
        assert_eq!(refused.kind(), ErrorKind::Conflict);
    }
    move_all(memory.clone(), &*memory, store.clone()).await;
    assert_eq!(compare(memory, store.clone()).await.differences, 0);
}

/// Nothing is mixed with what is there.
pub async fn a_store_with_data_takes_no_transfer(store: &Arc<dyn Movable>) {
    let (memory, _) = filled().await;
    let part = parts(&*memory, limit(2)).await.remove(0);
    assert_eq!(store.standing().await.expect("standing"), Standing::Empty);
    let refused = store.write(&part).await.expect_err("it did not begin");
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    let as_store: Arc<dyn Store> = store.clone();
    let desk = Desk::open(&as_store).await;
    let epoch = memory.epoch().await.expect("an epoch");
    let refused = store.begin(epoch).await.expect_err("it is used");
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(store.standing().await.expect("standing"), Standing::Used);
    assert_eq!(desk.chat().await, ChatNumber(1));
}

/// A part is written whole or not at all.
pub async fn a_row_of_nothing_is_refused_whole(store: &Arc<dyn Movable>) {
    let (memory, _) = filled().await;
    store.begin(crate::ids::Epoch(7)).await.expect("begin");
    let parts = parts(&*memory, Limit::MAX).await;
    let early = Part {
        from: Place::START,
        ..parts[1].clone()
    };
    let refused = store.write(&early).await.expect_err("no application yet");
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    for part in &parts {
        store.write(part).await.expect("write");
    }
    assert_eq!(compare(memory, store.clone()).await.differences, 0);
}

/// A single other text, and one more message, are found and told.
pub async fn a_difference_is_named(store: &Arc<dyn Movable>) {
    let (memory, tokens) = filled().await;
    move_all(memory.clone(), &*memory, store.clone()).await;
    let as_store: Arc<dyn Store> = store.clone();
    let desk = Desk::of(&as_store, tokens[1]).await;
    desk.done(vec![edit(ChatNumber(1), 5, "changed")]).await;
    desk.done(vec![post(ChatNumber(3), "more")]).await;
    for (one, other, counts) in [
        (
            memory.clone() as Arc<dyn Transfer>,
            store.clone() as _,
            "5 up to number 5 in the first store, 6 up to number 6 in the second",
        ),
        (
            store.clone() as _,
            memory as _,
            "6 up to number 6 in the first store, 5 up to number 5 in the second",
        ),
    ] {
        let report = compare(one, other).await;
        // The rows of two chats, and the messages of each.
        assert_eq!(report.differences, 4, "{report:?}");
        let told: Vec<_> = report.first.iter().map(ToString::to_string).collect();
        let tells = |start: &str, end: &str| {
            told.iter()
                .any(|one| one.starts_with(start) && one.ends_with(end))
        };
        assert!(
            tells(
                "the messages of chat 1 ",
                "not the same; the first that differs is 5"
            ),
            "{told:?}"
        );
        let end = format!("{counts}; the first that differs is 6");
        assert!(tells("the messages of chat 3 ", &end), "{told:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fresh() -> (Arc<dyn Movable>, ()) {
        (Arc::new(MemoryStore::new()), ())
    }

    crate::transfer_kit!(fresh);
}
