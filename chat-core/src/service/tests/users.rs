//! Users, and what they leave.

use super::*;
use crate::password::Password;
use crate::testing::until;
use crate::text::{Email, Username};

pub(super) fn username(text: &str) -> Username {
    Username::parse(text).unwrap()
}

pub(super) fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

pub(super) async fn user(chat: &Chat, access: Access, name: &str) -> UserNumber {
    let new = NewUser::named(username(name));
    let made = chat.create_user(access, new, None).await.unwrap();
    made.value.number
}

/// Her password is "secret".
pub(super) async fn alice(chat: &Chat, access: Access) -> UserNumber {
    let new = NewUser {
        password: Some(password("secret")),
        email: Some(Email::parse("alice@a.example").unwrap()),
        ..NewUser::named(username("alice"))
    };
    let made = chat.create_user(access, new, None).await.unwrap();
    made.value.number
}

#[tokio::test]
async fn an_address_is_seen_by_its_user_and_the_application_alone() {
    let (chat, shop, _) = start().await;
    let access = Access::from(shop.token);
    let (alice, bob) = (alice(&chat, access).await, user(&chat, access, "bob").await);
    for (caller, sees) in [
        (Caller::Application, true),
        (Caller::User(alice), true),
        (Caller::User(bob), false),
        (Caller::For(bob), false),
    ] {
        let access = access.by(caller);
        let named = chat.user_named(access, &username("ALICE")).await.unwrap();
        assert_eq!(named.unwrap().email.is_some(), sees, "{caller:?}");
        let page = chat.users(access, Span::After(0), Limit::DEFAULT).await;
        assert_eq!(page.unwrap().items[0].email.is_some(), sees);
        assert_eq!(
            chat.user(access, alice).await.unwrap().email.is_some(),
            sees
        );
    }
}

#[tokio::test]
async fn a_user_is_made_once_under_a_key_and_changes_himself_alone() {
    let (chat, shop, _) = start().await;
    let access = Access::from(shop.token);
    let key = IdempotencyKey::parse("one").unwrap();
    let new = || NewUser {
        password: Some(password("secret")),
        ..NewUser::named(username("alice"))
    };
    let first = chat.create_user(access, new(), Some(&key)).await.unwrap();
    let again = chat.create_user(access, new(), Some(&key)).await.unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(first.value, again.value);
    let other = NewUser {
        password: Some(password("another")),
        ..new()
    };
    let reused = chat.create_user(access, other, Some(&key)).await;
    assert!(matches!(reused, Err(ChatError::KeyReused)));
    let taken = chat.create_user(access, new(), None).await;
    assert!(matches!(taken, Err(ChatError::UsernameTaken)));
    let bob = user(&chat, access, "bob").await;
    let change = || UserChange {
        display_name: Some(Some(Name::parse("B.").unwrap())),
        ..UserChange::default()
    };
    let alice = first.value.number;
    let stranger = access.by(Caller::User(bob));
    let refused = chat.change_user(stranger, alice, change()).await;
    assert!(matches!(refused, Err(ChatError::NotAllowed)));
    let refused = chat.delete_user(stranger, alice).await;
    assert!(matches!(refused, Err(ChatError::NotAllowed)));
    let refused = chat.create_user(stranger, new(), None).await;
    assert!(matches!(refused, Err(ChatError::NotAllowed)));
    let changed = chat.change_user(stranger, bob, change()).await.unwrap();
    assert_eq!(changed.display_name.as_deref(), Some("B."));
}

#[tokio::test]
async fn a_user_never_gets_what_is_the_applications() {
    let (chat, shop, _) = start().await;
    let access = Access::from(shop.token);
    let alice = alice(&chat, access).await;
    for caller in [Caller::User(alice), Caller::For(alice)] {
        let access = access.by(caller);
        let tenant = chat.application(access).await;
        assert!(matches!(tenant, Err(ChatError::NotAllowed)));
        let chats = chat.chats(access, Span::After(0), Limit::DEFAULT).await;
        assert!(matches!(chats, Err(ChatError::NotAllowed)));
    }
}

/// A group for each of so many, with this user in all of them.
async fn groups(chat: &Chat, access: Access, user: UserNumber, count: usize) -> Vec<ChatNumber> {
    let mut groups = Vec::new();
    for _ in 0..count {
        let made = chat
            .make_chat(access, NewChat::group(None, [user]), None)
            .await;
        groups.push(made.unwrap().value.chat.number);
    }
    groups
}

async fn is_in(chat: &Chat, access: Access, group: ChatNumber) -> bool {
    let reader = chat.chat(access, group).await.unwrap();
    let page = reader.members(Span::After(0), Limit::DEFAULT).await;
    !page.unwrap().items.is_empty()
}

#[tokio::test(start_paused = true)]
async fn a_deleted_user_leaves_all_chats_and_those_who_follow_them_learn_of_it() {
    let (chat, shop, _) = start().await;
    let access = Access::from(shop.token);
    let alice = alice(&chat, access).await;
    let groups = groups(&chat, access, alice, 3 * Limit::DEFAULT.get() + 1).await;
    let last = chat.chat(access, *groups.last().unwrap()).await.unwrap();
    let deleting = async {
        chat.delete_user(access, alice).await.unwrap();
    };
    let following = last.wait(None, Limit::DEFAULT, Duration::from_secs(60));
    let (feed, ()) = tokio::join!(following, deleting);
    let feed = feed.unwrap();
    assert!(matches!(&feed.items[..], [Item::Member(member)] if member.gone));
    chat.let_go().await.unwrap();
    for group in groups {
        assert!(!is_in(&chat, access, group).await, "{group}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_was_deleted_right_before_a_crash_leaves_its_chats_soon_after() {
    let parts = Parts::in_memory();
    let after = Parts {
        stores: parts.stores.clone(),
        keyring: parts.keyring.clone(),
        ..Parts::in_memory()
    };
    let (chat, shop, _) = start_with(parts).await;
    let access = Access::from(shop.token);
    let alice = alice(&chat, access).await;
    let [group] = groups(&chat, access, alice, 1).await[..] else {
        panic!("one");
    };
    chat.submit(access, Command::DeleteUser(alice), None)
        .await
        .unwrap();
    chat.stop().await;
    assert!(is_in(&chat, access, group).await);
    let chat = Chat::start(after).await.unwrap();
    until(async || !is_in(&chat, access, group).await).await;
}
