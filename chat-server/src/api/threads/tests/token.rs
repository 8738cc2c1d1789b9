use chat_core::ids::UserNumber;
use chat_core::service::UserChange;

use super::*;

const PATH: &str = "/chat-api/token/";
const WRONG: &str = r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#;

#[tokio::test]
async fn a_name_and_a_password_give_the_same_token_each_time() {
    let trio = Trio::start().await;
    let expected = format!("{{\"token\":\"{}\"}}", trio.tokens[ALICE]);
    assert_eq!(trio.tokens[ALICE].len(), 40);
    let credentials = json!({"username": " Alice ", "password": "alice"});
    for path in [PATH, "/chat-api/token"] {
        for method in ["POST", "GET"] {
            let given = trio.house.json(method, path, credentials.to_string()).await;
            assert_eq!(told(&given), (200, &*expected), "{method} {path}");
        }
    }
    let given = trio
        .house
        .get("/chat-api/token/?username=alice&password=alice");
    assert_eq!(told(&given.await), (200, &*expected));
    let form = request("POST", PATH)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("username=alice&password=alice");
    assert_eq!(told(&trio.house.send(form).await), (200, &*expected));
}

#[tokio::test]
async fn a_new_password_revokes_the_token() {
    let trio = Trio::start().await;
    let change = UserChange {
        password: Some(Password::parse("new").unwrap()),
        ..UserChange::default()
    };
    let (chat, access) = (&trio.house.chat, access(&trio.house).await);
    let changed = chat.change_user(access, UserNumber(1), change).await;
    changed.unwrap();
    let refused = trio.get(ALICE, "/chat-api/threads/").await;
    assert_eq!(told(&refused), (401, r#"{"detail":"Invalid token."}"#));
    assert_eq!(trio.get(BOB, "/chat-api/threads/").await.status, 200);
    let login = async |password: &str| {
        let body = json!({"username": "alice", "password": password});
        trio.house.post(PATH, body.to_string()).await
    };
    assert_eq!(told(&login("alice").await), (400, WRONG));
    let given = login("new").await;
    assert_eq!(told(&login("new").await), (200, given.text()));
    let token = given.json()["token"].as_str().unwrap().to_owned();
    assert_ne!(token, trio.tokens[ALICE]);
    let header = format!("Token {token}");
    let asked = request("GET", "/chat-api/").header("authorization", &header);
    assert_eq!(trio.house.send(asked).await.status, 200);
}

#[tokio::test]
async fn whoever_logs_in_first_is_given_a_new_token_and_no_session() {
    let trio = Trio::start().await;
    let access = access(&trio.house).await;
    let new = NewUser {
        password: Some(Password::parse(" pass ").unwrap()),
        ..NewUser::named(Username::parse("dave").unwrap())
    };
    let user = trio.house.chat.create_user(access, new, None).await;
    let dave = user.unwrap().value.number;
    let login = async |password: &str| {
        let body = json!({"username": "dave", "password": password});
        trio.house.post(PATH, body.to_string()).await
    };
    let first = login(" pass ").await.json();
    let token = first["token"].as_str().unwrap();
    let is_hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    assert!(token.len() == 40 && token.bytes().all(is_hex), "{token}");
    assert_eq!(login(" pass ").await.json(), first);
    assert_eq!(told(&login("pass").await), (400, WRONG), "not trimmed");
    let header = format!("Token {token}");
    let asked = request("GET", "/chat-api/").header("authorization", &header);
    assert_eq!(trio.house.send(asked).await.status, 200);
    let limit = chat_core::page::Limit::DEFAULT;
    let sessions = trio.house.chat.sessions(access, dave, None, limit).await;
    assert!(sessions.unwrap().items.is_empty());
}

#[tokio::test]
async fn credentials_are_wrong_all_alike_and_told_by_field() {
    let trio = Trio::start().await;
    let long = "x".repeat(2_000);
    for (username, password) in [
        ("alice", "bob"),
        ("nobody", "x"),
        ("alice", &*long),
        (&*long, "x"),
    ] {
        let body = json!({"username": username, "password": password}).to_string();
        assert_eq!(told(&trio.house.post(PATH, body).await), (400, WRONG));
    }
    let both = |words| format!(r#"{{"username":["{words}"],"password":["{words}"]}}"#);
    for (body, words) in [
        ("{}", "This field is required."),
        ("", "This field is required."),
        (
            r#"{"username":"","password":""}"#,
            "This field may not be blank.",
        ),
        (
            r#"{"username":null,"password":null}"#,
            "This field may not be null.",
        ),
        (r#"{"username":[],"password":true}"#, "Not a valid string."),
        (
            r#"{"username":"a\u0000","password":"\u0000"}"#,
            "Null characters are not allowed.",
        ),
    ] {
        let answer = trio.house.post(PATH, body).await;
        assert_eq!(told(&answer), (400, &*both(words)), "{body}");
    }
    let one = trio
        .house
        .post(PATH, r#"{"username":"  ","password":"x"}"#)
        .await;
    let words = r#"{"username":["This field may not be blank."]}"#;
    assert_eq!(told(&one), (400, words));
}

#[tokio::test]
async fn who_guesses_on_is_told_to_wait_whether_the_name_exists_or_not() {
    let trio = Trio::start().await;
    for username in ["alice", "nobody"] {
        let body = json!({"username": username, "password": "guess"}).to_string();
        for _ in 0..10 {
            let wrong = trio.house.post(PATH, body.clone()).await;
            assert_eq!(told(&wrong), (400, WRONG));
        }
        let refused = trio.house.post(PATH, body).await;
        let after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        let unit = if after == 1 { "second" } else { "seconds" };
        let words = format!(
            r#"{{"detail":"Request was throttled. Expected available in {after} {unit}."}}"#
        );
        assert_eq!(told(&refused), (429, &*words));
    }
}
