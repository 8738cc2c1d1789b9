//! Who takes part in what.

use std::sync::Arc;

use super::desk::{self, Desk, delete, is_done, post};
use super::pairs::direct;
use crate::commit::{
    AddMembers, Caller, ChangeMember, Command, CreateChat, Done, Outcome, Refusal, Request,
};
use crate::ids::{ChatNumber, ChatUuid, Head, OperationId, UserNumber};
use crate::model::{ChatKind, Member, Role};
use crate::page::Span;
use crate::port::{OwnChat, Store};

pub(super) fn add(chat: ChatNumber, user: UserNumber) -> Command {
    let (users, role) = (vec![user], Role::Member);
    Command::AddMembers(chat, AddMembers { users, role })
}

pub(super) async fn member(desk: &Desk, chat: ChatNumber, user: UserNumber) -> Option<Member> {
    let id = desk.info(chat).await.id;
    desk.store.member(id, user).await.expect("member")
}

pub(super) async fn there(desk: &Desk, chat: ChatNumber) -> Vec<u64> {
    let id = desk.info(chat).await.id;
    let page = desk.store.members(id, Span::After(0), desk::limit(100));
    let page = page.await.expect("members");
    page.items.iter().map(|one| one.user.0).collect()
}

pub(super) async fn own(desk: &Desk, chat: ChatNumber, user: UserNumber) -> Option<OwnChat> {
    let own = desk.store.chat_of(desk.application, user, chat);
    own.await.expect("chat_of")
}

pub(super) async fn mine(desk: &Desk, user: UserNumber) -> Vec<u64> {
    let page = desk
        .store
        .chats_of(desk.application, user, None, desk::limit(100));
    let page = page.await.expect("chats_of");
    page.items.iter().map(|one| one.chat.number.0).collect()
}

/// An application with Alice (1) and Bob (2).
pub(super) async fn two(store: &Arc<dyn Store>) -> (Desk, UserNumber, UserNumber) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    (desk, alice, bob)
}

/// Open chats are made with the application's token: who asks by a session could not read his own.
pub async fn a_session_makes_no_open_chat(store: &Arc<dyn Store>) {
    let (desk, alice, _) = two(store).await;
    let made = desk
        .by(Caller::User(alice), vec![desk::create_chat(None)])
        .await;
    assert_eq!(made, [Outcome::Refused(Refusal::NotAllowed)]);
    desk.done_by(Caller::For(alice), vec![desk::create_chat(None)])
        .await;
}

/// A name of which there is to be one is taken until its chat is renamed or deleted.
pub async fn a_unique_chat_name_is_taken_once(store: &Arc<dyn Store>) {
    let (desk, alice, _) = two(store).await;
    let named = |name: &str, unique_name| {
        Command::CreateChat(CreateChat {
            created_at: None,
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
    // Another application has numbers of its own.
    let (other, namesake, _) = two(store).await;
    let theirs = other.group(&[namesake]).await;
    assert_eq!((theirs, namesake), (chat, alice));
    for desk in [&desk, &other] {
        let own = own(desk, chat, alice).await.expect("a member");
        assert_eq!(own.chat, desk.info(chat).await);
    }
    assert_eq!(own(&desk, ChatNumber(9), alice).await, None);
    desk.done(vec![Command::CloseChat(chat)]).await;
    assert_eq!(own(&desk, chat, alice).await, None);
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
    let head = desk.info(chat).await.head;
    desk.done(vec![
        change(Some(Role::Reader), None),
        change(None, Some(false)),
    ])
    .await;
    assert!(!member(&desk, chat, bob).await.expect("bob").muted);
    assert_eq!(desk.info(chat).await.head, head, "nobody has to be told");
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

/// Where a deleted user was is told until it is let go of there; then readers learn that it is gone.
pub async fn a_deleted_user_is_left_behind_until_it_is_removed(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let group = desk.group(&[alice, bob]).await;
    desk.done_by(Caller::User(alice), vec![direct(&[bob])])
        .await;
    let left = || async {
        store
            .left_behind(None, desk::limit(9))
            .await
            .expect("left_behind")
    };
    assert_eq!(left().await, []);
    desk.done(vec![Command::DeleteUser(alice)]).await;
    let mut found = left().await;
    found.sort_unstable();
    let own = |chat| (desk.application, chat, alice);
    assert_eq!(found, [own(group), own(ChatNumber(2))]);
    let left_by = |user| store.left_behind(Some((desk.application, user)), desk::limit(9));
    assert_eq!(left_by(alice).await.expect("left_behind").len(), 2);
    assert_eq!(left_by(bob).await.expect("left_behind"), []);
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
        .left_behind(None, desk::limit(9))
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

/// Whoever posts in the default application is told the integer id, under a key again and again.
pub async fn an_integer_id_is_told_with_its_post(store: &Arc<dyn Store>) {
    let token = crate::ids::Token::random();
    let default = desk::new_application(token, "default", false, true);
    desk::commit(store, vec![default]).await;
    let (desk, other) = (Desk::of(store, token).await, Desk::open(store).await);
    let (chat, elsewhere) = (desk.chat_of(1).await, other.chat().await);
    let once = desk.ask_once("one", post(chat, "2"));
    let operation = Some(OperationId(uuid::Uuid::new_v4()));
    let queued = Request {
        operation,
        ..desk.ask(post(chat, "3"))
    };
    let posts = vec![
        other.ask(post(elsewhere, "1")),
        once.clone(),
        queued.clone(),
        once.clone(),
    ];
    let told = |outcomes: &[Outcome]| -> Vec<_> {
        let ids = outcomes.iter().map(|outcome| match outcome {
            Outcome::Done {
                done: Done::Posted { ext_id, .. },
                ..
            } => *ext_id,
            other => panic!("{other:?}"),
        });
        ids.collect()
    };
    let first = told(&desk::commit(store, posts).await);
    let there = desk.messages(chat).await;
    let id = |at: usize| there[at].ext_id;
    assert_eq!(first, [None, id(1), id(2), id(1)]);
    assert!(id(1).is_some() && id(2).is_some());
    let again = desk::commit(store, vec![once, queued]).await;
    assert_eq!(told(&again), [id(1), id(2)]);
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
