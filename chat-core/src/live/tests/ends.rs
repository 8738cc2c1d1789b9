//! When it is over for a listener, and why.

use std::net::IpAddr;

use super::*;
use crate::error::ChatError;
use crate::memory::MemoryBus;
use crate::page::Limit;
use crate::port::Stores;
use crate::seal::Keyring;
use crate::service::{LoggedIn, Login};
use crate::testing::elapse;
use tokio::time::Instant;

/// Two nodes on one store, which hear each other or do not.
async fn nodes(hear: bool) -> [Chat; 2] {
    let (bus, parts) = (MemoryBus::new(), Parts::in_memory());
    let start = async |stores: &Stores, keyring: &Keyring| {
        let mut beside = Parts {
            stores: stores.clone(),
            keyring: keyring.clone(),
            ..Parts::in_memory()
        };
        if hear {
            beside.bus = std::sync::Arc::new(bus.clone());
        }
        Chat::start(beside).await.unwrap()
    };
    [
        start(&parts.stores, &parts.keyring).await,
        start(&parts.stores, &parts.keyring).await,
    ]
}

async fn logged_in(chat: &Chat, access: Access, user: UserNumber) -> Login {
    let LoggedIn { token, .. } = chat.mint_session(access, user, None).await.unwrap();
    chat.authenticate(&token).await.unwrap()
}

/// How long after `cut` it is over for the listener, and why.
async fn over(listener: &Listener, cut: impl Future<Output = ()>) -> (Duration, Bye) {
    // Somewhere between two looks.
    elapse(Duration::from_millis(3_300)).await;
    cut.await;
    let cut = Instant::now();
    let bye = listener.over().await;
    assert!(matches!(listener.next().await, News::Bye(told) if told == bye));
    (cut.elapsed(), bye)
}

#[tokio::test(start_paused = true)]
async fn who_logs_out_anywhere_is_cut_off_at_once_and_without_a_bus_within_a_second() {
    for hear in [true, false] {
        let [here, there] = nodes(hear).await;
        let access = Access::from(shop(&here).await.token);
        let ann = user(&here, access, "ann").await;
        let (login, stays) = (
            logged_in(&here, access, ann).await,
            logged_in(&here, access, ann).await,
        );
        let listener = there.listen(Ear::of(login.access())).await.unwrap();
        let other = there.listen(Ear::of(stays.access())).await.unwrap();
        let logout = async { here.logout(&login).await.unwrap() };
        let (late, bye) = over(&listener, logout).await;
        assert_eq!(bye, Bye::SignedOut);
        let limit = Duration::from_millis(if hear { 1 } else { 1_000 });
        assert!(late <= limit, "{late:?}");
        let again = there.listen(Ear::of(login.access())).await;
        assert!(matches!(again, Err(ChatError::NotLoggedIn)));
        let nothing = tokio::time::timeout(Duration::from_secs(9), other.over());
        assert!(nothing.await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_in_a_session_that_ends_hears_it_as_soon() {
    for hear in [true, false] {
        let [here, there] = nodes(hear).await;
        let access = Access::from(shop(&here).await.token);
        let ann = user(&here, access, "ann").await;
        let group = group(&here, access, &[ann]).await.number;
        let (login, stays) = (
            logged_in(&here, access, ann).await,
            logged_in(&here, access, ann).await,
        );
        let (began, minute) = (Instant::now(), Duration::from_secs(60));
        let wait = async |login: &Login| {
            let reader = there.chat(login.access(), group).await.unwrap();
            let waited = reader.wait(None, Limit::DEFAULT, minute).await;
            (waited, began.elapsed())
        };
        let logout = async {
            // Somewhere between two looks.
            elapse(Duration::from_millis(3_300)).await;
            here.logout(&login).await.unwrap();
            began.elapsed()
        };
        let ((over, heard), (other, whole), cut) = tokio::join!(wait(&login), wait(&stays), logout);
        assert!(matches!(over, Err(ChatError::NotLoggedIn)), "{over:?}");
        let limit = Duration::from_millis(if hear { 1 } else { 1_000 });
        assert!(heard - cut <= limit, "{:?}", heard - cut);
        assert!(other.unwrap().items.is_empty());
        assert!(whole >= minute, "{whole:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_user_is_cut_off_however_it_came() {
    for hear in [true, false] {
        let [here, there] = nodes(hear).await;
        let access = Access::from(shop(&here).await.token);
        for name in ["session", "word"] {
            let one = user(&here, access, name).await;
            let ear = match name {
                "session" => Ear::of(logged_in(&here, access, one).await.access()),
                _ => Ear::of(access.by(Caller::For(one))),
            };
            let listener = there.listen(ear).await.unwrap();
            let delete = async { here.delete_user(access, one).await.unwrap() };
            let (late, bye) = over(&listener, delete).await;
            assert_eq!(bye, Bye::SignedOut);
            let limit = Duration::from_millis(if hear { 1 } else { 1_000 });
            assert!(late <= limit, "{late:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_application_is_over_for_all_in_it() {
    for hear in [true, false] {
        let [here, there] = nodes(hear).await;
        let access = Access::from(shop(&here).await.token);
        let listener = there.listen(Ear::of(access)).await.unwrap();
        let delete = async { here.delete_application(access).await.unwrap() };
        let (late, bye) = over(&listener, delete).await;
        assert_eq!(bye, Bye::Closed);
        assert!(late <= Duration::from_millis(if hear { 1 } else { 1_000 }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_says_that_one_should_come_back() {
    let [here, _] = nodes(false).await;
    let access = Access::from(shop(&here).await.token);
    let listener = here.listen(Ear::of(access)).await.unwrap();
    here.stop().await;
    assert!(matches!(listener.next().await, News::Bye(bye) if bye.resumes()));
}

#[tokio::test(start_paused = true)]
async fn so_many_may_be_connected_and_no_more() {
    let parts = Parts {
        live: LiveLimits {
            per_user: 2,
            per_address: 3,
            ..LiveLimits::default()
        },
        ..Parts::in_memory()
    };
    let chat = Chat::start(parts).await.unwrap();
    let access = Access::from(shop(&chat).await.token);
    let ann = Ear::of(by(access, user(&chat, access, "ann").await));
    let bob = Ear::of(by(access, user(&chat, access, "bob").await));
    let is_full = |told| matches!(told, Err(ChatError::TooManyListeners));
    let first = chat.listen(ann).await.unwrap();
    let _second = chat.listen(ann).await.unwrap();
    assert!(is_full(chat.listen(ann).await));
    assert!(chat.listen(bob).await.is_ok(), "others have their own");
    drop(first);
    let _third = chat.listen(ann).await.unwrap();

    // One network, however many addresses it has.
    let address = |last: u16| IpAddr::from([0x2001, 0xdb8, 7, 7, 0, 0, 0, last]);
    let mut here = Vec::new();
    for last in 0..3 {
        let ear = Ear::of(access).at(address(last));
        here.push(chat.listen(ear).await.unwrap());
    }
    assert!(is_full(chat.listen(Ear::of(access).at(address(9))).await));
    let elsewhere = Ear::of(access).at([192, 0, 2, 1].into());
    assert!(chat.listen(elsewhere).await.is_ok());
    here.clear();
    assert!(chat.listen(Ear::of(access).at(address(9))).await.is_ok());
}
