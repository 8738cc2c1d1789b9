//! What each has read, and what is left to read.

use std::sync::Arc;

use super::desk::{self, Desk, NOW, delete, post};
use super::members::{add, member, mine, own, two};
use super::pairs::direct;
use crate::commit::{Caller, Command, Mark, Outcome, Refusal};
use crate::ids::{ChatNumber, MessageNumber, UserNumber};
use crate::model::Message;
use crate::port::{MAX_UNREAD, OwnChat, Store};

fn mark(chat: ChatNumber, read: u64) -> Command {
    let read = Some(MessageNumber(read));
    let delivered = None;
    Command::Mark(chat, Mark { delivered, read })
}

fn read(chat: ChatNumber, number: u64) -> Command {
    Command::Read(chat, MessageNumber(number))
}

async fn unread(desk: &Desk, chat: ChatNumber, user: UserNumber) -> u64 {
    own(desk, chat, user).await.expect("a member").unread
}

/// Who comes back has read what it had read, and what it wrote itself.
pub async fn who_comes_back_goes_on(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let chat = desk.group(&[alice, bob]).await;
    desk.done(vec![post(chat, "1"), post(chat, "2")]).await;
    desk.done_by(Caller::User(bob), vec![mark(chat, 2), post(chat, "3")])
        .await;
    desk.done(vec![Command::RemoveMember(chat, bob), post(chat, "4")])
        .await;
    desk.done(vec![add(chat, bob)]).await;
    let back = member(&desk, chat, bob).await.expect("bob");
    assert!(back.is_there());
    assert_eq!(
        (back.read, unread(&desk, chat, bob).await),
        (MessageNumber(2), 1)
    );
}

/// Marks rise only, are told, and what is unread is counted from them.
pub async fn marks_rise_and_tell_what_is_unread(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let chat = desk.group(&[alice, bob]).await;
    for (user, text) in [
        (alice, "1"),
        (bob, "2"),
        (alice, "3"),
        (alice, "4"),
        (alice, "5"),
    ] {
        desk.done_by(Caller::User(user), vec![post(chat, text)])
            .await;
    }
    desk.done_by(Caller::User(alice), vec![delete(chat, 4)])
        .await;
    assert_eq!(
        (
            unread(&desk, chat, bob).await,
            unread(&desk, chat, alice).await
        ),
        (3, 1)
    );
    let from = desk.info(chat).await.head;
    let delivered = Mark {
        delivered: Some(MessageNumber(4)),
        read: None,
    };
    let bobs = vec![
        mark(chat, 3),
        mark(chat, 1),
        Command::Mark(chat, delivered),
        mark(chat, 0),
    ];
    desk.done_by(Caller::User(bob), bobs).await;
    let found = member(&desk, chat, bob).await.expect("bob");
    assert_eq!(
        (found.read, found.delivered),
        (MessageNumber(3), MessageNumber(4))
    );
    assert_eq!(unread(&desk, chat, bob).await, 1);
    let told = desk.changes(chat, from, 9).await;
    assert_eq!(told.members.len(), 1);
    assert_eq!(told.members[0], found);
    assert!(found.mark_change > from.change && found.own_change <= from.change);
    let beyond = desk.by(Caller::User(bob), vec![mark(chat, 6)]).await;
    assert_eq!(
        beyond,
        [Outcome::Refused(Refusal::BeyondHead(MessageNumber(5)))]
    );
    let head = desk.info(chat).await.head;
    desk.done_by(Caller::User(bob), vec![mark(chat, 2)]).await;
    assert_eq!(
        desk.info(chat).await.head,
        head,
        "nothing rose, so nothing is told"
    );
}

/// Single messages that were read above the mark make ranges, which meet and are taken in.
pub async fn single_messages_can_be_read(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let chat = desk.group(&[alice, bob]).await;
    desk.done(
        (1..=9)
            .map(|number| post(chat, &number.to_string()))
            .collect(),
    )
    .await;
    let id = desk.info(chat).await.id;
    let ranges = || {
        let store = store.clone();
        async move {
            let found = store.ranges(id, MessageNumber(1), MessageNumber(9)).await;
            let mut found: Vec<_> = found
                .expect("ranges")
                .iter()
                .map(|(user, low, high)| {
                    assert_eq!(*user, bob, "whose they are is told");
                    (low.0, high.0)
                })
                .collect();
            found.sort_unstable();
            found
        }
    };
    desk.done_by(Caller::User(bob), [3, 5, 8].map(|at| read(chat, at)).into())
        .await;
    assert_eq!(
        (ranges().await, unread(&desk, chat, bob).await),
        (vec![(3, 3), (5, 5), (8, 8)], 6)
    );
    desk.done_by(Caller::User(bob), vec![read(chat, 4), read(chat, 4)])
        .await;
    assert_eq!(
        (ranges().await, unread(&desk, chat, bob).await),
        (vec![(3, 5), (8, 8)], 5)
    );
    desk.done_by(Caller::User(bob), vec![read(chat, 1)]).await;
    assert_eq!(
        member(&desk, chat, bob).await.expect("bob").read,
        MessageNumber(1)
    );
    desk.done_by(Caller::User(bob), vec![mark(chat, 2)]).await;
    assert_eq!(
        member(&desk, chat, bob).await.expect("bob").read,
        MessageNumber(5)
    );
    assert_eq!(
        (ranges().await, unread(&desk, chat, bob).await),
        (vec![(8, 8)], 3)
    );
    desk.done_by(Caller::User(bob), vec![mark(chat, 9)]).await;
    assert_eq!(
        (ranges().await, unread(&desk, chat, bob).await),
        (vec![], 0)
    );
}

