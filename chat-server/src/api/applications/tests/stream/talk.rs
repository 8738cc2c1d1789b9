use chat_core::commit::Caller;
use chat_core::ids::{ChatNumber, Token, UserNumber};
use chat_core::service::Access;

use super::*;
use crate::http::rate::RateLimiter;

#[tokio::test]
async fn two_users_talk() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    let group = a_group(&open.house, &application, &sessions[0], &[2]).await;
    let mut alice = open.enter(&application, &sessions[0]).await;
    let mut bob = open.enter(&application, &sessions[1]).await;
    for client in [&mut alice, &mut bob] {
        client.say(json!({"type": "sync", "cursors": {}})).await;
        let new = client.expect("new").await;
        assert_eq!(
            (&new["chats"][0]["number"], &new["chats"][0]["unread"]),
            (&1.into(), &0.into())
        );
        client.expect("caught_up").await;
    }
    let post = json!({"type": "post", "id": 7, "chat": 1, "body": "hello", "data": {"a": 1}});
    alice.say(post).await;
    let [ack, own] = alice.expect_both(["ack", "changes"]).await;
    assert_eq!((&ack["id"], &ack["number"]), (&7.into(), &1.into()));
    assert_eq!(ack["cursor"], own["to"]);
    let changes = bob.expect("changes").await;
    assert_eq!(changes, own);
    let message = &changes["items"][0];
    assert_eq!(
        (&message["author"], &message["body"]),
        (&1.into(), &"hello".into())
    );
    assert_eq!(message["data"], json!({"a": 1}));

    alice.say(json!({"type": "typing", "chat": 1})).await;
    let typing = bob.expect("typing").await;
    assert_eq!((&typing["chat"], &typing["user"]), (&1.into(), &1.into()));

    bob.say(json!({"type": "mark", "id": "m", "chat": 1, "read": 1}))
        .await;
    let [_, marked] = bob.expect_both(["ack", "changes"]).await;
    assert_eq!(alice.expect("changes").await, marked);
    let mark = json!({"kind": "mark", "user": 2, "delivered": 1, "read": 1});
    assert_eq!(marked["items"], json!([mark]));
    assert_eq!(marked["from"], changes["to"]);

    alice
        .say(json!({"type": "edit", "id": 8, "chat": 1, "number": 1, "body": "Hello"}))
        .await;
    let [ack, edited] = alice.expect_both(["ack", "changes"]).await;
    assert_eq!((&ack["id"], &ack["number"]), (&8.into(), &1.into()));
    assert_eq!(texts(&edited), ["Hello"]);
    alice
        .say(json!({"type": "delete", "chat": 1, "number": 1}))
        .await;
    let [ack, deleted] = alice.expect_both(["ack", "changes"]).await;
    assert_eq!((&ack["id"], &ack["number"]), (&Value::Null, &1.into()));
    assert!(deleted["items"][0]["deleted_at"].is_string());
    bob.expect("changes").await;
    bob.expect("changes").await;

    // What comes by HTTP is told as well.
    post_all(&open.house, &group, &["by http"]).await;
    for client in [&mut alice, &mut bob] {
        assert_eq!(texts(&client.expect("changes").await), ["by http"]);
    }
}

#[tokio::test]
async fn a_post_with_the_same_key_is_the_same_post() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    a_group(&open.house, &application, &sessions[0], &[]).await;
    let mut alice = open.enter(&application, &sessions[0]).await;
    let post = |body: &str| json!({"type": "post", "chat": 1, "body": body, "key": "k"});
    alice.say(post("once")).await;
    let first = alice.expect("ack").await;
    alice.say(post("once")).await;
    let again = alice.expect("ack").await;
    assert_eq!(
        (&first["number"], &first["replayed"]),
        (&1.into(), &Value::Null)
    );
    assert_eq!(
        (&again["number"], &again["replayed"]),
        (&1.into(), &true.into())
    );
    alice.say(post("another")).await;
    assert_eq!(
        alice.expect("problem").await["code"],
        "idempotency_key_reused"
    );
}

#[tokio::test]
async fn who_comes_back_goes_on_where_the_socket_was_cut() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let group = a_group(&open.house, &application, &sessions[0], &[]).await;
    let mut alice = open.follow(&application, &sessions[0]).await;
    post_all(&open.house, &group, &["a"]).await;
    let at = alice.expect("changes").await["to"].clone();
    drop(alice);
    post_all(&open.house, &group, &["b", "c"]).await;
    let mut alice = open.enter(&application, &sessions[0]).await;
    alice
        .say(json!({"type": "sync", "cursors": {"1": at}}))
        .await;
    let mut missed = Vec::new();
    let mut from = at;
    loop {
        let frame = alice.hear().await;
        if frame["type"] == "caught_up" {
            break;
        }
        assert_eq!((&frame["type"], &frame["from"]), (&"changes".into(), &from));
        missed.extend(texts(&frame).into_iter().map(str::to_owned));
        from = frame["to"].clone();
    }
    assert_eq!(missed, ["b", "c"]);
    let shown = open.house.get(&group).await.json();
    assert_eq!(shown["cursor"], from);
}

