use super::*;

async fn register(house: &House, body: Value) -> Answer {
    house.post("/register", body.to_string()).await
}

async fn login(house: &House, name: &str, password: &str) -> Answer {
    let body = json!({"username": name, "password": password});
    house.post("/login", body.to_string()).await
}

#[tokio::test]
async fn somebody_registers_logs_in_and_logs_out() {
    let house = house().await;
    let body = json!({"username": "Alice", "password": "p", "email": "a@b.c", "profilePicture": "https://x/y.png"});
    let made = register(&house, body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let user = made.json();
    assert_eq!(
        keys(&user),
        [
            "createdAt",
            "email",
            "id",
            "lastSeenAt",
            "presence",
            "profilePicture",
            "username"
        ]
    );
    assert!(is_time(&user["createdAt"], 3), "{user}");
    for (key, value) in [
        ("id", json!(1)),
        ("username", json!("Alice")),
        ("email", json!("a@b.c")),
        ("profilePicture", json!("https://x/y.png")),
        ("presence", json!("offline")),
        ("lastSeenAt", json!(null)),
    ] {
        assert_eq!(user[key], value, "{key}");
    }
    let opened = login(&house, "aLICE", "p").await;
    assert_eq!(opened.status, 200);
    let body = opened.json();
    assert_eq!((keys(&body), &body["user"]), (vec!["token", "user"], &user));
    let token = body["token"].as_str().unwrap().to_owned();
    let again = login(&house, "Alice", "p").await.json()["token"].clone();
    let person = |token: &str| Person {
        house: &house,
        id: 1,
        token: token.to_owned(),
    };
    let (first, second) = (person(&token), person(again.as_str().unwrap()));
    assert_eq!(first.get("/users/1").await, user);
    first.done("POST", "/logout", json!(null), 204).await;
    assert_eq!(first.send("GET", "/users/1", "").await.status, 401);
    assert_eq!(first.send("POST", "/logout", "").await.status, 401);
    assert_eq!(
        second.get("/users/1").await,
        user,
        "that token alone has ended"
    );
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let house = house().await;
    let made = register(&house, json!({"username": "alice", "password": "p"})).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["email"], Value::Null);
    for (name, password) in [("alice", "P"), ("bob", "p")] {
        let answer = login(&house, name, password).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (401, r#"{"error":"Invalid username or password"}"#)
        );
    }
    for body in [
        json!({}),
        json!({"username": "alice"}),
        json!({"password": "p"}),
        json!({"username": 1, "password": "p"}),
        json!({"username": "alice", "password": ["p"]}),
        json!({"username": "", "password": "p"}),
        json!({"username": "alice", "password": ""}),
    ] {
        let answer = house.post("/login", body.to_string()).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    for body in ["", "{", "[]"] {
        assert_eq!(house.post("/login", body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_name_is_taken_without_regard_to_case() {
    let house = house().await;
    person(&house, "Ålice").await;
    let answer = register(&house, json!({"username": "åLICE", "password": "p"})).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (409, r#"{"error":"Username already taken"}"#)
    );
}

#[tokio::test]
async fn what_cannot_be_registered_is_refused() {
    let house = house().await;
    let with = |key: &str, value: Value| {
        let mut body = json!({"username": "alice", "password": "p"});
        body[key] = value;
        body
    };
    for (body, status, words) in [
        (json!({}), 400, "username can't be blank"),
        (with("username", json!(" ")), 400, "username can't be blank"),
        (
            with("username", json!(null)),
            400,
            "username can't be blank",
        ),
        (with("username", json!(1)), 400, "username is invalid"),
        (with("username", json!("a\nb")), 400, "username is invalid"),
        (
            with("username", json!("é".repeat(65))),
            422,
            "username is too long (maximum is 64 characters)",
        ),
        (with("password", json!("")), 400, "password can't be blank"),
        (with("password", json!(1)), 400, "password is invalid"),
        (
            with("password", json!("x".repeat(1025))),
            422,
            "password is too long (maximum is 1024 bytes)",
        ),
        (with("email", json!("x")), 400, "email is invalid"),
        (with("email", json!(1)), 400, "email is invalid"),
        (
            with("profilePicture", json!("javascript:x")),
            400,
            "profilePicture is invalid",
        ),
        (
            with(
                "profilePicture",
                json!(format!("http://{}", "x".repeat(2042))),
            ),
            422,
            "profilePicture is too long (maximum is 2048 characters)",
        ),
    ] {
        let answer = register(&house, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (status, json!({"error": words})),
            "{body}"
        );
    }
    let longest = json!({"username": "é".repeat(64), "password": "p", "email": null, "x": 1});
    assert_eq!(register(&house, longest).await.status, 201);
}

#[tokio::test]
async fn wrong_logins_are_limited_by_name_and_tell_nothing() {
    let house = house().await;
    let made = register(&house, json!({"username": "alice", "password": "p"})).await;
    assert_eq!(made.status, 201);
    for name in ["alice", "nobody"] {
        for _ in 0..10 {
            assert_eq!(login(&house, name, "x").await.status, 401);
        }
        let barred = login(&house, &name.to_uppercase(), "p").await;
        assert_eq!(
            (barred.status.as_u16(), barred.text()),
            (429, r#"{"error":"Too many requests"}"#)
        );
        let after: u64 = barred.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&after), "{after}");
    }
    assert_eq!(login(&house, "another", "x").await.status, 401);
}

#[tokio::test]
async fn logins_at_the_same_time_are_no_more_than_those_in_a_row() {
    let house = house().await;
    let at_once = (0..40).map(|_| login(&house, "alice", "x"));
    let answers = futures_util::future::join_all(at_once).await;
    let count = |status: u16| answers.iter().filter(|one| one.status == status).count();
    assert_eq!((count(401), count(429)), (10, 30));
}

#[tokio::test]
async fn while_registration_is_closed_nobody_registers() {
    let options = options();
    let closed = |chat: &_| Gate {
        registration: false,
        ..gate(chat)
    };
    let house = House::build(|chat| vec![door(closed(chat), options.clone(), BODY)]).await;
    let refused = house
        .post("/register", r#"{"username":"alice","password":"secret"}"#)
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.text()),
        (403, r#"{"error":"Registration is closed"}"#)
    );
}

#[tokio::test]
async fn registrations_are_limited_by_address() {
    let house = house().await;
    let named = |name: &str| json!({"username": name, "password": "pa55word"});
    // A password that cannot be is refused before anything is counted.
    let bad = house
        .post("/register", r#"{"username":"x","password":""}"#)
        .await;
    assert_eq!(bad.status, 400);
    assert_eq!(register(&house, named("taken")).await.status, 201);
    for _ in 1..50 {
        assert_eq!(register(&house, named("taken")).await.status, 409);
    }
    let refused = register(&house, named("other")).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    // Elsewhere it goes on.
    let elsewhere = "192.0.2.7:9".parse().unwrap();
    let request = http::Request::post("/register").header("host", "test");
    let request = request.header("content-type", "application/json");
    let body = json!({"username": "other", "password": "pa55word"}).to_string();
    let body = crate::http::body::RequestBody::from(bytes::Bytes::from(body));
    let made = house
        .front
        .answer(request.body(body).unwrap(), elsewhere)
        .await;
    assert_eq!(made.status(), 201);
}

#[tokio::test]
async fn wrong_logins_are_limited_by_address_whatever_the_names() {
    let house = house().await;
    for at in 0..100 {
        let refused = login(&house, &format!("nobody {at}"), "x").await;
        assert_eq!(refused.status, 401, "{at}");
    }
    let refused = login(&house, "nobody 100", "x").await;
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
}
