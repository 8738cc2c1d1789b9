//! Names, passwords, tokens.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::users::{alice, password, user, username};
use super::*;
use crate::bearer::Bearer;
use crate::clock::Timestamp;
use crate::commit::CreateUser;
use crate::error::BackendError;
use crate::ids::{SessionId, TokenHash};
use crate::memory::FixedClock;
use crate::model::Session;
use crate::password::{self, PasswordHash};
use crate::port::{Opened, Progress, Sessions};

async fn login(chat: &Chat, access: Access, name: &str, typed: &str) -> Result<Login, ChatError> {
    let opened = chat.login(access, name, &password(typed), None).await?;
    let login = chat.authenticate(&opened.token).await?;
    assert_eq!(login.user, opened.user.number);
    Ok(login)
}

fn wrong<T>(result: Result<T, ChatError>) -> bool {
    matches!(result, Err(ChatError::WrongCredentials))
}

#[tokio::test]
async fn who_guesses_a_name_gets_the_answer_of_a_wrong_password_after_as_much_work() {
    let (chat, shop, _) = start().await;
    let access = Access::from(shop.token);
    let application = chat.application_id(access).await.unwrap();
    alice(&chat, access).await;
    // A user without a password is no different.
    user(&chat, access, "bob").await;
    // All passwords are hashed on one thread, so that it knows.
    let checked = async || {
        let checked = chat.inner.passwords.run(application, password::checked);
        checked.await.unwrap()
    };
    assert!(login(&chat, access, "ALICE", "secret").await.is_ok());
    assert_eq!(checked().await, 1);
    for (before, name) in (1..).zip(["alice", "nobody", " ", "bob", "\0"]) {
        assert!(wrong(login(&chat, access, name, "guess").await), "{name}");
        assert_eq!(checked().await, before + 1, "{name}");
    }
}

#[tokio::test]
async fn another_password_ends_every_session_but_the_one_that_it_is_changed_in() {
    let (chat, shop, _) = start().await;
    let access = Access::from(shop.token);
    let user = alice(&chat, access).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let opened = chat.login(access, "alice", &password("secret"), None).await;
        tokens.push(opened.unwrap().token);
    }
    let here = chat.authenticate(&tokens[1]).await.unwrap();
    let change = UserChange {
        password: Some(password("another")),
        keep: Some(here.token),
        ..UserChange::default()
    };
    chat.change_user(here.access(), user, change).await.unwrap();
    for (n, token) in tokens.iter().enumerate() {
        assert_eq!(chat.authenticate(token).await.is_ok(), n == 1, "{n}");
    }
    assert!(wrong(login(&chat, access, "alice", "secret").await));
    assert!(login(&chat, access, "alice", "another").await.is_ok());
    chat.delete_user(here.access(), user).await.unwrap();
    let gone = chat.authenticate(&tokens[1]).await;
    assert!(matches!(gone, Err(ChatError::NotLoggedIn)));
    assert!(wrong(login(&chat, access, "alice", "another").await));
}

/// Changes the password of whoever logs in, once, between the check and the session.
struct Meddling {
    sessions: Arc<dyn Sessions>,
    meddler: Chat,
    access: Access,
    done: AtomicBool,
}

#[async_trait]
impl Sessions for Meddling {
    async fn open_session(
        &self,
        session: &Session,
        unchanged_since: Timestamp,
    ) -> Result<bool, BackendError> {
        if !self.done.swap(true, Ordering::Relaxed) {
            let change = UserChange {
                password: Some(password("another")),
                ..UserChange::default()
            };
            let changed = self.meddler.change_user(self.access, session.user, change);
            changed.await.unwrap();
        }
        self.sessions.open_session(session, unchanged_since).await
    }

    async fn session(&self, token: TokenHash) -> Result<Option<Session>, BackendError> {
        self.sessions.session(token).await
    }

    async fn valid_sessions(
        &self,
        tokens: &[TokenHash],
        now: Timestamp,
    ) -> Result<Vec<TokenHash>, BackendError> {
        self.sessions.valid_sessions(tokens, now).await
    }