#[tokio::test]
async fn what_was_missed_in_many_chats_is_told_of_each() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let mut cursors = serde_json::Map::new();
    for number in 1..=40 {
        let group = a_group(&open.house, &application, &sessions[0], &[]).await;
        let shown = open.house.get(&group).await.json();
        cursors.insert(number.to_string(), shown["cursor"].clone());
        post_all(&open.house, &group, &["hello"]).await;
    }
    let mut alice = open.enter(&application, &sessions[0]).await;
    alice.say(json!({"type": "sync", "cursors": cursors})).await;
    for _ in 0..40 {
        assert_eq!(texts(&alice.expect("changes").await), ["hello"]);
    }
    alice.expect("caught_up").await;
}

#[tokio::test]
async fn a_cursor_of_another_history_is_reset() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let group = a_group(&open.house, &application, &sessions[0], &[]).await;
    let now = open.house.get(&group).await.json()["cursor"].clone();
    let mut foreign = chat_core::cursor::Cursor::decode(now.as_str().unwrap()).unwrap();
    foreign.epoch.0 ^= 1;
    let mut alice = open.enter(&application, &sessions[0]).await;
    let sync = |cursor: &str| json!({"type": "sync", "id": 1, "cursors": {"1": cursor}});
    alice.say(sync(&foreign.encode())).await;
    let reset = alice.expect("reset").await;
    assert_eq!((&reset["chat"], &reset["head"]), (&1.into(), &now));
    alice.expect("caught_up").await;
    post_all(&open.house, &group, &["after"]).await;
    let changes = alice.expect("changes").await;
    assert_eq!((&changes["from"], texts(&changes)), (&now, vec!["after"]));
    foreign.chat.0 = 2;
    alice.say(sync(&foreign.encode())).await;
    let problem = alice.expect("problem").await;
    assert_eq!(
        (&problem["id"], &problem["code"]),
        (&1.into(), &"invalid_cursor".into())
    );
}

#[tokio::test]
async fn a_removed_member_is_told_so_and_nothing_else() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    let group = a_group(&open.house, &application, &sessions[0], &[2]).await;
    let mut alice = open.follow(&application, &sessions[0]).await;
    let mut bob = open.follow(&application, &sessions[1]).await;
    let removed = open.house.delete(&format!("{group}/members/2")).await;
    assert_eq!(removed.status, 204);
    assert_eq!(bob.expect("removed").await["chat"], 1);
    post_all(&open.house, &group, &["alone"]).await;
    while texts(&alice.expect("changes").await) != ["alone"] {}
    bob.is_quiet().await;
    bob.say(json!({"type": "typing", "chat": 1})).await;
    assert_eq!(bob.expect("problem").await["code"], "not_found");
}

#[tokio::test]
async fn a_chat_of_others_is_to_a_user_as_one_that_is_not_there() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    let of_alice = a_group(&open.house, &application, &sessions[0], &[]).await;
    let of_bob = a_group(&open.house, &application, &sessions[1], &[]).await;
    let there = open.house.get(&of_alice).await.json()["cursor"].clone();
    let mut nowhere = chat_core::cursor::Cursor::decode(there.as_str().unwrap()).unwrap();
    nowhere.chat.0 = 9;
    let mut bob = open.enter(&application, &sessions[1]).await;
    for frame in [
        json!({"type": "subscribe", "chats": [1, 2, 9]}),
        json!({"type": "sync", "cursors": {"1": there, "9": nowhere.encode()}}),
    ] {
        bob.say(frame).await;
        let answers = [bob.hear().await, bob.hear().await, bob.hear().await];
        for answer in [
            json!({"type": "removed", "chat": 1}),
            json!({"type": "removed", "chat": 9}),
            json!({"type": "caught_up"}),
        ] {
            assert!(answers.contains(&answer), "{answer} of {answers:?}");
        }
    }
    let mut refusals = Vec::new();
    for chat in [1, 9] {
        let post = json!({"type": "post", "chat": chat, "body": "is it there?"});
        bob.say(post).await;
        refusals.push(bob.expect("problem").await);
    }
    assert_eq!(refusals[0], refusals[1]);
    assert_eq!(refusals[0]["code"], "not_found");
    post_all(&open.house, &of_alice, &["for her"]).await;
    post_all(&open.house, &of_bob, &["for him"]).await;
    let changes = bob.expect("changes").await;
    assert_eq!(
        (&changes["chat"], texts(&changes)),
        (&2.into(), vec!["for him"])
    );
    bob.is_quiet().await;
}

