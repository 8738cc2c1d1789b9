//! Who takes part in what, and what each has read.

use std::sync::Arc;

use super::desk::{self, Desk, NOW, delete, is_done, post};
use crate::commit::{
    AddMembers, Caller, ChangeMember, Command, CreateChat, Done, Mark, Outcome, Refusal,
};
use crate::ids::{ChatNumber, ChatUuid, Head, MessageNumber, UserNumber};
use crate::model::{ChatKind, Member, Role};
use crate::page::Span;
use crate::port::{MAX_UNREAD, OwnChat, Store};

fn add(chat: ChatNumber, user: UserNumber) -> Command {
    let (users, role) = (vec![user], Role::Member);
    Command::AddMembers(chat, AddMembers { users, role })
}

fn mark(chat: ChatNumber, read: u64) -> Command {
    let read = Some(MessageNumber(read));
    let delivered = None;
    Command::Mark(chat, Mark { delivered, read })
}

fn read(chat: ChatNumber, number: u64) -> Command {
    Command::Read(chat, MessageNumber(number))
}

async fn member(desk: &Desk, chat: ChatNumber, user: UserNumber) -> Option<Member> {
    let id = desk.info(chat).await.id;
    desk.store.member(id, user).await.expect("member")
}

async fn there(desk: &Desk, chat: ChatNumber) -> Vec<u64> {
    let id = desk.info(chat).await.id;
    let page = desk.store.members(id, Span::After(0), desk::limit(100));
    let page = page.await.expect("members");
    page.items.iter().map(|one| one.user.0).collect()
}

async fn own(desk: &Desk, chat: ChatNumber, user: UserNumber) -> Option<OwnChat> {
    let id = desk.info(chat).await.id;
    desk.store.chat_of(id, user).await.expect("chat_of")
}

async fn unread(desk: &Desk, chat: ChatNumber, user: UserNumber) -> u64 {
    own(desk, chat, user).await.expect("a member").unread
}

async fn mine(desk: &Desk, user: UserNumber) -> Vec<u64> {
    let page = desk
        .store
        .chats_of(desk.application, user, None, desk::limit(100));
    let page = page.await.expect("chats_of");
    page.items.iter().map(|one| one.chat.number.0).collect()
}

/// An application with Alice (1) and Bob (2).
async fn two(store: &Arc<dyn Store>) -> (Desk, UserNumber, UserNumber) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    (desk, alice, bob)
}

fn direct(members: &[UserNumber]) -> Command {
    Command::CreateChat(CreateChat {
        kind: ChatKind::Direct,
        name: None,
        unique_name: false,
        members: members.into(),
        uuid: ChatUuid::random(),
    })
}

/// Two users have one direct chat, whoever asks; when it is deleted, they may have another one.
pub async fn a_pair_has_one_chat(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let made = desk.by(Caller::User(alice), vec![direct(&[bob])]).await;
    assert!(is_done(&made[0]), "{made:?}");
    let found = desk
        .by(
            Caller::User(bob),
            vec![direct(&[alice, bob]), direct(&[alice])],
        )
        .await;
    let first = ChatNumber(1);
    let again = Outcome::Done {
        done: Done::ChatFound { number: first },
        replayed: false,
    };
    assert_eq!(found, [again.clone(), again]);
    let chat = desk.info(first).await;
    let found = store
        .by_uuid(chat.direct.expect("a pair").uuid)
        .await
        .expect("by_uuid");
    assert_eq!(found.as_ref(), Some(&chat));
    assert_eq!(
        (chat.members_count, there(&desk, first).await),
        (2, vec![1, 2])
    );
    desk.done_by(
        Caller::User(alice),
        vec![Command::CloseChat(first), direct(&[bob])],
    )
    .await;
    assert_eq!(mine(&desk, bob).await, [2]);
}

/// Eight at once who want the chat of a pair get the same one.
pub async fn a_pair_at_once_has_one_chat(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let mut racers = tokio::task::JoinSet::new();
    for at in 0..8 {
        let desk = desk.clone();
        let (caller, other) = if at % 2 == 0 {
            (alice, bob)
        } else {
            (bob, alice)
        };
        racers.spawn(async move { desk.by(Caller::User(caller), vec![direct(&[other])]).await });
    }
    let outcomes = racers.join_all().await.concat();
    assert!(outcomes.iter().all(is_done), "{outcomes:?}");
    assert_eq!(
        (mine(&desk, alice).await, mine(&desk, bob).await),
        (vec![1], vec![1])
    );
}