    async fn sessions(
        &self,
        application: ApplicationId,
        user: UserNumber,
        before: Option<Opened>,
        limit: Limit,
    ) -> Result<Vec<Session>, BackendError> {
        let sessions = &self.sessions;
        sessions.sessions(application, user, before, limit).await
    }

    async fn end_session(
        &self,
        application: ApplicationId,
        user: UserNumber,
        id: SessionId,
    ) -> Result<bool, BackendError> {
        self.sessions.end_session(application, user, id).await
    }

    async fn prune_sessions(
        &self,
        before: Timestamp,
        limit: Limit,
    ) -> Result<Progress, BackendError> {
        self.sessions.prune_sessions(before, limit).await
    }
}

#[tokio::test]
async fn a_password_that_is_changed_while_it_is_checked_opens_nothing() {
    let clock = Arc::new(FixedClock::new(Timestamp(1_000_000)));
    let parts = Parts {
        clock: clock.clone(),
        ..Parts::in_memory()
    };
    let (stores, keyring) = (parts.stores.clone(), parts.keyring.clone());
    let (meddler, shop, _) = start_with(parts).await;
    let access = Access::from(shop.token);
    let user = alice(&meddler, access).await;
    let sessions = Arc::new(Meddling {
        sessions: stores.sessions.clone(),
        meddler: meddler.clone(),
        access,
        done: AtomicBool::new(false),
    });
    let parts = Parts {
        stores: crate::port::Stores { sessions, ..stores },
        keyring,
        clock,
        ..Parts::in_memory()
    };
    let chat = Chat::start(parts).await.unwrap();
    assert!(wrong(login(&chat, access, "alice", "secret").await));
    let sessions = chat.sessions(access, user, None, Limit::MAX).await.unwrap();
    assert_eq!(sessions.items, []);
    assert!(login(&chat, access, "alice", "another").await.is_ok());
}

#[tokio::test]
async fn of_logins_that_race_a_new_password_none_outlives_it_with_the_old_one() {
    let (chat, shop, _) = start().await;
    let access = Access::from(shop.token);
    let user = alice(&chat, access).await;
    let mut before = password("secret");
    for round in 0..4 {
        let next = format!("another {round}");
        let change = UserChange {
            password: Some(password(&next)),
            ..UserChange::default()
        };
        let typed = std::mem::replace(&mut before, password(&next));
        let (one, changed, other) = tokio::join!(
            chat.login(access, "alice", &typed, None),
            chat.change_user(access, user, change),
            chat.login(access, "alice", &typed, None),
        );
        changed.unwrap();
        for opened in [one, other].into_iter().flatten() {
            let found = chat.authenticate(&opened.token).await;
            assert!(matches!(found, Err(ChatError::NotLoggedIn)), "{round}");
        }
        assert!(login(&chat, access, "alice", &next).await.is_ok());
    }
}

#[tokio::test]
async fn a_password_taken_over_from_django_goes_on_and_is_hashed_anew_once() {
    const DJANGO: &str = "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=";
    let (chat, shop, _) = start().await;
    let access = Access::from(shop.token);
    let application = chat.application_id(access).await.unwrap();
    let create = CreateUser {
        created_at: None,
        username: username("alice"),
        display_name: None,
        email: None,
        picture: None,
        password: Some(PasswordHash(DJANGO.to_owned())),
        typed: None,
    };
    chat.submit(access, Command::CreateUser(create), None)
        .await
        .unwrap();
    let kept = async || {
        let users = &chat.inner.stores.users;
        let found = users.users(application, &[UserNumber(1)]).await.unwrap();
        found[0].password.clone().unwrap()
    };
    assert!(wrong(login(&chat, access, "alice", "wrong horse").await));
    assert_eq!(kept().await.0, DJANGO);
    let first = login(&chat, access, "alice", "correct horse").await;
    let anew = kept().await;
    assert!(
        password::verify(&password("correct horse"), Some(&anew))
            .renewed
            .is_none()
    );
    assert!(login(&chat, access, "alice", "correct horse").await.is_ok());
    assert_eq!(kept().await, anew);
    let sessions = chat.sessions(access, UserNumber(1), None, Limit::MAX).await;
    assert_eq!(sessions.unwrap().items.len(), 2, "{first:?}");
}