#[tokio::test]
async fn a_chat_that_is_new_to_a_user_is_told_as_in_his_list() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    let mut bob = open.follow(&application, &sessions[1]).await;
    let group = a_group(&open.house, &application, &sessions[0], &[2]).await;
    let new = bob.expect("new").await;
    let list = format!("{application}/me/chats");
    let listed = by(&open.house, &sessions[1], "GET", &list, "").await.json();
    assert_eq!(new["chats"], listed);
    post_all(&open.house, &group, &["welcome"]).await;
    let changes = bob.expect("changes").await;
    assert_eq!(changes["from"], new["chats"][0]["cursor"]);
    assert_eq!(texts(&changes), ["welcome"]);
}

#[tokio::test]
async fn a_one_to_one_that_was_taken_off_the_list_is_told_with_its_next_message() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    let chats = format!("{application}/chats");
    let direct = r#"{"kind":"direct","members":[2]}"#;
    let made = by(&open.house, &sessions[0], "POST", &chats, direct).await;
    let direct = format!("{chats}/{}", made.json()["number"]);
    post_all(&open.house, &direct, &["before"]).await;
    let token: Token = application.rsplit('/').next().unwrap().parse().unwrap();
    let by_bob = Access::from(token).by(Caller::User(UserNumber(2)));
    let hidden = open.house.chat.hide(by_bob, ChatNumber(1)).await;
    hidden.unwrap();
    let mut bob = open.enter(&application, &sessions[1]).await;
    bob.say(json!({"type": "sync", "cursors": {}})).await;
    bob.expect("caught_up").await;
    post_all(&open.house, &direct, &["again"]).await;
    let new = bob.expect("new").await;
    let changes = bob.expect("changes").await;
    assert_eq!(changes["from"], new["chats"][0]["cursor"]);
    assert_eq!(texts(&changes), ["again"]);
    post_all(&open.house, &direct, &["and again"]).await;
    assert_eq!(texts(&bob.expect("changes").await), ["and again"]);
}

#[tokio::test]
async fn the_token_follows_any_chat_and_speaks_for_nobody_or_for_a_user() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    open.house.post(&format!("{application}/chats"), "").await;
    let mut token = open.ask(&application, &[]).await.unwrap();
    token.expect("ready").await;
    token.say(json!({"type": "subscribe"})).await;
    assert_eq!(token.expect("problem").await["errors"][0]["field"], "chats");
    token
        .say(json!({"type": "subscribe", "chats": [1, 9]}))
        .await;
    let [removed, _] = token.expect_both(["removed", "caught_up"]).await;
    assert_eq!(removed["chat"], 9);
    token
        .say(json!({"type": "post", "chat": 1, "body": "by nobody"}))
        .await;
    let [_, changes] = token.expect_both(["ack", "changes"]).await;
    assert_eq!(changes["items"][0]["author"], Value::Null);

    let mut alice = open.ask(&application, &[("as-user", "1")]).await.unwrap();
    alice.expect("ready").await;
    alice
        .say(json!({"type": "post", "chat": 1, "body": "for her"}))
        .await;
    alice.expect("ack").await;
    assert_eq!(token.expect("changes").await["items"][0]["author"], 1);

    let mut other = open.ask(&application, &[]).await.unwrap();
    other.expect("ready").await;
    other
        .say(json!({"type": "hello", "session": sessions[0]}))
        .await;
    other.expect("ready").await;
    other.say(json!({"type": "subscribe"})).await;
    other.expect("caught_up").await;
    other
        .say(json!({"type": "hello", "session": sessions[0]}))
        .await;
    other.expect("problem").await;
}

#[tokio::test]
async fn who_writes_asks_for_something_and_is_not_told_when_it_was_too_much() {
    let chat = chat().await;
    let counter = Arc::new(MemoryCounter::new());
    let limiter = RateLimiter::new("100/1h".parse().unwrap(), counter);
    let gate = Gate {
        limiter: Some(Arc::new(limiter)),
        ..gate(&chat)
    };
    let front = front(vec![door(gate.clone(), options(), BODY)]);
    let house = House::on_doubles(chat, front);
    let open = Open::at(house, vec![door(gate, options(), BODY)]);
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    a_group(&open.house, &application, &sessions[0], &[2]).await;
    let mut alice = open.follow(&application, &sessions[0]).await;
    for _ in 0..100 {
        alice.say(json!({"type": "typing", "chat": 1})).await;
    }
    alice.is_quiet().await;
    // All that an application may ask for in an hour was asked for.
    alice
        .say(json!({"type": "post", "chat": 1, "body": "too much"}))
        .await;
    assert_eq!(alice.expect("problem").await["code"], "rate_limited");
}
