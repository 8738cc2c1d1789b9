//! Users, their names and their lasting tokens.

use std::sync::Arc;

use super::desk::{self, Desk, NOW, delete, is_done, post};
use crate::commit::{Batch, Caller, ChangeUser, Command, GiveToken, NewPassword, Outcome, Refusal};
use crate::error::ErrorKind;
use crate::ids::{Token, TokenHash, UserNumber};
use crate::model::{Message, User};
use crate::page::Span;
use crate::password::PasswordHash;
use crate::port::Store;
use crate::seal::Sealed;
use crate::text::{Email, Picture, Username};

fn username(text: &str) -> Username {
    Username::parse(text).expect("a username")
}

fn rename(text: &str) -> ChangeUser {
    ChangeUser {
        username: Some(username(text)),
        ..ChangeUser::default()
    }
}

async fn named(desk: &Desk, name: &str) -> Option<UserNumber> {
    let folded = username(name).folded();
    let found = desk.store.user_by_name(desk.application, &folded).await;
    found.expect("user_by_name").map(|user| user.number)
}

pub(super) async fn user(desk: &Desk, number: UserNumber) -> Option<User> {
    let found = desk.store.users(desk.application, &[number]).await;
    found.expect("users").pop()
}

fn refused(outcomes: &[Outcome]) -> Option<&Refusal> {
    match outcomes {
        [Outcome::Refused(refusal)] => Some(refusal),
        _ => None,
    }
}

/// Users are numbered from 1 in their application and keep what they were made with.
pub async fn users_are_numbered_in_their_application(store: &Arc<dyn Store>) {
    let (desk, other) = (Desk::open(store).await, Desk::open(store).await);
    let (alice, bob) = (desk.user("Alice").await, desk.user("bob").await);
    assert_eq!((alice, bob), (UserNumber(1), UserNumber(2)));
    assert_eq!(other.user("alice").await, UserNumber(1));
    let found = user(&desk, alice).await.expect("alice");
    assert_eq!(found.username, "Alice");
    assert_eq!((found.created_at, found.updated_at), (NOW, NOW));
    let asked = [bob, alice, UserNumber(3), bob];
    let both = store.users(desk.application, &asked).await;
    let both: Vec<_> = both.expect("users").iter().map(|one| one.number).collect();
    assert_eq!(both, [alice, bob]);
}

/// A name is one without regard to case, in its application, as long as its user has it.
pub async fn a_username_is_taken_without_regard_to_case(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let alice = desk.user("Ålice").await;
    let again = desk.commit(vec![desk::create_user("åLICE")]).await;
    assert_eq!(refused(&again), Some(&Refusal::UsernameTaken));
    assert_eq!(named(&desk, "ÅLICE").await, Some(alice));
    desk.done(vec![Command::ChangeUser(alice, rename("Alicia"))])
        .await;
    assert_eq!(named(&desk, "ålice").await, None);
    let bob = desk.user("ålice").await;
    let back = Command::ChangeUser(alice, rename("ÅLICE"));
    assert_eq!(
        refused(&desk.commit(vec![back.clone()]).await),
        Some(&Refusal::UsernameTaken)
    );
    desk.done(vec![Command::DeleteUser(bob), back]).await;
    assert_eq!(named(&desk, "ålice").await, Some(alice));
    // Names can change hands in one batch, and a user may write its own in another way.
    let carol = desk.user("carol").await;
    let swap = [
        (alice, "free"),
        (carol, "ålice"),
        (alice, "Carol"),
        (carol, "Ålice"),
    ];
    desk.done(
        swap.map(|(user, name)| Command::ChangeUser(user, rename(name)))
            .into(),
    )
    .await;
    assert_eq!(named(&desk, "carol").await, Some(alice));
    assert_eq!(named(&desk, "ålice").await, Some(carol));
}

/// What is said changes, the rest stays.
pub async fn a_user_changes_in_what_is_said(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let alice = desk.user("alice").await;
    let change = ChangeUser {
        display_name: Some(Some(desk::name("A. 🎈"))),
        email: Some(Some(Email::parse("a@b.example").expect("an address"))),
        picture: Some(Some(Picture::parse("https://b.example/a").expect("a URL"))),
        ..ChangeUser::default()
    };
    desk.done(vec![Command::ChangeUser(alice, change)]).await;
    let away = ChangeUser {
        email: Some(None),
        ..ChangeUser::default()
    };
    desk.done(vec![Command::ChangeUser(alice, away)]).await;
    let found = user(&desk, alice).await.expect("alice");
    assert_eq!(found.username, "alice");
    assert_eq!(found.display_name.as_deref(), Some("A. 🎈"));
    assert_eq!(found.email, None);
    assert_eq!(found.picture.as_deref(), Some("https://b.example/a"));
}

