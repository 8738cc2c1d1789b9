use chat_core::ids::{Token, UserNumber};
use chat_core::service::{Access, NewChat, NewUser};
use chat_core::text::Username;

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

/// The path of an application's first chat, which is a group of user 1, and the token of a session of user 1 and one of user 2.
async fn group(house: &House) -> (String, [String; 2]) {
    let application = application(house, "X").await;
    let token: Token = application.rsplit('/').next().unwrap().parse().unwrap();
    let access = Access::from(token);
    let mut sessions = Vec::new();
    for name in ["alice", "bob"] {
        let new = NewUser::named(Username::parse(name).unwrap());
        let made = house.chat.create_user(access, new, None).await.unwrap();
        let number = made.value.number;
        let opened = house.chat.mint_session(access, number, None).await.unwrap();
        sessions.push(format!("Bearer {}", opened.token.expose()));
    }
    let made = NewChat::group(None, [UserNumber(1)]);
    house.chat.make_chat(access, made, None).await.unwrap();
    let sessions = sessions.try_into().unwrap();
    (format!("{application}/chats/1"), sessions)
}

#[tokio::test]
async fn a_user_reads_and_posts_where_he_is_a_member_and_sees_no_other_chat() {
    let house = house().await;
    let (chat, [alice, bob]) = group(&house).await;
    let messages = format!("{chat}/messages");
    let posted = with(&house, ("authorization", &alice), "POST", &messages).await;
    assert_eq!(
        (posted.status.as_u16(), &posted.json()["author"]),
        (201, &1.into())
    );
    let posted = with(&house, ("as-user", "1"), "POST", &messages).await;
    assert_eq!(
        (posted.status.as_u16(), &posted.json()["author"]),
        (201, &1.into())
    );
    for stranger in [("authorization", &*bob), ("as-user", "2")] {
        for path in [&chat, &messages, &format!("{chat}/changes")] {
            let refused = with(&house, stranger, "GET", path).await;
            assert_eq!(refused.status, 404, "{path}");
            assert!(refused.text().contains("Chat Not Found"), "{path}");
        }
        let refused = with(&house, stranger, "POST", &messages).await;
        assert_eq!(refused.status, 404);
    }
    let application = chat.strip_suffix("/chats/1").unwrap();
    for (method, path) in [("GET", application), ("DELETE", application)] {
        let refused = with(&house, ("authorization", &alice), method, path).await;
        assert!(matches!(refused.status.as_u16(), 401 | 403), "{method}");
        assert!(
            !refused
                .text()
                .contains(application.rsplit('/').next().unwrap())
        );
    }
}

#[tokio::test]
async fn a_session_enters_its_own_application_by_its_public_id_and_no_other() {
    let house = house().await;
    let (chat, [alice, _]) = group(&house).await;
    let application = chat.strip_suffix("/chats/1").unwrap();
    let public_id = house.get(application).await.json()["public_id"].clone();
    let public = format!("{ROOT}/{}", public_id.as_str().unwrap());
    let mine = ("authorization", &*alice);
    let path = format!("{public}/chats/1");
    assert_eq!(with(&house, mine, "GET", &path).await.status, 200);
    assert_eq!(house.get(&path).await.status, 404);
    let other = self::application(&house, "Y").await;
    let refused = with(&house, mine, "GET", &format!("{other}/chats/1")).await;
    assert_eq!(refused.text(), r#"{"error":"Application Not Found"}"#);
}

#[tokio::test]
async fn a_stranger_cannot_tell_the_messages_of_a_chat_from_those_of_none() {
    let house = house().await;
    let (chat, [_, bob]) = group(&house).await;
    post_all(&house, &chat, &["secret"]).await;
    let message = format!("{chat}/messages/1");
    let before = house.get(&message).await.json();
    for stranger in [("authorization", &*bob), ("as-user", "2")] {
        for (method, path) in [
            ("GET", "/messages/1"),
            ("PUT", "/messages/1"),
            ("PATCH", "/messages/1"),
            ("DELETE", "/messages/1"),
            ("DELETE", "/messages/9"),
            ("PATCH", "/messages/x"),
            ("GET", "/messages/search?query=secret"),
            ("GET", "/messages/search?limit=0"),
        ] {
            for place in [&chat, &chat.replace("/chats/1", "/chats/7")] {
                let path = format!("{place}{path}");
                let refused = with(&house, stranger, method, &path).await;
                assert_eq!(
                    (refused.status.as_u16(), refused.text()),
                    (404, r#"{"error":"Chat Not Found"}"#),
                    "{method} {path}"
                );
                assert_eq!(refused.header("x-indexed-through"), None);
            }
        }
    }
    assert_eq!(house.get(&message).await.json(), before);
}

#[tokio::test]
async fn a_session_has_neither_the_list_of_all_chats_nor_the_name_of_the_application() {
    let house = house().await;
    let (chat, [alice, _]) = group(&house).await;
    let application = chat.strip_suffix("/chats/1").unwrap();
    let before = house.get(application).await.json();
    let public = format!("{ROOT}/{}", before["public_id"].as_str().unwrap());
    for place in [application, &public] {
        for (method, path) in [
            ("GET", format!("{place}/chats")),
            ("GET", format!("{place}/chats?limit=1")),
            ("PUT", place.to_owned()),
            ("PATCH", place.to_owned()),
        ] {
            let refused = with(&house, ("authorization", &alice), method, &path).await;
            assert_eq!(
                (refused.status.as_u16(), &refused.json()["code"]),
                (403, &"forbidden".into()),
                "{method} {path}"
            );
        }
    }
    assert_eq!(house.get(application).await.json(), before);
}