/// A name of which there is to be one is taken until its chat is renamed or deleted.
pub async fn a_unique_chat_name_is_taken_once(store: &Arc<dyn Store>) {
    let (desk, alice, _) = two(store).await;
    let named = |name: &str, unique_name| {
        Command::CreateChat(CreateChat {
            kind: ChatKind::Group,
            name: Some(desk::name(name)),
            unique_name,
            members: vec![alice],
            uuid: ChatUuid::random(),
        })
    };
    let outcomes = desk
        .commit(vec![named("a", true), named("a", false), named("A", true)])
        .await;
    assert!(outcomes.iter().all(is_done), "{outcomes:?}");
    let taken = Outcome::Refused(Refusal::ChatNameTaken);
    assert_eq!(desk.commit(vec![named("a", true)]).await[0], taken);
    let rename = |chat, to: &str| Command::RenameChat(ChatNumber(chat), Some(desk::name(to)));
    assert_eq!(desk.commit(vec![rename(3, "a")]).await, [taken]);
    desk.done(vec![rename(1, "b"), rename(3, "a"), named("A", true)])
        .await;
    desk.done(vec![Command::CloseChat(ChatNumber(3)), named("a", true)])
        .await;
}

/// Members come and go; each coming and going is a change that readers see once.
pub async fn members_come_and_go(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let chat = desk.group(&[alice]).await;
    assert_eq!(
        desk.info(chat).await.head,
        Head::START,
        "who founds a chat is no change"
    );
    desk.done(vec![add(chat, bob)]).await;
    assert_eq!(
        (there(&desk, chat).await, mine(&desk, bob).await),
        (vec![1, 2], vec![chat.0])
    );
    let again = desk.commit(vec![add(chat, bob)]).await;
    assert_eq!(again, [Outcome::Refused(Refusal::AlreadyAMember(bob))]);
    let came = desk.changes(chat, Head::START, 9).await;
    assert_eq!(came.members, [member(&desk, chat, bob).await.expect("bob")]);
    desk.done(vec![Command::RemoveMember(chat, bob)]).await;
    assert_eq!(
        (there(&desk, chat).await, mine(&desk, bob).await),
        (vec![1], vec![])
    );
    assert_eq!(own(&desk, chat, bob).await, None);
    assert_eq!(desk.info(chat).await.members_count, 1);
    let id = desk.info(chat).await.id;
    let went = store
        .changes(id, came.next, desk::limit(9), Some(bob))
        .await;
    let went = went.expect("changes").expect("the chat");
    let left = went.viewer.expect("he was there");
    assert!(!left.is_there() && went.members == [left]);
    assert!(desk.changes(chat, went.next, 9).await.members.is_empty());
}

/// Who comes back has read what it had read.
pub async fn who_comes_back_goes_on(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let chat = desk.group(&[alice, bob]).await;
    desk.done(vec![post(chat, "1"), post(chat, "2"), post(chat, "3")])
        .await;
    desk.done_by(Caller::User(bob), vec![mark(chat, 2)]).await;
    desk.done(vec![Command::RemoveMember(chat, bob), post(chat, "4")])
        .await;
    desk.done(vec![add(chat, bob)]).await;
    let back = member(&desk, chat, bob).await.expect("bob");
    assert!(back.is_there());
    assert_eq!(
        (back.read, unread(&desk, chat, bob).await),
        (MessageNumber(2), 2)
    );
}

/// Roles and silence change as said.
pub async fn a_member_changes_as_said(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let chat = desk.group(&[alice, bob]).await;
    let change = |role, muted| {
        Command::ChangeMember(
            chat,
            ChangeMember {
                user: bob,
                role,
                muted,
            },
        )
    };
    desk.done(vec![
        change(Some(Role::Reader), None),
        change(None, Some(true)),
    ])
    .await;
    let found = member(&desk, chat, bob).await.expect("bob");
    assert_eq!((found.role, found.muted), (Role::Reader, true));
    let post = desk.by(Caller::User(bob), vec![post(chat, "?")]).await;
    assert_eq!(post, [Outcome::Refused(Refusal::NotAllowed)]);
    assert_eq!(desk.changes(chat, Head::START, 9).await.members, [found]);
}

