//! Direct chats: each of one pair.

use std::sync::Arc;

use super::desk::{self, is_done};
use super::members::{add, mine, there, two};
use crate::commit::{Caller, ChangeMember, Command, CreateChat, Done, Outcome, Refusal};
use crate::ids::{ChatNumber, ChatUuid, UserNumber};
use crate::model::{ChatKind, Role};
use crate::port::Store;

pub(super) fn direct(members: &[UserNumber]) -> Command {
    Command::CreateChat(CreateChat {
        created_at: None,
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

/// A direct chat keeps its two, who may do the same, and has no name, whoever asks.
pub async fn a_direct_chat_stays_as_it_is(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    desk.done_by(Caller::User(alice), vec![direct(&[bob])])
        .await;
    let chat = ChatNumber(1);
    for caller in [Caller::Application, Caller::For(alice), Caller::User(alice)] {
        let promoted = ChangeMember {
            user: bob,
            role: Some(Role::Owner),
            muted: None,
        };
        let commands = vec![
            Command::RemoveMember(chat, alice),
            Command::RemoveMember(chat, bob),
            add(chat, bob),
            Command::RenameChat(chat, Some(desk::name("n"))),
            Command::ChangeMember(chat, promoted),
        ];
        let refused = Outcome::Refused(Refusal::WrongKind(ChatKind::Direct));
        let refused = vec![refused; commands.len()];
        assert_eq!(desk.by(caller, commands).await, refused, "{caller:?}");
    }
    assert_eq!(there(&desk, chat).await, [1, 2]);
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
