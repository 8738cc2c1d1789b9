use std::sync::atomic::{AtomicBool, Ordering};

use chat_core::error::ErrorKind;
use chat_core::port::MockSessions;
use chat_core::{Chat, Parts};
use futures_util::FutureExt;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::api::testing::failing::fault;
use crate::api::testing::noise::put;
use crate::http::testing::front;

fn gone(code: u16, reason: &str) -> (u16, String) {
    (code, reason.to_owned())
}

#[tokio::test]
async fn logging_out_cuts_the_sockets_of_that_login_alone() {
    let open = open().await;
    let alice = person(&open.house, "alice").await;
    let other = logged_in(&open.house, UserNumber(alice.id)).await;
    let (mut first, mut second) = (alice.listen(&open).await, other.listen(&open).await);
    alice.done("POST", "/logout", json!(null), 204).await;
    assert_eq!(first.close().await, gone(1008, "signed_out"));
    second.hears_nothing().await;
    // A new password ends every other login.
    let alice = logged_in(&open.house, UserNumber(alice.id)).await;
    let mut third = alice.listen(&open).await;
    let path = format!("/users/{}", alice.id);
    alice
        .done("PUT", &path, json!({"password": "another one"}), 200)
        .await;
    assert_eq!(second.close().await, gone(1008, "signed_out"));
    third.hears_nothing().await;
}

#[tokio::test]
async fn a_deleted_user_is_cut_and_the_others_are_told() {
    let open = open().await;
    let [alice, bob, _] = three(&open.house).await;
    let chat = alice
        .begin(json!({"participants": [2, 3], "name": "g"}))
        .await;
    let id = bob.say(chat, "mine").await;
    let (mut at_alice, mut at_bob) = (alice.listen(&open).await, bob.listen(&open).await);
    bob.done("DELETE", "/users/2", json!(null), 204).await;
    assert_eq!(at_bob.close().await, gone(1008, "signed_out"));
    let told = at_alice.expect("conversation").await;
    assert_eq!(told["conversation"]["participants"], json!([1, 3]));
    assert_eq!(alice.message(chat, id).await["senderId"], Value::Null);
}

#[tokio::test]
async fn stopping_says_so() {
    let open = open().await;
    let alice = person(&open.house, "alice").await;
    let mut client = alice.listen(&open).await;
    open.stopping.cancel();
    assert_eq!(client.close().await, gone(1012, "stopping"));
}

#[tokio::test]
async fn a_frame_that_is_too_long_is_the_last() {
    let open = open().await;
    let alice = person(&open.house, "alice").await;
    let mut client = alice.listen(&open).await;
    let long = "x".repeat(64 << 10);
    client.0.send(Message::text(long)).await.unwrap();
    assert!(matches!(
        client.hear().await["type"].as_str(),
        Some("error")
    ));
    let longer = "x".repeat((64 << 10) + 1);
    client.0.send(Message::text(longer)).await.unwrap();
    assert_eq!(client.close().await, gone(1009, "too_long"));
}

#[tokio::test]
async fn what_is_no_text_or_no_frame_is_the_last() {
    let open = open().await;
    let alice = person(&open.house, "alice").await;
    let ping = br#"{"type":"ping"}"#.as_slice();
    for (first, payload, bye) in [
        (0x81, b"\"\xff\"".as_slice(), gone(1007, "not_text")),
        // A reserved bit, and a kind of frame that there is not.
        (0xc1, ping, gone(1002, "protocol")),
        (0x83, ping, gone(1002, "protocol")),
    ] {
        let mut client = alice.listen(&open).await;
        let mut bytes = Vec::new();
        put(&mut bytes, first, payload);
        client.0.get_mut().write_all(&bytes).await.unwrap();
        assert_eq!(client.close().await, bye);
    }
}

#[tokio::test]
async fn a_slow_reader_is_told_to_come_again_and_holds_nobody_up() {
    let limits = LiveLimits {
        waiting: 8,
        ..LiveLimits::default()
    };
    let open = open_within(limits).await;
    let [alice, bob, _] = three(&open.house).await;
    let chat = alice.begin(json!({"participants": [2]})).await;
    let mut slow = bob.listen(&open).await;
    let mut quick = alice.listen(&open).await;
    let text = "x".repeat(60_000);
    let mut posted = 0;
    while open.house.chat.listeners() == 2 {
        alice.say(chat, &text).await;
        posted += 1;
        quick.text().await;
        assert!(posted < 1_000, "a reader that takes nothing is kept");
    }
    let (mut told, mut last) = (0, Value::Null);
    let close = loop {
        match slow.message().await {
            Message::Text(frame) => {
                let mut frame: Value = serde_json::from_str(&frame).unwrap();
                if frame["type"] == "message" {
                    told += 1;
                    assert_eq!(frame["message"]["number"], told);
                    last = frame["cursor"].take();
                }
            }
            Message::Close(Some(close)) => break close,
            _ => {}
        }
    };
    let close = (u16::from(close.code), close.reason.as_str().to_owned());
    assert_eq!(close, gone(1013, "slow"));
    assert!(told < posted);
    let mut again = bob.resume(&open, json!({chat.to_string(): last})).await;
    loop {
        let frame = again.hear().await;
        if frame["type"] == "caught_up" {
            break;
        }
        told += 1;
        assert_eq!(frame["message"]["number"], told);
    }
    assert_eq!(told, posted);
}

#[tokio::test]
async fn who_cannot_be_told_what_was_missed_is_told_to_come_again() {
    let mut parts = Parts::in_memory();
    let beside = Parts {
        stores: parts.stores.clone(),
        ..Parts::in_memory()
    };
    let chat = Chat::start(beside).await.unwrap();
    let house = House::on_doubles(
        chat.clone(),
        front(vec![door(gate(&chat), options(), BODY)]),
    );
    let sessions = parts.stores.sessions.clone();
    let fails = Arc::new(AtomicBool::new(false));
    let mut failing = MockSessions::new();
    let failed = fails.clone();
    failing.expect_session().returning(move |token| {
        match failed.load(Ordering::Relaxed) {
            true => Err(fault(ErrorKind::Unavailable)),
            // In memory nothing has to be waited for.
            false => sessions.session(token).now_or_never().unwrap(),
        }
    });
    failing
        .expect_valid_sessions()
        .returning(|tokens, _| Ok(tokens.to_vec()));
    parts.stores.sessions = Arc::new(failing);
    let chat = Chat::start(parts).await.unwrap();
    let open = Open::at(house, vec![door(gate(&chat), patient(), BODY)]);
    let alice = person(&open.house, "alice").await;
    let mut socket = alice.connect(&open).await;
    fails.store(true, Ordering::Relaxed);
    socket.say(json!({"type": "resume", "after": {}})).await;
    let told = socket.hear().await;
    assert_eq!(
        told,
        json!({"type": "error", "error": "Service unavailable"})
    );
    assert_eq!(socket.close().await, gone(1013, "unavailable"));
}