/// The mark follows single messages that were read at a distance, so nobody has ranges without end.
pub async fn the_mark_follows_what_is_read_far_above_it(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let chat = desk.group(&[alice, bob]).await;
    for _ in 0..3 {
        let posts = (0..670).map(|number| post(chat, &number.to_string()));
        desk.done(posts.collect()).await;
    }
    let reads = [4, 7, 2_000].map(|at| read(chat, at));
    desk.done_by(Caller::User(bob), reads.into()).await;
    let mark = || async { member(&desk, chat, bob).await.expect("bob").read };
    assert_eq!(mark().await, MessageNumber::ZERO);
    desk.done_by(Caller::User(bob), vec![read(chat, 2_003)])
        .await;
    assert_eq!(mark().await, MessageNumber(4), "the range at 4 is met");
    let id = desk.info(chat).await.id;
    let found = store.ranges(id, MessageNumber(1), MessageNumber(2_010));
    let mut found = found.await.expect("ranges");
    found.sort_unstable();
    let single = |at| (bob, MessageNumber(at), MessageNumber(at));
    assert_eq!(found, [single(7), single(2_000), single(2_003)]);
}

/// Lists have the latest active chat first, the latest message with it, and no hidden chat until something is posted.
pub async fn own_chats_are_listed_by_activity(store: &Arc<dyn Store>) {
    let (desk, alice, _) = two(store).await;
    let mut chats = Vec::new();
    for _ in 0..4 {
        chats.push(desk.group(&[alice]).await);
    }
    let later = |seconds| NOW.plus_seconds(seconds);
    desk.done_at(vec![post(chats[1], "b")], later(1)).await;
    desk.done_at(vec![post(chats[0], "a"), post(chats[0], "gone")], later(2))
        .await;
    // What is only touched does not move.
    desk.done_at(
        vec![desk::edit(chats[1], 1, "b!"), delete(chats[0], 2)],
        later(3),
    )
    .await;
    assert_eq!(mine(&desk, alice).await, [1, 2, 4, 3]);
    let latest = own(&desk, chats[0], alice).await.expect("a member").latest;
    assert_eq!(latest.expect("a message").body, "a");
    desk.done_by(Caller::User(alice), vec![Command::Hide(chats[0])])
        .await;
    assert_eq!(mine(&desk, alice).await, [2, 4, 3]);
    desk.done_at(vec![post(chats[0], "back")], later(4)).await;
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store
            .chats_of(desk.application, alice, before, desk::limit(3))
            .await;
        let page = page.expect("chats_of");
        seen.extend(page.items.iter().map(|one| one.chat.number.0));
        before = page.items.last().map(OwnChat::activity);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 4, 3]);
}

/// Unread messages are counted up to a bound.
pub async fn unread_is_counted_up_to_a_bound(store: &Arc<dyn Store>) {
    let (desk, alice, _) = two(store).await;
    let chat = desk.group(&[alice]).await;
    let posts = (0..=MAX_UNREAD).map(|number| post(chat, &number.to_string()));
    desk.done(posts.collect()).await;
    assert_eq!(unread(&desk, chat, alice).await, MAX_UNREAD);
    desk.done_by(Caller::User(alice), vec![mark(chat, 2)]).await;
    assert_eq!(unread(&desk, chat, alice).await, MAX_UNREAD - 1);
}

