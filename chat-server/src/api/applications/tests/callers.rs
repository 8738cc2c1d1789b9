use super::*;
use crate::http::testing::{Answer, request};

async fn with(house: &House, header: (&str, &str), method: &str, path: &str) -> Answer {
    let request = request(method, path).header("content-type", "application/json");
    let body = r#"{"body":"b","name":"N"}"#;
    house
        .send(request.header(header.0, header.1).body(body))
        .await
}

/// Paths that take the token, with a method of each.
fn places(chat: &str) -> Vec<(&'static str, String)> {
    let application = chat.strip_suffix("/chats/1").unwrap();
    vec![
        ("GET", application.to_owned()),
        ("PUT", application.to_owned()),
        ("GET", format!("{application}/limits")),
        ("GET", format!("{application}/search?query=a")),
        ("GET", format!("{application}/chats")),
        ("POST", format!("{application}/chats")),
        ("GET", chat.to_owned()),
        ("DELETE", chat.to_owned()),
        ("GET", format!("{chat}/changes")),
        ("POST", format!("{chat}/messages")),
        ("GET", format!("{chat}/messages/search?query=a")),
        ("DELETE", format!("{chat}/messages/1")),
    ]
}

#[tokio::test]
async fn a_session_that_nobody_has_does_nothing_with_the_token() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["a"]).await;
    for (method, path) in places(&chat) {
        let bearer = ("authorization", "Bearer of-nobody");
        let refused = with(&house, bearer, method, &path).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["code"].clone()),
            (401, "unauthorized".into()),
            "{method} {path}"
        );
        assert_eq!(
            (
                refused.header("content-type"),
                refused.header("www-authenticate")
            ),
            (Some("application/problem+json"), Some("Bearer"))
        );
    }
    assert_eq!(house.get(&chat).await.json()["messages_count"], 1);
}

#[tokio::test]
async fn a_user_who_does_not_exist_does_nothing_with_the_token() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["a"]).await;
    for (method, path) in places(&chat) {
        let refused = with(&house, ("as-user", "7"), method, &path).await;
        let problem = refused.json();
        assert_eq!(
            (refused.status.as_u16(), &problem["detail"]),
            (404, &"User Not Found".into()),
            "{method} {path}"
        );
        assert_eq!(problem["errors"][0]["field"], "As-User");
    }
    let unknown = with(&house, ("as-user", "7"), "GET", NOBODY).await;
    assert_eq!(unknown.text(), r#"{"error":"Application Not Found"}"#);
    assert_eq!(house.get(&chat).await.json()["messages_count"], 1);
}

#[tokio::test]
async fn the_admin_key_beside_the_token_takes_no_power_away() {
    let house = house_with(Options {
        admin_key: Some("k".parse().unwrap()),
        ..options()
    })
    .await;
    let admin = ("authorization", "Bearer k");
    let made = with(&house, admin, "POST", ROOT).await.json();
    let path = format!("{ROOT}/{}", made["token"].as_str().unwrap());
    assert_eq!(with(&house, admin, "GET", &path).await.status, 200);
    let other = with(&house, ("authorization", "Bearer x"), "GET", &path).await;
    assert_eq!(other.status, 401);
    assert_eq!(with(&house, admin, "DELETE", &path).await.status, 204);
}
