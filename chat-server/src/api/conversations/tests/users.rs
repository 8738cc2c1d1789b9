use chat_core::commit::Caller;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::live::Ear;
use chat_core::port::MockPresence;
use chat_core::{Chat, Parts};

use super::*;
use crate::http::testing::front;

#[tokio::test]
async fn users_are_listed_by_id_in_pages() {
    let house = house().await;
    let alice = person(&house, "u1").await;
    for n in 2..=60 {
        person(&house, &format!("u{n}")).await;
    }
    assert_eq!(ids(&alice.get("/users").await), Vec::from_iter(1..=50));
    assert_eq!(
        ids(&alice.get("/users?after=50").await),
        Vec::from_iter(51..=60)
    );
    assert_eq!(ids(&alice.get("/users?limit=2&after=3").await), [4, 5]);
    assert_eq!(ids(&alice.get("/users?limit=200").await).len(), 60);
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=",
        "after=x",
        "after=-1",
        "after=01",
    ] {
        let answer = alice.send("GET", &format!("/users?{query}"), "").await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn an_email_is_shown_to_its_owner_only() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let change = json!({"email": "a@b.c", "profilePicture": "http://x"});
    let changed = alice.done("PUT", "/users/1", change, 200).await.json();
    assert_eq!(changed["email"], "a@b.c");
    assert_eq!(alice.get("/users/1").await, changed);
    assert_eq!(alice.get("/users").await[0], changed);
    let seen = bob.get("/users/1").await;
    assert_eq!(
        (&seen["email"], &seen["profilePicture"]),
        (&json!(null), &json!("http://x"))
    );
    assert_eq!(bob.get("/users").await[0]["email"], Value::Null);

    let taken_away = json!({"email": null});
    let changed = alice.done("PUT", "/users/1", taken_away, 200).await.json();
    assert_eq!(
        (&changed["email"], &changed["profilePicture"]),
        (&json!(null), &json!("http://x")),
        "what is not sent stays"
    );
}

#[tokio::test]
async fn only_i_change_myself() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let path = "/users/1";
    bob.refused("PUT", path, json!({"username": "x"}), 403, "Not you")
        .await;
    assert_eq!(bob.send("PUT", path, "{").await.status, 403);
    bob.refused("PUT", "/users/9", json!({}), 404, "User not found")
        .await;
    bob.refused("DELETE", path, json!(null), 403, "Not you")
        .await;
    bob.refused("DELETE", "/users/9", json!(null), 404, "User not found")
        .await;
    let taken = "Username already taken";
    alice
        .refused("PUT", path, json!({"username": "BOB"}), 409, taken)
        .await;
    let long = "username is too long (maximum is 64 characters)";
    let picture = json!({"profilePicture": true});
    for (body, status, words) in [
        (json!({"username": null}), 400, "username can't be blank"),
        (json!({"username": 1}), 400, "username is invalid"),
        (json!({"password": ""}), 400, "password can't be blank"),
        (json!({"username": "x".repeat(65)}), 422, long),
        (json!({"email": "x"}), 400, "email is invalid"),
        (picture, 400, "profilePicture is invalid"),
    ] {
        alice.refused("PUT", path, body, status, words).await;
    }
    let renamed = alice
        .done("PUT", path, json!({"username": "ALICE"}), 200)
        .await;
    assert_eq!(renamed.json()["username"], "ALICE");
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let house = house().await;
    let alice = person(&house, "alice").await;
    let other = logged_in(&house, UserNumber(1)).await;
    alice
        .done("PUT", "/users/1", json!({"password": "new"}), 200)
        .await;
    assert_eq!(other.send("GET", "/users", "").await.status, 401);
    alice.get("/users").await;
    let body = json!({"username": "alice", "password": "new"}).to_string();
    assert_eq!(house.post("/login", body).await.status, 200);
}

#[tokio::test]
async fn whoever_is_deleted_leaves_messages_without_author() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let group = alice.begin(json!({"participants": [2, 3]})).await;
    let message = bob.say(group, "hi").await;
    bob.done("DELETE", "/users/2", json!(null), 204).await;
    assert_eq!(bob.send("GET", "/users", "").await.status, 401);
    alice
        .refused("GET", "/users/2", json!(null), 404, "User not found")
        .await;
    let path = format!("/conversations/{group}/message/{message}");
    let left = carol.get(&path).await;
    assert_eq!(
        (&left["senderId"], &left["content"]),
        (&json!(null), &json!("hi"))
    );
    assert_eq!(
        carol.get("/conversations").await[0]["participants"],
        json!([1, 3])
    );
    let again = person(&house, "bob").await;
    assert_eq!(again.id, 4, "the name is free, the number is not");
}

#[tokio::test]
async fn users_are_shown_with_whether_they_are_there() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let unseen = json!(["offline", null]);
    let shown = |user: &Value| json!([user["presence"], user["lastSeenAt"]]);
    for user in alice.get("/users").await.as_array().unwrap() {
        assert_eq!(shown(user), unseen);
    }
    let ear = Ear::of(home(&house).await.by(Caller::User(UserNumber(bob.id))));
    let listener = house.chat.listen(ear).await.unwrap();
    // It is told beside the request that connects.
    let there = loop {
        let user = alice.get("/users/2").await;
        if user["presence"] == "online" && user["lastSeenAt"] != Value::Null {
            break user;
        }
        tokio::task::yield_now().await;
    };
    assert!(is_time(&there["lastSeenAt"], 3), "{there}");
    assert_eq!(alice.get("/users").await[1], there);
    let listed = alice.get("/users").await;
    assert_eq!(
        [shown(&listed[0]), shown(&listed[2])],
        [unseen.clone(), unseen]
    );
    assert_eq!(bob.get("/users/2").await["presence"], "online");
    let changed = bob.done("PUT", "/users/2", json!({}), 200).await.json();
    assert_eq!(shown(&changed), shown(&there));
    drop(listener);
}

#[tokio::test]
async fn who_was_here_is_shown_while_nobody_can_tell() {
    let mut away = MockPresence::new();
    let fault = || BackendError::new(ErrorKind::Unavailable, "presence", "away");
    away.expect_touch().returning(move |_, _, _| Err(fault()));
    away.expect_of().returning(move |_| Err(fault()));
    let parts = Parts {
        presence: Arc::new(away),
        ..Parts::in_memory()
    };
    let chat = Chat::start(parts).await.unwrap();
    let front = front(vec![door(gate(&chat), options(), BODY)]);
    let house = House::on_doubles(chat, front);
    let [alice, bob, _] = three(&house).await;
    let ear = Ear::of(home(&house).await.by(Caller::User(UserNumber(bob.id))));
    let _listener = house.chat.listen(ear).await.unwrap();
    let listed = alice.get("/users").await;
    let shown: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["presence"])
        .collect();
    assert_eq!(shown, ["offline", "online", "offline"]);
}