/// Whatever happened in whatever order, what is unread is what is above the mark of a member, neither its own nor deleted, and in no
/// range of its own.
pub async fn unread_is_what_its_definition_counts(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let chat = desk.group(&[alice, bob]).await;
    let id = desk.info(chat).await.id;
    let mut state = 1_u64;
    let mut draw = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for step in 0..80 {
        let last = desk.info(chat).await.head.number.0;
        let at = 1 + draw(last.max(1));
        let by = Caller::User([alice, bob][draw(2) as usize]);
        let (by, command) = match draw(10) {
            0 => (Caller::Application, Command::RemoveMember(chat, bob)),
            1 | 2 => (Caller::Application, add(chat, bob)),
            3 => (Caller::Application, delete(chat, at)),
            4 => (by, mark(chat, at)),
            5 | 6 => (by, read(chat, at)),
            _ => (by, post(chat, "x")),
        };
        // What cannot be done changes nothing.
        desk.by(by, vec![command.clone()]).await;
        let messages = desk.messages(chat).await;
        let ranges = store.ranges(id, MessageNumber(1), MessageNumber::MAX);
        let ranges = ranges.await.expect("ranges");
        for user in [alice, bob] {
            let Some(own) = own(&desk, chat, user).await else {
                continue;
            };
            let is_unread = |message: &&Message| {
                let mut ranges = ranges.iter().filter(|range| range.0 == user);
                message.number > own.member.read
                    && message.sender != Some(user)
                    && !message.is_deleted()
                    && !ranges.any(|(_, low, high)| (*low..=*high).contains(&message.number))
            };
            let expected = messages.iter().filter(is_unread).count() as u64;
            assert_eq!(own.unread, expected, "step {step}, {command:?}: {user}");
            assert_eq!(own.has_ranges, !ranges.is_empty(), "step {step}");
        }
    }
    assert!(desk.info(chat).await.head.number.0 > 10, "much was posted");
}

/// In a chat of more than a hundred nobody is told of marks, which count all the same.
pub async fn marks_in_a_large_chat_are_silent(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let names: Vec<_> = (1..=101)
        .map(|number| desk::create_user(&format!("{number}")))
        .collect();
    desk.done(names).await;
    let users: Vec<_> = (1..=101).map(UserNumber).collect();
    let chat = desk.group(&users).await;
    desk.done(vec![post(chat, "1"), post(chat, "2")]).await;
    let head = desk.info(chat).await.head;
    desk.done_by(Caller::User(users[7]), vec![mark(chat, 1), read(chat, 2)])
        .await;
    assert_eq!(desk.info(chat).await.head, head);
    assert_eq!(unread(&desk, chat, users[7]).await, 0);
    desk.done(vec![Command::RemoveMember(chat, users[0])]).await;
    desk.done_by(Caller::User(users[8]), vec![mark(chat, 1)])
        .await;
    let told = desk.changes(chat, head, 9).await.members;
    assert_eq!(
        told.iter().map(|one| one.user).collect::<Vec<_>>(),
        [users[0], users[8]]
    );
}

/// Threads are direct chats, hidden or not; what either has read, by a mark or apart, is read, and nobody reads what is deleted.
pub async fn threads_tell_what_neither_has_read(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let carol = desk.user("carol").await;
    desk.group(&[alice, bob]).await;
    desk.done_by(Caller::User(alice), vec![direct(&[bob]), direct(&[carol])])
        .await;
    let chat = ChatNumber(2);
    desk.done_by(Caller::User(alice), vec![post(chat, "a"); 9])
        .await;
    let seen = [mark(chat, 2), read(chat, 5), read(chat, 8)];
    desk.done_by(Caller::User(bob), seen.into()).await;
    let own = [
        mark(chat, 1),
        read(chat, 4),
        read(chat, 5),
        Command::Hide(chat),
    ];
    desk.done_by(Caller::User(alice), own.into()).await;
    desk.done_by(
        Caller::User(alice),
        [1, 6, 8].map(|n| delete(chat, n)).into(),
    )
    .await;
    let threads = async |user, after, most| {
        let page = store.threads(desk.application, user, ChatNumber(after), desk::limit(most));
        let page = page.await.expect("threads");
        let shown = page.items.iter();
        let shown = shown.map(|one| (one.chat.number.0, one.read.0, one.unread));
        (shown.collect::<Vec<_>>(), page.more)
    };
    // Of 3 to 9, 4 and 5 were read, 6 and 8 are deleted.
    assert_eq!(
        threads(alice, 0, 9).await,
        (vec![(2, 2, 3), (3, 0, 0)], false)
    );
    assert_eq!(threads(alice, 0, 1).await, (vec![(2, 2, 3)], true));
    assert_eq!(threads(alice, 2, 1).await, (vec![(3, 0, 0)], false));
    desk.done_by(Caller::User(bob), vec![mark(chat, 9)]).await;
    assert_eq!(threads(bob, 0, 9).await, (vec![(2, 9, 0)], false));
    desk.done(vec![Command::CloseChat(chat)]).await;
    assert_eq!(threads(bob, 0, 9).await, (vec![], false));
}
