//! Logins of users.

use std::sync::Arc;

use uuid::Uuid;

use super::desk::{self, Desk, NOW};
use super::users::user;
use crate::clock::Timestamp;
use crate::commit::{ChangeUser, Command, NewPassword};
use crate::ids::{SessionId, Token, UserNumber};
use crate::model::Session;
use crate::password::PasswordHash;
use crate::port::{Opened, Store};

fn session(desk: &Desk, user: UserNumber, seconds: i64) -> Session {
    Session {
        id: SessionId(Uuid::new_v4()),
        token: Token::random().hash(),
        application: desk.application,
        user,
        device: Some("a phone".to_owned()),
        created_at: NOW.plus_seconds(seconds),
        expires_at: NOW.plus_seconds(seconds + 100),
    }
}

async fn is_open(desk: &Desk, session: &Session) -> bool {
    let found = desk.store.session(session.token).await.expect("session");
    found.is_some_and(|found| {
        assert_eq!(found, *session);
        true
    })
}

async fn open(desk: &Desk, session: &Session) -> bool {
    let opened = desk.store.open_session(session, NOW).await;
    opened.expect("open_session")
}

/// Logins are found by their token, listed, and ended one by one.
pub async fn logins_are_found_listed_and_ended(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let (one, two, bobs) = (
        session(&desk, alice, 1),
        session(&desk, alice, 2),
        session(&desk, bob, 3),
    );
    for one in [&one, &two, &bobs] {
        assert!(open(&desk, one).await && is_open(&desk, one).await);
    }
    let listed = |before, limit| store.sessions(desk.application, alice, before, limit);
    let all = listed(None, desk::limit(9)).await.expect("sessions");
    assert_eq!(all, [two.clone(), one.clone()]);
    let first = listed(None, desk::limit(1)).await.expect("sessions");
    assert_eq!(first[0], two);
    let behind = listed(Some(Opened::of(&two)), desk::limit(9)).await;
    assert_eq!(behind.expect("sessions")[0], one);
    let end = listed(Some(Opened::of(&one)), desk::limit(9)).await;
    assert_eq!(end.expect("sessions"), []);
    let end = |user, id| {
        let (store, application) = (store.clone(), desk.application);
        async move {
            store
                .end_session(application, user, id)
                .await
                .expect("end_session")
        }
    };
    assert!(!end(bob, one.id).await, "it is not his");
    assert!(end(alice, one.id).await && !end(alice, one.id).await);
    assert!(
        !is_open(&desk, &one).await && is_open(&desk, &two).await && is_open(&desk, &bobs).await
    );
}

/// Another password ends all logins but one, the same password kept in another way none.
pub async fn a_new_password_ends_the_other_logins(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let alice = desk.user("alice").await;
    let (kept, other) = (session(&desk, alice, 1), session(&desk, alice, 2));
    assert!(open(&desk, &kept).await && open(&desk, &other).await);
    let hash = |text: &str| PasswordHash(text.to_owned());
    let change = |password| {
        Command::ChangeUser(
            alice,
            ChangeUser {
                password: Some(password),
                ..ChangeUser::default()
            },
        )
    };
    let chosen = NewPassword::Chosen {
        hash: hash("1"),
        keep: Some(kept.token),
    };
    let later = NOW.plus_seconds(1);
    desk.done_at(vec![change(chosen)], later).await;
    assert!(is_open(&desk, &kept).await && !is_open(&desk, &other).await);
    let rehashed = |before: &str| NewPassword::Rehashed {
        hash: hash("2"),
        before: hash(before),
    };
    desk.done_at(vec![change(rehashed("0"))], later).await;
    assert_eq!(
        user(&desk, alice).await.expect("alice").password,
        Some(hash("1"))
    );
    let last = NOW.plus_seconds(2);
    desk.done_at(vec![change(rehashed("0")), change(rehashed("1"))], last)
        .await;
    let updated = user(&desk, alice).await.expect("alice").updated_at;
    assert_eq!(updated, later, "the password is the same");
    assert_eq!(
        user(&desk, alice).await.expect("alice").password,
        Some(hash("2"))
    );
    assert!(is_open(&desk, &kept).await);
    // Whoever checked the old password meanwhile comes too late.
    assert!(!open(&desk, &other).await);
    assert!(!is_open(&desk, &other).await);
}

/// A deleted user has no logins, and gets none.
pub async fn a_deleted_user_is_logged_in_nowhere(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let (hers, his, late) = (
        session(&desk, alice, 1),
        session(&desk, bob, 1),
        session(&desk, alice, 2),
    );
    assert!(open(&desk, &hers).await && open(&desk, &his).await);
    desk.done(vec![Command::DeleteUser(alice)]).await;
    assert!(!is_open(&desk, &hers).await && is_open(&desk, &his).await);
    assert!(!open(&desk, &late).await);
}

/// Expired logins are forgotten bit by bit.
pub async fn expired_logins_are_forgotten_bit_by_bit(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let alice = desk.user("alice").await;
    let sessions: Vec<_> = (0..5).map(|at| session(&desk, alice, at)).collect();
    for one in &sessions {
        assert!(open(&desk, one).await);
    }
    let prune = |before: Timestamp, limit| {
        let store = store.clone();
        async move {
            let done = store.prune_sessions(before, desk::limit(limit)).await;
            let done = done.expect("prune_sessions");
            (done.rows, done.more)
        }
    };
    let expired = NOW.plus_seconds(103);
    assert_eq!(prune(expired, 2).await, (2, true));
    assert_eq!(prune(expired, 2).await.0, 1);
    assert_eq!(prune(expired, 2).await, (0, false));
    let left = store.sessions(desk.application, alice, None, desk::limit(9));
    assert_eq!(left.await.expect("sessions").len(), 2);
}
