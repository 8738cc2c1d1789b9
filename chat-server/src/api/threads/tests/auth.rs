use super::*;

const MISSING: &str = r#"{"detail":"Authentication credentials were not provided."}"#;

#[tokio::test]
async fn who_does_not_prove_to_be_anybody_is_told_how() {
    let trio = Trio::start().await;
    let token = &trio.tokens[ALICE];
    let long = format!("Token {}", "x".repeat(300));
    for (header, words) in [
        (None, MISSING),
        (Some("Bearer abc".to_owned()), MISSING),
        (Some(token.clone()), MISSING),
        (Some(String::new()), MISSING),
        (
            Some("Token".into()),
            r#"{"detail":"Invalid token header. No credentials provided."}"#,
        ),
        (
            Some("Token a b".into()),
            r#"{"detail":"Invalid token header. Token string should not contain spaces."}"#,
        ),
        (
            Some("Token 0123456789abcdef0123456789abcdef01234567".into()),
            r#"{"detail":"Invalid token."}"#,
        ),
        (Some(long), r#"{"detail":"Invalid token."}"#),
    ] {
        let asked = request("GET", "/chat-api/threads/");
        let asked = match &header {
            Some(header) => asked.header("authorization", header),
            None => asked,
        };
        let answer = trio.house.send(asked).await;
        assert_eq!(told(&answer), (401, words), "{header:?}");
        assert_eq!(answer.header("www-authenticate"), Some("Token"));
    }
    for scheme in ["token", "TOKEN", "Token "] {
        let header = format!("{scheme} {token}");
        let asked = request("GET", "/chat-api/threads/").header("authorization", &header);
        assert_eq!(trio.house.send(asked).await.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn a_session_or_a_user_of_another_application_is_nobody_here() {
    let trio = Trio::start().await;
    let chat = &trio.house.chat;
    let name = chat_core::text::Name::parse("shop").unwrap();
    let shop = chat.create_application(name, false, None).await.unwrap();
    let access = Access::from(shop.value.token);
    let new = NewUser::named(Username::parse("alice").unwrap());
    let user = chat.create_user(access, new, None).await.unwrap().value;
    let lasting = chat.lasting_token(access, user.number, None).await.unwrap();
    let session = chat.mint_session(access, user.number, None).await.unwrap();
    for token in [lasting, session.token] {
        let header = format!("Token {}", token.expose());
        let asked = request("GET", "/chat-api/threads/").header("authorization", &header);
        let answer = trio.house.send(asked).await;
        assert_eq!(told(&answer), (401, r#"{"detail":"Invalid token."}"#));
    }
}

#[tokio::test]
async fn who_asks_is_checked_before_the_method() {
    let trio = Trio::start().await;
    for (method, path, allow) in [
        ("PUT", "/chat-api/threads/", "GET, HEAD, POST"),
        ("POST", "/chat-api/", "GET, HEAD"),
        ("PATCH", "/chat-api/threads/x/", "GET, HEAD, DELETE"),
        ("POST", "/chat-api/threads/x/messages/", "GET, HEAD"),
        ("DELETE", "/chat-api/messages/", "GET, HEAD, POST"),
        ("PUT", "/chat-api/messages/1/", "GET, HEAD, PATCH, DELETE"),
        ("POST", "/chat-api/messages/1/mark-as-read/", "PATCH"),
        ("PATCH", "/chat-api/messages/unread/", "GET, HEAD"),
    ] {
        let unknown = trio.house.send(request(method, path)).await;
        assert_eq!(told(&unknown), (401, MISSING), "{method} {path}");
        assert_eq!(unknown.header("allow"), None);
        let known = trio.ask(ALICE, method, path).await;
        let words = format!("{{\"detail\":\"Method \\\"{method}\\\" not allowed.\"}}");
        assert_eq!(told(&known), (405, &*words), "{method} {path}");
        assert_eq!(known.header("allow"), Some(allow), "{method} {path}");
    }
    let logging_in = trio.house.delete("/chat-api/token/").await;
    assert_eq!(
        told(&logging_in),
        (405, r#"{"detail":"Method \"DELETE\" not allowed."}"#)
    );
    assert_eq!(logging_in.header("allow"), Some("GET, HEAD, POST"));
}

#[tokio::test]
async fn the_root_names_the_lists_and_what_is_not_there_is_not_found() {
    let trio = Trio::start().await;
    for path in ["/chat-api/", "/chat-api"] {
        let root = trio.get(ALICE, path).await;
        let words = r#"{"threads":"http://test/chat-api/threads/","messages":"http://test/chat-api/messages/"}"#;
        assert_eq!(told(&root), (200, words));
        assert_eq!(root.header("content-type"), Some(JSON));
    }
    for path in [
        "/chat-api/x/",
        "/chat-api/threads//",
        "/chat-api/messages/1/x/",
    ] {
        assert_eq!(told(&trio.get(ALICE, path).await), NOT_FOUND, "{path}");
    }
}
