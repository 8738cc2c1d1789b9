use super::*;
use crate::api::testing::{is_time, keys};

#[tokio::test]
async fn a_new_chat_takes_the_next_number() {
    let house = house().await;
    let chats = format!("{}/chats", application(&house, "X").await);
    for (number, body) in [(1, ""), (2, "{}"), (3, r#"{"anything":"else"}"#)] {
        let made = house.post(&chats, body).await;
        assert_eq!(made.status, 201);
        let body = made.json();
        assert_eq!(
            keys(&body),
            [
                "created_at",
                "cursor",
                "kind",
                "messages_count",
                "name",
                "number",
                "updated_at"
            ]
        );
        assert_eq!(
            (&body["number"], &body["messages_count"]),
            (&number.into(), &0.into())
        );
        assert_eq!(
            (&body["kind"], &body["name"]),
            (&"open".into(), &Value::Null)
        );
        assert!(is_time(&body["created_at"], 6) && is_time(&body["updated_at"], 6));
    }
    let application = house.get(chats.strip_suffix("/chats").unwrap()).await;
    assert_eq!(application.json()["chats_count"], 3);
}

#[tokio::test]
async fn a_chat_may_have_a_name() {
    let house = house().await;
    let chats = format!("{}/chats", application(&house, "X").await);
    let made = house
        .post(&chats, r#"{"kind":"open","name":"Lobby"}"#)
        .await;
    assert_eq!(
        (made.status.as_u16(), made.json()["name"].clone()),
        (201, "Lobby".into())
    );
    let renamed = house
        .json("PATCH", &format!("{chats}/1"), r#"{"name":"Hall"}"#)
        .await;
    assert_eq!(
        (renamed.status.as_u16(), renamed.json()["name"].clone()),
        (200, "Hall".into())
    );
    let bare = house
        .json("PATCH", &format!("{chats}/1"), r#"{"name":null}"#)
        .await;
    assert_eq!(bare.json()["name"], Value::Null);
    for (body, refused) in [
        (r#"{"name":" "}"#, r#"{"name":["can't be blank"]}"#),
        (r#"{"name":7}"#, r#"{"name":["is invalid"]}"#),
        (r#"{"kind":"secret"}"#, r#"{"kind":["is invalid"]}"#),
        (r#"{"chat":{"name":" "}}"#, r#"{"name":["can't be blank"]}"#),
        (r#"{"chat":"X"}"#, r#"{"chat":["is invalid"]}"#),
    ] {
        let answer = house.post(&chats, body).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (422, refused));
    }
}

#[tokio::test]
async fn a_name_of_a_chat_has_at_most_255_characters() {
    let house = house().await;
    let chats = format!("{}/chats", application(&house, "X").await);
    let named = |length: usize| format!(r#"{{"name":"{}"}}"#, "é".repeat(length));
    let too_long = "is too long (maximum is 255 characters)";
    for (method, path, status) in [("POST", &chats, 201), ("PATCH", &format!("{chats}/1"), 200)] {
        let taken = house.json(method, path, named(255)).await;
        assert_eq!(
            (taken.status.as_u16(), taken.json()["name"].clone()),
            (status, "é".repeat(255).into())
        );
        let refused = house.json(method, path, named(256)).await;
        assert_eq!(refused.status, 422, "{method}");
        assert!(refused.text().contains(too_long), "{}", refused.text());
    }
    assert_eq!(numbers(&house.get(&chats).await.json()), [1]);
}

#[tokio::test]
async fn chats_are_listed_by_number() {
    let house = house().await;
    let chats = format!("{}/chats", application(&house, "X").await);
    assert_eq!(house.get(&chats).await.text(), "[]");
    for _ in 0..3 {
        house.post(&chats, "").await;
    }
    house.delete(&format!("{chats}/2")).await;
    let list = house.get(&chats).await;
    assert_eq!(
        (list.status.as_u16(), numbers(&list.json())),
        (200, vec![1, 3])
    );
    assert_eq!(
        house.post(&chats, "").await.json()["number"],
        4,
        "numbers are not used again"
    );
    let application = house.get(chats.strip_suffix("/chats").unwrap()).await;
    assert_eq!(
        application.json()["chats_count"],
        3,
        "of four that were made"
    );
}

#[tokio::test]
async fn a_chat_is_shown_and_deleted_by_number() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["a", "b"]).await;
    let shown = house.get(&chat).await;
    assert_eq!(
        (
            shown.status.as_u16(),
            shown.json()["messages_count"].clone()
        ),
        (200, 2.into())
    );
    let gone = house.delete(&chat).await;
    assert_eq!((gone.status.as_u16(), gone.text()), (204, ""));
    for path in [
        chat.clone(),
        format!("{chat}/messages"),
        format!("{chat}/messages/1"),
        format!("{chat}/changes"),
    ] {
        assert_eq!(house.get(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_application_is_404() {
    let house = house().await;
    for (method, path) in [
        ("POST", "/chats"),
        ("GET", "/chats"),
        ("GET", "/chats/1"),
        ("DELETE", "/chats/x"),
    ] {
        let answer = house.json(method, &format!("{NOBODY}{path}"), "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (404, r#"{"error":"Application Not Found"}"#)
        );
    }
}

#[tokio::test]
async fn an_unknown_chat_is_404() {
    let house = house().await;
    let application = application(&house, "X").await;
    for number in ["1", "007", "+1", "x", "0", "18446744073709551616"] {
        for method in ["GET", "DELETE"] {
            let answer = house
                .json(method, &format!("{application}/chats/{number}"), "")
                .await;
            assert_eq!(answer.status, 404, "{method} {number}");
            assert_eq!(
                answer.text(),
                r#"{"error":"Chat Not Found"}"#,
                "{method} {number}"
            );
        }
    }
}

#[tokio::test]
async fn unknown_keys_and_parameters_are_reported_where_the_original_has_no_say() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let refused = house
        .json("PATCH", &chat, r#"{"name":"X","colour":"red"}"#)
        .await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.header("content-type"),
        Some("application/problem+json")
    );
    let problem = refused.json();
    assert_eq!(problem["code"], "unknown_field");
    assert_eq!(problem["errors"][0]["field"], "colour");
    let refused = house
        .json("PATCH", &format!("{chat}?x=1"), r#"{"name":"X"}"#)
        .await;
    assert_eq!(refused.json()["errors"][0]["field"], "x");
}

#[tokio::test]
async fn a_chat_may_stand_in_an_object_of_its_own() {
    let house = house().await;
    let chats = format!("{}/chats", application(&house, "X").await);
    let nested = house.post(&chats, r#"{"chat":{"name":"nested"}}"#).await;
    assert_eq!(
        (nested.status.as_u16(), nested.json()["name"].clone()),
        (201, "nested".into())
    );
    let both = r#"{"name":"flat","chat":{"name":"nested"}}"#;
    assert_eq!(house.post(&chats, both).await.json()["name"], "flat");
}

#[tokio::test]
async fn two_users_have_one_direct_chat() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol"]).await;
    let chats = format!("{application}/chats");
    let both = r#"{"kind":"direct","members":[1,2]}"#;
    let made = house.post(&chats, both).await;
    assert_eq!(
        (made.status.as_u16(), &made.json()["kind"]),
        (201, &"direct".into())
    );
    for (session, other) in [
        (&sessions[0], "[2]"),
        (&sessions[1], "[1]"),
        (&sessions[1], "[2,1]"),
    ] {
        let body = format!(r#"{{"kind":"direct","members":{other}}}"#);
        let found = by(&house, session, "POST", &chats, &body).await;
        assert_eq!((found.status.as_u16(), found.json()), (200, made.json()));
    }
    let other = by(
        &house,
        &sessions[2],
        "POST",
        &chats,
        r#"{"kind":"direct","members":[1]}"#,
    )
    .await;
    assert_eq!(
        (other.status.as_u16(), &other.json()["number"]),
        (201, &2.into())
    );
    assert_eq!(numbers(&house.get(&chats).await.json()), [1, 2]);
}

#[tokio::test]
async fn the_key_of_a_direct_chat_is_answered_again_as_it_was() {
    let house = house().await;
    let (application, _) = people(&house, &["alice", "bob"]).await;
    let chats = format!("{application}/chats");
    let both = r#"{"kind":"direct","members":[1,2]}"#;
    for (key, status) in [("k-1", 201), ("k-2", 200)] {
        let first = keyed(&house, &chats, key, both).await;
        assert_eq!(
            (first.status.as_u16(), first.header("idempotency-replayed")),
            (status, None)
        );
        let again = keyed(&house, &chats, key, both).await;
        assert_eq!(
            (again.status.as_u16(), again.header("idempotency-replayed")),
            (status, Some("true"))
        );
        assert_eq!(first.text(), again.text());
    }
    let reused = keyed(&house, &chats, "k-1", r#"{"kind":"group","members":[1]}"#).await;
    assert_eq!(
        (reused.status.as_u16(), &reused.json()["code"]),
        (422, &"idempotency_key_reused".into())
    );
}

#[tokio::test]
async fn a_group_is_led_by_those_who_own_it() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2]).await;
    let name = r#"{"name":"Friends"}"#;
    let renamed = by(&house, &sessions[0], "PATCH", &group, name).await;
    assert_eq!(
        (renamed.status.as_u16(), &renamed.json()["name"]),
        (200, &"Friends".into())
    );
    let member = by(&house, &sessions[1], "PATCH", &group, name).await;
    assert_eq!(problem(&member), told(403, "forbidden", ""));
    let stranger = by(&house, &sessions[2], "PATCH", &group, name).await;
    assert_eq!(problem(&stranger), told(404, "not_found", ""));
    for (session, status) in [
        (&sessions[2], 404),
        (&sessions[1], 403),
        (&sessions[0], 204),
    ] {
        let answer = by(&house, session, "DELETE", &group, "").await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn a_chat_that_cannot_be_is_refused_by_its_field() {
    let house = house().await;
    let (application, _) = people(&house, &["alice", "bob"]).await;
    let chats = format!("{application}/chats");
    let many = format!(r#"{{"kind":"group","members":[{}1]}}"#, "1,".repeat(1000));
    for (body, field, message) in [
        (r#"{"members":[1]}"#, "members", "are not for an open chat"),
        (
            r#"{"kind":"direct","members":[1]}"#,
            "members",
            "a direct chat has two users, a group at least one",
        ),
        (
            r#"{"kind":"direct","members":[1,1]}"#,
            "members",
            "a direct chat has two users, a group at least one",
        ),
        (
            r#"{"kind":"group"}"#,
            "members",
            "a direct chat has two users, a group at least one",
        ),
        (
            r#"{"kind":"group","members":[1,7]}"#,
            "members",
            "user 7 does not exist",
        ),
        (
            r#"{"kind":"direct","members":[1,2],"name":"X"}"#,
            "name",
            "is not for a direct chat",
        ),
        (
            r#"{"kind":"group","members":["01"]}"#,
            "members",
            "is invalid",
        ),
        (r#"{"kind":"group","members":[0]}"#, "members", "is invalid"),
        (
            r#"{"kind":"group","members":[-1]}"#,
            "members",
            "is invalid",
        ),
        (
            r#"{"kind":"group","members":{"1":2}}"#,
            "members",
            "is invalid",
        ),
        (
            r#"{"chat":{"kind":"group","members":1}}"#,
            "members",
            "is invalid",
        ),
        (&*many, "members", "is too long (maximum is 1000 users)"),
        (r#"{"kind":7}"#, "kind", "is invalid"),
    ] {
        let refused = house.post(&chats, body.to_owned()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (422, &*format!(r#"{{"{field}":["{message}"]}}"#)),
            "{body:.60}"
        );
    }
    assert_eq!(house.get(&chats).await.text(), "[]");
}

#[tokio::test]
async fn a_stranger_cannot_tell_who_has_a_direct_chat_with_whom() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol", "dave"]).await;
    let chats = format!("{application}/chats");
    let direct = |members: &str| format!(r#"{{"kind":"direct","members":{members}}}"#);
    let made = house.post(&chats, direct("[2,3]")).await;
    assert_eq!(made.status, 201);
    // Bob and Carol have one, Bob and Dave have none. (Who is a user of the application a session may ask by number.)
    let mut answers = Vec::new();
    for members in ["[2,3]", "[2,4]"] {
        let refused = by(&house, &sessions[0], "POST", &chats, &direct(members)).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        let mut told = refused.json();
        told["request_id"] = Value::Null;
        answers.push(told);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}