/// Touches of members and messages come in the order of their changes at any page size.
pub async fn changes_of_members_are_paged_with_those_of_messages(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let chat = desk.group(&[alice]).await;
    let carol = desk.user("carol").await;
    desk.done(vec![post(chat, "1"), post(chat, "2")]).await;
    let from = desk.info(chat).await.head;
    desk.done(vec![
        add(chat, bob),
        desk::edit(chat, 1, "one"),
        add(chat, carol),
    ])
    .await;
    desk.done(vec![
        delete(chat, 2),
        Command::RemoveMember(chat, bob),
        post(chat, "3"),
    ])
    .await;
    for limit in 1..=6 {
        let (mut members, mut messages, mut at) = (Vec::new(), Vec::new(), from);
        loop {
            let page = desk.changes(chat, at, limit).await;
            assert!(page.messages.len() + page.members.len() <= limit);
            members.extend(page.members.iter().map(|one| (one.user.0, one.is_there())));
            messages.extend(page.messages.iter().map(|one| one.number.0));
            at = page.next;
            if !page.more {
                break;
            }
        }
        assert_eq!(members, [(3, true), (2, false)], "{limit}");
        assert_eq!(messages, [3, 1, 2], "{limit}");
        assert_eq!(at, desk.info(chat).await.head);
    }
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
                .map(|(low, high)| (low.0, high.0))
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

/// Where a deleted user was is told until it is let go of there; then readers learn that it is gone.
pub async fn a_deleted_user_is_left_behind_until_it_is_removed(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let group = desk.group(&[alice, bob]).await;
    desk.done_by(Caller::User(alice), vec![direct(&[bob])])
        .await;
    let left = || async {
        store
            .left_behind(desk::limit(9))
            .await
            .expect("left_behind")
    };
    assert_eq!(left().await, []);
    desk.done(vec![Command::DeleteUser(alice)]).await;
    let mut found = left().await;
    found.sort_unstable();
    let own = |chat| (desk.application, chat, alice);
    assert_eq!(found, [own(group), own(ChatNumber(2))]);
    desk.done(vec![Command::RemoveMember(group, alice)]).await;
    assert_eq!(left().await, [own(ChatNumber(2))]);
    let from = desk.info(ChatNumber(2)).await.head;
    desk.done(vec![Command::RemoveMember(ChatNumber(2), alice)])
        .await;
    assert_eq!(left().await, []);
    let told = desk.changes(ChatNumber(2), from, 9).await.members;
    assert!(
        matches!(&told[..], [one] if one.user == alice && one.gone),
        "{told:?}"
    );
}

/// Whoever posts in an open chat is in no list of its members, and is found there when it is deleted.
pub async fn an_author_of_an_open_chat_is_let_go_of(store: &Arc<dyn Store>) {
    let (desk, alice, _) = two(store).await;
    let chat = desk.chat().await;
    desk.done_by(Caller::For(alice), vec![post(chat, "1"), post(chat, "2")])
        .await;
    assert_eq!(
        (there(&desk, chat).await, mine(&desk, alice).await),
        (vec![], vec![])
    );
    assert_eq!(desk.info(chat).await.members_count, 0);
    desk.done(vec![Command::DeleteUser(alice)]).await;
    let left = store
        .left_behind(desk::limit(9))
        .await
        .expect("left_behind");
    assert_eq!(left, [(desk.application, chat, alice)]);
    desk.done(vec![Command::RemoveMember(chat, alice)]).await;
    let told = desk.changes(chat, desk::head(2, 0), 9).await.members;
    assert!(
        matches!(&told[..], [one] if one.user == alice && one.gone),
        "{told:?}"
    );
}

/// Messages of the default application are found by their integer ids.
pub async fn a_message_is_found_by_its_integer_id(store: &Arc<dyn Store>) {
    let token = crate::ids::Token::random();
    desk::commit(
        store,
        vec![desk::new_application(token, "default", false, true)],
    )
    .await;
    let desk = Desk::of(store, token).await;
    let chat = desk.chat_of(3).await;
    let id = desk.info(chat).await.id;
    for message in desk.messages(chat).await {
        let found = store.by_ext_id(message.ext_id.expect("an id")).await;
        assert_eq!(found.expect("by_ext_id"), Some((id, message.number)));
    }
    assert_eq!(store.by_ext_id(99).await.expect("by_ext_id"), None);
    desk.done(vec![Command::CloseChat(chat)]).await;
    assert_eq!(store.by_ext_id(1).await.expect("by_ext_id"), None);
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
