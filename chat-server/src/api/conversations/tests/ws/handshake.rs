use super::*;

#[tokio::test]
async fn the_token_is_in_the_query_a_header_or_a_subprotocol() {
    let open = open().await;
    let alice = person(&open.house, "alice").await;
    let token = &alice.token;
    let bearer = format!("Bearer {token}");
    let protocols = format!("bearer, {token}");
    let alone = token.as_str();
    for (path, header, picked) in [
        (format!("/ws?token={token}"), None, None),
        ("/ws".into(), Some(("authorization", bearer.as_str())), None),
        (
            "/ws".into(),
            Some(("sec-websocket-protocol", protocols.as_str())),
            Some("bearer"),
        ),
        (
            "/ws".into(),
            Some(("sec-websocket-protocol", alone)),
            Some(alone),
        ),
    ] {
        let headers: Vec<_> = header.into_iter().collect();
        let (mut client, answer) = open.knock(&path, &headers).await.unwrap();
        assert_eq!(answer.status(), 101, "{path} {headers:?}");
        let told = answer.headers().get("sec-websocket-protocol");
        assert_eq!(told.map(|told| told.to_str().unwrap()), picked);
        assert_eq!(
            client.hear().await,
            json!({"type": "ready", "heartbeat": 25})
        );
    }
}

#[tokio::test]
async fn a_bad_token_is_401_before_the_upgrade() {
    let open = open().await;
    let alice = person(&open.house, "alice").await;
    let good = format!("/ws?token={}", alice.token);
    alice.done("POST", "/logout", json!(null), 204).await;
    for (path, header) in [
        ("/ws", None),
        ("/ws?token=", None),
        ("/ws?token=x", None),
        (good.as_str(), None),
        ("/ws", Some(("authorization", "Bearer x"))),
        ("/ws", Some(("sec-websocket-protocol", "bearer"))),
        ("/ws", Some(("sec-websocket-protocol", "bearer, x"))),
        ("/ws", Some(("sec-websocket-protocol", "chat"))),
    ] {
        let headers: Vec<_> = header.into_iter().collect();
        let Err(Error::Http(answer)) = open.knock(path, &headers).await else {
            panic!("{path} {headers:?} leads in");
        };
        assert_eq!(answer.status(), 401, "{path} {headers:?}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let body = answer.into_body().unwrap_or_default();
        assert_eq!(body, br#"{"error":"Unauthorized"}"#);
    }
}

#[tokio::test]
async fn only_a_handshake_from_a_welcome_page_opens_a_socket() {
    let limits = LiveLimits {
        per_user: 1,
        ..LiveLimits::default()
    };
    let open = open_within(limits).await;
    let alice = person(&open.house, "alice").await;
    let path = format!("/ws?token={}", alice.token);
    let answer = open.house.get(&path).await;
    assert_eq!(answer.status, 426);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(keys(&answer.json()), ["error"]);
    let foreign = [("origin", "https://elsewhere.example")];
    let Err(Error::Http(answer)) = open.knock(&path, &foreign).await else {
        panic!("a foreign page comes in");
    };
    assert_eq!(answer.status(), 403);
    let bad_key = [("sec-websocket-key", "x")];
    let Err(Error::Http(answer)) = open.knock(&path, &bad_key).await else {
        panic!("a key that is none comes in");
    };
    assert_eq!(answer.status(), 400);
    assert!(!answer.headers().contains_key("upgrade"));
    let _first = alice.connect(&open).await;
    let Err(Error::Http(answer)) = open.knock(&path, &[]).await else {
        panic!("one too many comes in");
    };
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "10");
}
