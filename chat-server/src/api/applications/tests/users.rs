use super::*;
use crate::api::testing::{is_time, keys};

#[tokio::test]
async fn a_new_user_takes_the_next_number() {
    let house = house().await;
    let users = format!("{}/users", application(&house, "X").await);
    let bare = house.post(&users, r#"{"username":"alice"}"#).await;
    let full = house
        .post(
            &users,
            r#"{"username":"Bob","display_name":"Bob B.","picture":"https://x.test/b.png"}"#,
        )
        .await;
    for (number, answer) in [(1, &bare), (2, &full)] {
        let user = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &user["number"]),
            (201, &number.into())
        );
        assert_eq!(
            keys(&user),
            [
                "created_at",
                "display_name",
                "number",
                "picture",
                "username"
            ]
        );
        assert!(is_time(&user["created_at"], 6));
        let shown = house.get(&format!("{users}/{number}")).await;
        assert_eq!((shown.status.as_u16(), shown.json()), (200, user));
    }
    assert_eq!(bare.json()["display_name"], Value::Null);
    let full = full.json();
    assert_eq!(
        (&full["username"], &full["display_name"], &full["picture"]),
        (
            &"Bob".into(),
            &"Bob B.".into(),
            &"https://x.test/b.png".into()
        )
    );
    let taken = house.post(&users, r#"{"username":"ALICE"}"#).await;
    assert_eq!(problem(&taken), told(422, "name_taken", "username"));
}

