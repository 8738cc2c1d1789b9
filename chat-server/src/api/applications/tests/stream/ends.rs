use chat_core::{Chat, Parts};

use super::*;

#[tokio::test]
async fn logging_out_cuts_the_socket() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let mut alice = open.follow(&application, &sessions[0]).await;
    let own = the_session(&open.house, &application, &sessions[0]).await;
    assert_eq!(
        by(&open.house, &sessions[0], "DELETE", &own, "")
            .await
            .status,
        204
    );
    assert_eq!(alice.bye().await, gone("signed_out", false, 1008));
}

#[tokio::test]
async fn who_asks_before_it_was_told_of_the_end_is_told_then() {
    let parts = Parts::in_memory();
    let beside = Parts {
        stores: parts.stores.clone(),
        keyring: parts.keyring.clone(),
        ..Parts::in_memory()
    };
    // They have no bus in common: what ends at the one is seen by the other when it looks.
    let [here, there] = [Chat::start(parts), Chat::start(beside)];
    let (here, there) = (here.await.unwrap(), there.await.unwrap());
    let inside = door(gate(&here), options(), BODY);
    let house = House::on_doubles(here, front(vec![inside]));
    let open = Open::at(house, vec![door(gate(&there), options(), BODY)]);
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    let asked = [
        json!({"type": "sync", "cursors": {}}),
        json!({"type": "subscribe"}),
    ];
    for (session, asked) in sessions.iter().zip(&asked) {
        let mut client = open.enter(&application, session).await;
        let own = the_session(&open.house, &application, session).await;
        let ended = by(&open.house, session, "DELETE", &own, "").await;
        assert_eq!(ended.status, 204);
        client.say(asked.clone()).await;
        // A look may have been quicker.
        while client.hear().await["type"] != "bye" {}
        assert_eq!(client.close().await, (1008, "signed_out".to_owned()));
    }
    let mut token = open.ask(&application, &[]).await.unwrap();
    token.expect("ready").await;
    open.house.delete(&application).await;
    token.say(json!({"type": "subscribe", "chats": [1]})).await;
    while token.hear().await["type"] != "bye" {}
    assert_eq!(token.close().await, (1008, "closed".to_owned()));
}

#[tokio::test]
async fn a_deleted_application_cuts_its_sockets() {
    let open = open().await;
    let application = application(&open.house, "X").await;
    let mut token = open.ask(&application, &[]).await.unwrap();
    token.expect("ready").await;
    assert_eq!(open.house.delete(&application).await.status, 204);
    assert_eq!(token.bye().await, gone("closed", false, 1008));
}

#[tokio::test]
async fn who_does_not_say_who_it_is_is_sent_away() {
    let pace = Pace {
        hello: Duration::from_millis(50),
        ..Pace::default()
    };
    let open = open_with(Options { pace, ..options() }).await;
    let application = application(&open.house, "X").await;
    let public = public(&open.house, &application).await;
    let mut nobody = open.ask(&public, &[]).await.unwrap();
    assert_eq!(nobody.bye().await, gone("no_hello", true, 1008));
}

#[tokio::test]
async fn stopping_says_goodbye_and_waits_until_it_was_heard() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let mut alice = open.follow(&application, &sessions[0]).await;
    let public = public(&open.house, &application).await;
    let mut nobody = open.ask(&public, &[]).await.unwrap();
    open.stopping.cancel();
    for client in [&mut alice, &mut nobody] {
        assert_eq!(client.bye().await, gone("stopping", true, 1012));
    }
    drop((alice, nobody));
    let finished = timeout(LONG, open.serving).await.expect("never hangs");
    assert!(finished.unwrap(), "all ended in time");
    assert_eq!(open.house.chat.listeners(), 0);
}

#[tokio::test]
async fn a_slow_reader_is_told_to_come_again_and_holds_nobody_up() {
    let limits = LiveLimits {
        waiting: 8,
        ..LiveLimits::default()
    };
    let open = open_within(limits).await;
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    let group = a_group(&open.house, &application, &sessions[0], &[2]).await;
    let mut slow = open.follow(&application, &sessions[0]).await;
    let mut quick = open.follow(&application, &sessions[1]).await;
    let text = "x".repeat(60_000);
    let mut posted = 0;
    // As much as the network takes goes out, then what waits here is too much.
    while open.house.chat.listeners() == 2 {
        post_all(&open.house, &group, &[&text]).await;
        posted += 1;
        while texts(&quick.expect("changes").await).is_empty() {}
        assert!(posted < 1_000, "a reader that takes nothing is kept");
    }
    let (mut at, mut told) = (None, 0);
    let bye = loop {
        let frame = slow.hear().await;
        if frame["type"] == "bye" {
            break frame;
        }
        assert!(at.is_none_or(|at| frame["from"] == at), "a gap");
        at = Some(frame["to"].clone());
        told += texts(&frame).len();
    };
    assert_eq!(
        (&bye["code"], &bye["resume"]),
        (&"slow".into(), &true.into())
    );
    let close = slow.message().await;
    assert!(matches!(&close, Message::Close(Some(close)) if u16::from(close.code) == 1013));
    assert!(told < posted);
    let mut again = open.enter(&application, &sessions[0]).await;
    again
        .say(json!({"type": "sync", "cursors": {"1": at}}))
        .await;
    loop {
        let frame = again.hear().await;
        if frame["type"] == "caught_up" {
            break;
        }
        told += texts(&frame).len();
    }
    assert_eq!(told, posted);
}

#[tokio::test]
async fn who_leaves_is_gone() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let mut alice = open.follow(&application, &sessions[0]).await;
    alice.0.close(None).await.unwrap();
    assert!(matches!(alice.message().await, Message::Close(_)));
    while open.house.chat.listeners() > 0 {
        tokio::task::yield_now().await;
    }
}