#[tokio::test]
async fn a_session_ends_when_it_is_ended_and_when_its_time_is_over() {
    let clock = Arc::new(FixedClock::new(Timestamp(1_000_000)));
    let parts = Parts {
        clock: clock.clone(),
        ..Parts::in_memory()
    };
    let (chat, shop, _) = start_with(parts).await;
    let access = Access::from(shop.token);
    let (alice, bob) = (alice(&chat, access).await, user(&chat, access, "bob").await);
    let device = Name::parse("phone").unwrap();
    let mint = async || {
        let opened = chat.mint_session(access, alice, Some(&device)).await;
        opened.unwrap()
    };
    let (one, other, third) = (mint().await, mint().await, mint().await);
    let login = chat.authenticate(&one.token).await.unwrap();
    let listed = chat.sessions(login.access(), alice, None, Limit::MAX).await;
    let listed = listed.unwrap().items;
    assert_eq!(listed.len(), 3);
    assert!(
        listed
            .iter()
            .all(|one| one.device.as_deref() == Some("phone"))
    );
    let stranger = access.by(Caller::User(bob));
    let id = other.session.id;
    let refused = chat.end_session(stranger, alice, id).await;
    assert!(matches!(refused, Err(ChatError::NotAllowed)));
    let refused = chat.sessions(stranger, alice, None, Limit::MAX).await;
    assert!(matches!(refused, Err(ChatError::NotAllowed)));
    let refused = chat.mint_session(stranger, bob, None).await;
    assert!(matches!(refused, Err(ChatError::NotAllowed)));
    chat.end_session(login.access(), alice, id).await.unwrap();
    let again = chat.end_session(login.access(), alice, id).await;
    assert!(matches!(again, Err(ChatError::SessionNotFound)));
    assert!(chat.authenticate(&other.token).await.is_err());
    chat.logout(&login).await.unwrap();
    assert!(chat.authenticate(&one.token).await.is_err());
    clock.set(Timestamp(1_000_000).plus_seconds(SESSION_SECONDS - 1));
    assert!(chat.authenticate(&third.token).await.is_ok());
    clock.set(Timestamp(1_000_000).plus_seconds(SESSION_SECONDS));
    assert!(chat.authenticate(&third.token).await.is_err());
    let listed = chat.sessions(access, alice, None, Limit::MAX).await;
    assert_eq!(listed.unwrap().items, []);
    clock.set(Timestamp(1_000_000).plus_seconds(SESSION_SECONDS + 1));
    chat.forget_sessions().await.unwrap();
    let kept = chat.inner.stores.sessions.session(third.session.token);
    assert_eq!(kept.await.unwrap(), None);
}

#[tokio::test]
async fn a_lasting_token_is_the_same_each_time_until_its_user_is_deleted() {
    let (chat, shop, _) = start().await;
    let access = Access::from(shop.token);
    let (alice, bob) = (alice(&chat, access).await, user(&chat, access, "bob").await);
    let mine = access.by(Caller::User(alice));
    let token = chat.lasting_token(mine, alice, None).await.unwrap();
    assert_eq!(
        chat.lasting_token(access, alice, None).await.unwrap(),
        token
    );
    let login = chat.authenticate_lasting(&token).await.unwrap();
    assert_eq!((login.user, login.session), (alice, None));
    assert!(chat.authenticate(&token).await.is_err());
    let theirs = chat.lasting_token(mine, bob, None).await;
    assert!(matches!(theirs, Err(ChatError::NotAllowed)));
    let old: Bearer = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
    let taken = chat.lasting_token(access, bob, Some(old.clone())).await;
    assert_eq!(taken.unwrap(), old);
    assert_eq!(chat.authenticate_lasting(&old).await.unwrap().user, bob);
    chat.delete_user(access, alice).await.unwrap();
    let gone = chat.authenticate_lasting(&token).await;
    assert!(matches!(gone, Err(ChatError::NotLoggedIn)));
}