#[tokio::test]
async fn the_same_key_again_makes_no_other_user() {
    let house = house().await;
    let users = format!("{}/users", application(&house, "X").await);
    let first = keyed(&house, &users, "k", r#"{"username":"alice"}"#).await;
    let again = keyed(&house, &users, "k", r#"{"username":"alice"}"#).await;
    assert_eq!(
        (first.status.as_u16(), first.header("idempotency-replayed")),
        (201, None)
    );
    assert_eq!(
        (again.status.as_u16(), again.header("idempotency-replayed")),
        (201, Some("true"))
    );
    assert_eq!(first.text(), again.text());
    let other = keyed(&house, &users, "k", r#"{"username":"bob"}"#).await;
    assert_eq!(problem(&other), told(422, "idempotency_key_reused", ""));
    let bad = keyed(&house, &users, "a b", r#"{"username":"bob"}"#).await;
    assert_eq!(problem(&bad).1, "invalid_idempotency_key");
    assert_eq!(numbers(&house.get(&users).await.json()), [1]);
}

#[tokio::test]
async fn a_user_that_cannot_be_is_refused_by_its_field() {
    let house = house().await;
    let (application, _) = people(&house, &["alice"]).await;
    let users = format!("{application}/users");
    let long = |field: &str, length: usize| {
        let text = "x".repeat(length);
        format!(r#"{{"username":"bob","{field}":"{text}"}}"#)
    };
    let long_name = format!(r#"{{"username":"{}"}}"#, "x".repeat(256));
    for (body, field) in [
        ("{}".to_owned(), "username"),
        (r#"{"username":null}"#.into(), "username"),
        (r#"{"username":7}"#.into(), "username"),
        (r#"{"username":" "}"#.into(), "username"),
        (r#"{"username":"a\u0007"}"#.into(), "username"),
        (long_name, "username"),
        (
            r#"{"username":"bob","display_name":" "}"#.into(),
            "display_name",
        ),
        (
            r#"{"username":"bob","display_name":[]}"#.into(),
            "display_name",
        ),
        (long("display_name", 256), "display_name"),
        (
            r#"{"username":"bob","picture":"javascript:x"}"#.into(),
            "picture",
        ),
        (long("picture", 2049), "picture"),
        (r#"{"username":"bob","password":""}"#.into(), "password"),
        (r#"{"username":"bob","password":1}"#.into(), "password"),
        (long("password", 1025), "password"),
    ] {
        let refused = house.post(&users, body.clone()).await;
        let expected = told(422, "validation_failed", field);
        assert_eq!(problem(&refused), expected, "{body:.60}");
        if body != "{}" {
            let change = body.replace(r#""username":"bob","#, "");
            let refused = house.json("PATCH", &format!("{users}/1"), change).await;
            assert_eq!(problem(&refused), expected, "{body:.60}");
        }
    }
    for (body, code) in [
        ("", "missing_body"),
        ("[]", "malformed_body"),
        ("{", "malformed_body"),
    ] {
        let refused = house.post(&users, body).await;
        assert_eq!(problem(&refused), told(400, code, ""));
    }
    assert_eq!(numbers(&house.get(&users).await.json()), [1]);
}

#[tokio::test]
async fn users_are_listed_by_number_in_pages_and_found_by_name() {
    let house = house().await;
    let (application, _) = people(&house, &["alice", "bob", "carol"]).await;
    let users = format!("{application}/users");
    assert_eq!(numbers(&house.get(&users).await.json()), [1, 2, 3]);
    let page = house.get(&format!("{users}?limit=2")).await;
    assert_eq!(numbers(&page.json()), [1, 2]);
    assert_eq!(
        page.header("link"),
        Some(&*format!("<{users}?limit=2&after=2>; rel=\"next\""))
    );
    let last = house.get(&format!("{users}?after=2")).await;
    assert_eq!(numbers(&last.json()), [3]);
    for (name, found) in [("BOB", vec![2]), ("dave", vec![]), ("", vec![])] {
        let answer = house.get(&format!("{users}?username={name}")).await;
        assert_eq!(
            (answer.status.as_u16(), numbers(&answer.json())),
            (200, found)
        );
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("username=a&limit=1", "username"),
        ("after=x", "after"),
    ] {
        let refused = house.get(&format!("{users}?{query}")).await;
        assert_eq!(problem(&refused), told(400, "invalid_parameter", field));
    }
}

#[tokio::test]
async fn a_user_sees_others_by_number_or_name_and_changes_only_himself() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let (alice, users) = (&sessions[0], format!("{application}/users"));
    let him = format!("{users}/2");
    assert_eq!(
        by(&house, alice, "GET", &him, "").await.json()["username"],
        "bob"
    );
    let named = by(&house, alice, "GET", &format!("{users}?username=Bob"), "").await;
    assert_eq!(numbers(&named.json()), [2]);
    for (method, path, body) in [
        ("GET", &users, ""),
        ("POST", &users, r#"{"username":"carol"}"#),
        ("PATCH", &him, r#"{"display_name":"B"}"#),
        ("DELETE", &him, ""),
    ] {
        let refused = by(&house, alice, method, path, body).await;
        assert_eq!(problem(&refused), told(403, "forbidden", ""), "{method}");
    }
    for path in ["/users/7", "/users/x", "/users/01"] {
        for method in ["GET", "PATCH", "DELETE"] {
            let missing = house
                .json(method, &format!("{application}{path}"), "{}")
                .await;
            assert_eq!(
                problem(&missing),
                told(404, "not_found", ""),
                "{method} {path}"
            );
        }
    }
    let me = format!("{users}/1");
    let changed = by(
        &house,
        alice,
        "PATCH",
        &me,
        r#"{"display_name":"A","username":"Alice"}"#,
    )
    .await;
    assert_eq!(changed.status, 200);
    let changed = house
        .json("PATCH", &me, r#"{"display_name":null}"#)
        .await
        .json();
    assert_eq!(
        (&changed["username"], &changed["display_name"]),
        (&"Alice".into(), &Value::Null)
    );
    let taken = house.json("PATCH", &me, r#"{"username":"bob"}"#).await;
    assert_eq!(problem(&taken), told(422, "name_taken", "username"));
}

#[tokio::test]
async fn a_deleted_user_is_gone_and_his_messages_have_no_author() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2]).await;
    let messages = format!("{group}/messages");
    let posted = by(&house, &sessions[0], "POST", &messages, r#"{"body":"hi"}"#).await;
    assert_eq!(posted.json()["author"], 1);
    let me = format!("{application}/users/1");
    let gone = by(&house, &sessions[0], "DELETE", &me, "").await;
    assert_eq!((gone.status.as_u16(), gone.text()), (204, ""));
    assert_eq!(house.get(&me).await.status, 404);
    let refused = by(&house, &sessions[0], "GET", &messages, "").await;
    assert_eq!(problem(&refused), told(401, "unauthorized", ""));
    let left = by(&house, &sessions[1], "GET", &messages, "").await.json();
    assert_eq!(
        (&left[0]["body"], &left[0]["author"]),
        (&"hi".into(), &Value::Null)
    );
    let again = house
        .post(&format!("{application}/users"), r#"{"username":"alice"}"#)
        .await;
    assert_eq!(
        again.json()["number"],
        3,
        "the name is free, the number is not"
    );
}

#[tokio::test]
async fn while_registration_is_open_anybody_becomes_a_user_of_the_default_application() {
    let house = house().await;
    let told = house.get("/api/v1/capabilities").await.json();
    assert_eq!(told["registration"], true);
    let home = format!("{ROOT}/{}", told["default_application"].as_str().unwrap());
    let users = format!("{home}/users");
    let account = r#"{"username":"alice","password":"secret"}"#;
    let made = keyed(&house, &users, "k", account).await;
    let again = keyed(&house, &users, "k", account).await;
    assert_eq!((made.status.as_u16(), made.text()), (201, again.text()));
    let opened = house.post(&format!("{home}/sessions"), account).await;
    assert_eq!(opened.status, 201, "{}", opened.text());

    let mute = house.post(&users, r#"{"username":"bob"}"#).await;
    assert_eq!(problem(&mute).2, "password");
    let as_user = request("POST", &users).header("as-user", "1").body(account);
    assert_eq!(house.send(as_user).await.status, 404);
    // The public id opens nothing else, and that of another application not even this.
    assert_eq!(house.get(&users).await.status, 404);
    assert_eq!(house.post(&format!("{home}/chats"), "").await.status, 404);
    let other = house.get(&application(&house, "X").await).await.json();
    let users = format!("{ROOT}/{}/users", other["public_id"].as_str().unwrap());
    assert_eq!(house.post(&users, account).await.status, 404);
}

#[tokio::test]
async fn while_registration_is_closed_the_application_alone_makes_users() {
    let closed = |chat: &_| Gate {
        registration: false,
        ..gate(chat)
    };
    let house = House::build(|chat| vec![door(closed(chat), options(), BODY)]).await;
    let told = house.get("/api/v1/capabilities").await.json();
    assert_eq!(told["registration"], false);
    let home = format!("{ROOT}/{}", told["default_application"].as_str().unwrap());
    let account = r#"{"username":"alice","password":"secret"}"#;
    let refused = house.post(&format!("{home}/users"), account).await;
    assert_eq!(refused.status, 404);
    let users = format!("{}/users", application(&house, "X").await);
    assert_eq!(house.post(&users, account).await.status, 201);
}

#[tokio::test]
async fn what_a_user_wrote_stays_without_him_unless_it_is_erased() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2, 3]).await;
    for (at, session) in sessions.iter().enumerate() {
        let body = format!(r#"{{"body":"apple {at}"}}"#);
        let posted = by(&house, session, "POST", &format!("{group}/messages"), &body).await;
        assert_eq!(posted.status, 201);
    }
    let user = |number: u64, query: &str| format!("{application}/users/{number}{query}");
    for wrong in ["?erase=1", "?erase="] {
        let refused = house.delete(&user(1, wrong)).await;
        assert_eq!(problem(&refused), told(400, "invalid_parameter", "erase"));
    }
    assert_eq!(house.delete(&user(1, "?erase=false")).await.status, 204);
    let erased = by(&house, &sessions[1], "DELETE", &user(2, "?erase=true"), "").await;
    assert_eq!(erased.status, 204, "{}", erased.text());
    let messages = house
        .get(&format!("{group}/messages?tombstones=1"))
        .await
        .json();
    let shown: Vec<_> = messages.as_array().unwrap().iter().collect();
    assert_eq!(
        (&shown[0]["body"], &shown[0]["author"]),
        (&"apple 0".into(), &Value::Null)
    );
    assert!(shown[1]["deleted_at"].is_string() && !messages.to_string().contains("apple 1"));
    assert_eq!(
        (&shown[2]["body"], &shown[2]["author"]),
        (&"apple 2".into(), &3.into())
    );
    assert_eq!(house.get(&user(2, "")).await.status, 404);
}
