//! Who leads a group.

use std::sync::Arc;

use super::desk::{Desk, is_done};
use super::members::two;
use crate::commit::{Caller, ChangeMember, Command, CreateChat, Outcome, Refusal};
use crate::ids::{ChatNumber, ChatUuid, UserNumber};
use crate::model::{ChatKind, Role};
use crate::port::Store;

/// The first chat.
const CHAT: ChatNumber = ChatNumber(1);

/// Two take part, and it is `founder` who asks.
async fn founded(desk: &Desk, founder: Caller, members: &[UserNumber]) {
    let group = CreateChat {
        created_at: None,
        kind: ChatKind::Group,
        name: None,
        unique_name: false,
        members: members.into(),
        uuid: ChatUuid::random(),
    };
    desk.done_by(founder, vec![Command::CreateChat(group)])
        .await;
}

fn role(user: UserNumber, role: Role) -> Command {
    let change = ChangeMember {
        user,
        role: Some(role),
        muted: None,
    };
    Command::ChangeMember(CHAT, change)
}

/// Once the last owner has left, been made a member or been deleted, all members lead; readers do not.
pub async fn members_lead_a_group_without_an_owner(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    founded(&desk, Caller::User(alice), &[bob]).await;
    let rename = || vec![Command::RenameChat(CHAT, None)];
    let refused = Outcome::Refused(Refusal::NotAllowed);
    assert_eq!(
        desk.by(Caller::User(bob), rename()).await,
        std::slice::from_ref(&refused)
    );
    // In one batch and over several: the count goes with the chat.
    let goes = vec![role(alice, Role::Member), role(alice, Role::Owner)];
    desk.done(goes).await;
    assert_eq!(
        desk.by(Caller::User(bob), rename()).await,
        std::slice::from_ref(&refused)
    );
    desk.done_by(
        Caller::User(alice),
        vec![Command::RemoveMember(CHAT, alice)],
    )
    .await;
    desk.done(vec![role(bob, Role::Reader)]).await;
    assert_eq!(
        desk.by(Caller::User(bob), rename()).await,
        std::slice::from_ref(&refused)
    );
    desk.done(vec![role(bob, Role::Member)]).await;
    desk.done_by(Caller::User(bob), rename()).await;
    let closes = vec![Command::CloseChat(CHAT)];
    assert_eq!(desk.by(Caller::User(bob), closes.clone()).await, [refused]);
    desk.done_by(Caller::User(bob), vec![role(bob, Role::Owner)])
        .await;
    desk.done_by(Caller::User(bob), closes).await;
}

/// An owner steps back when there is another one; the application may make anybody anything.
pub async fn the_last_owner_does_not_step_back(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    founded(&desk, Caller::User(alice), &[bob]).await;
    for less in [Role::Member, Role::Reader] {
        let refused = desk.by(Caller::User(alice), vec![role(alice, less)]).await;
        assert_eq!(refused, [Outcome::Refused(Refusal::LastOwner)]);
        let refused = desk.by(Caller::For(alice), vec![role(alice, less)]).await;
        assert_eq!(refused, [Outcome::Refused(Refusal::LastOwner)]);
    }
    // In one batch: the second is the last one when it is its turn.
    let both = vec![role(bob, Role::Owner), role(alice, Role::Owner)];
    desk.done_by(Caller::User(alice), both).await;
    desk.done_by(Caller::User(alice), vec![role(alice, Role::Member)])
        .await;
    let refused = desk
        .by(Caller::User(bob), vec![role(bob, Role::Member)])
        .await;
    assert_eq!(refused, [Outcome::Refused(Refusal::LastOwner)]);
    desk.done(vec![role(bob, Role::Member)]).await;
}

/// A group that never had an owner is led by the application alone.
pub async fn a_group_of_the_application_is_led_by_nobody_else(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    founded(&desk, Caller::Application, &[alice, bob]).await;
    for user in [alice, bob] {
        let tries = vec![Command::RenameChat(CHAT, None), role(user, Role::Owner)];
        let outcomes = desk.by(Caller::User(user), tries).await;
        assert!(!outcomes.iter().any(is_done), "{outcomes:?}");
    }
}