/// A deleted user is in no answer, and its messages stay without a sender.
pub async fn a_deleted_user_leaves_its_messages(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let chat = desk.chat().await;
    for (user, text) in [(alice, "1"), (bob, "2"), (alice, "3")] {
        desk.done_by(Caller::For(user), vec![post(chat, text)])
            .await;
    }
    desk.done_by(Caller::For(alice), vec![delete(chat, 3)])
        .await;
    desk.done(vec![Command::DeleteUser(alice)]).await;
    assert_eq!(user(&desk, alice).await, None);
    assert_eq!(named(&desk, "alice").await, None);
    let senders =
        |messages: &[Message]| -> Vec<_> { messages.iter().map(|one| one.sender).collect() };
    let listed = desk.messages(chat).await;
    assert_eq!(senders(&listed), [None, Some(bob), None]);
    let changes = desk.changes(chat, desk::head(0, 0), 9).await;
    assert_eq!(senders(&changes.messages), [None, Some(bob), None]);
    assert_eq!(desk.message(chat, 1).await.expect("1").sender, None);
    let post = desk.by(Caller::User(alice), vec![post(chat, "4")]).await;
    assert_eq!(refused(&post), Some(&Refusal::CallerNotFound));
    assert_eq!(
        desk.user("Alice").await,
        UserNumber(3),
        "a number is never used again"
    );
}

/// Users come page by page, deleted ones left out.
pub async fn users_come_page_by_page(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    for number in 1..=7 {
        desk.user(&format!("user {number}")).await;
    }
    desk.done(vec![Command::DeleteUser(UserNumber(3))]).await;
    let page = |span| {
        let (store, application) = (store.clone(), desk.application);
        async move {
            let page = store.users_page(application, span, desk::limit(3)).await;
            let page = page.expect("users_page");
            let numbers: Vec<u64> = page.items.iter().map(|one| one.number.0).collect();
            (numbers, page.more)
        }
    };
    assert_eq!(page(Span::After(0)).await, (vec![1, 2, 4], true));
    assert_eq!(page(Span::After(4)).await, (vec![5, 6, 7], false));
    assert_eq!(page(Span::Before(5)).await, (vec![1, 2, 4], false));
}

/// A lasting token is given once, and finds its user until that is deleted.
pub async fn a_lasting_token_is_given_once(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let alice = desk.user("alice").await;
    let (hash, other) = (Token::random().hash(), Token::random().hash());
    let give = |hash: TokenHash| {
        let sealed = Sealed(hash.0.to_vec());
        Command::GiveToken(alice, GiveToken { hash, sealed })
    };
    let outcomes = desk.commit(vec![give(hash), give(other)]).await;
    assert_eq!(
        outcomes[0], outcomes[1],
        "the second one gets the first one's"
    );
    let again = desk.commit(vec![give(Token::random().hash())]).await;
    assert_eq!(outcomes[0], again[0]);
    let found = |hash| {
        let store = store.clone();
        async move { store.user_by_token(hash).await.expect("user_by_token") }
    };
    let (application, user) = found(hash).await.expect("alice");
    assert_eq!((application, user.number), (desk.application, alice));
    assert_eq!(found(other).await, None);
    desk.done(vec![Command::DeleteUser(alice)]).await;
    assert_eq!(found(hash).await, None);
}

/// A lasting token that another user has is nobody else's: nothing of the batch is written.
pub async fn a_lasting_token_of_another_is_not_given(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let hash = Token::random().hash();
    let give = |user| {
        let sealed = Sealed(hash.0.to_vec());
        Command::GiveToken(user, GiveToken { hash, sealed })
    };
    desk.done(vec![give(alice)]).await;
    let requests = vec![desk.ask(desk::create_user("carol")), desk.ask(give(bob))];
    let sinks = Vec::new();
    let refused = store.commit(Arc::new(Batch { requests, sinks }), NOW).await;
    let refused = refused.expect_err("a token that is taken");
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(named(&desk, "carol").await, None);
    let found = store.user_by_token(hash).await.expect("user_by_token");
    assert_eq!(found.expect("alice").1.number, alice);
}

/// Whoever chooses another password takes its lasting token back.
pub async fn a_new_password_takes_the_lasting_token_back(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let alice = desk.user("alice").await;
    let (hash, next) = (Token::random().hash(), Token::random().hash());
    let give = |hash: TokenHash| {
        let sealed = Sealed(hash.0.to_vec());
        Command::GiveToken(alice, GiveToken { hash, sealed })
    };
    let (of, keep) = (PasswordHash("1".to_owned()), None);
    let chosen = ChangeUser {
        password: Some(NewPassword::Chosen { hash: of, keep }),
        ..ChangeUser::default()
    };
    desk.done(vec![give(hash), Command::ChangeUser(alice, chosen)])
        .await;
    assert_eq!(store.user_by_token(hash).await.expect("none"), None);
    desk.done(vec![give(next)]).await;
    let found = store.user_by_token(next).await.expect("user_by_token");
    assert!(found.is_some());
}

/// Eight who want one name at once get it once.
pub async fn one_username_at_once_is_taken_once(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let desk = desk.clone();
        racers.spawn(async move {
            desk.commit(vec![desk::create_user("alice")])
                .await
                .remove(0)
        });
    }
    let outcomes = racers.join_all().await;
    assert_eq!(outcomes.iter().filter(|one| is_done(one)).count(), 1);
    let taken = Outcome::Refused(Refusal::UsernameTaken);
    assert_eq!(outcomes.iter().filter(|one| **one == taken).count(), 7);
    assert_eq!(
        desk.user("bob").await,
        UserNumber(2),
        "who was refused had no number"
    );
}
