use chat_core::text::Name;

use super::*;

#[tokio::test]
async fn applications_are_listed() {
    let house = house().await;
    assert_eq!(house.get("/applications").await.text(), "[]");
    let uuid = application(&house, "X").await;
    let list = house.get("/applications").await;
    assert_eq!(list.status, 200);
    assert_eq!(
        list.text(),
        format!(r#"[{{"name":"X","uuid":"{uuid}","chats_count":0}}]"#)
    );
}

#[tokio::test]
async fn an_application_is_made_from_a_nested_or_a_flat_name() {
    let house = house().await;
    for body in [
        r#"{"application":{"name":"test name"}}"#,
        r#"{"name":"test name"}"#,
    ] {
        let made = house.post("/applications", body).await;
        assert_eq!(made.status, 201);
        assert_eq!(keys(&made.json()), ["chats_count", "name", "uuid"]);
        assert_eq!(
            (&made.json()["name"], &made.json()["chats_count"]),
            (&"test name".into(), &0.into())
        );
    }
}

#[tokio::test]
async fn a_blank_name_of_a_new_application_is_422() {
    let house = house().await;
    for body in [
        "{}",
        r#"{"name":""}"#,
        r#"{"application":{"name":" "}}"#,
        r#"{"application":{}}"#,
    ] {
        let refused = house.post("/applications", body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (422, r#"{"name":["can't be blank"]}"#),
            "{body}"
        );
    }
    for body in [r#"{"name":7}"#, r#"{"application":"X"}"#] {
        let refused = house.post("/applications", body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (422, r#"{"name":["is invalid"]}"#),
            "{body}"
        );
    }
}

#[tokio::test]
async fn no_body_or_an_unreadable_one_of_a_new_application_is_400() {
    let house = house().await;
    let refused = house.post("/applications", "").await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()),
        (400, failed(json!({"name": ["can't be blank"]})))
    );
    for body in ["{", "[]", "7"] {
        let refused = house.post("/applications", body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()),
            (400, failed(json!({"name": ["is invalid"]})))
        );
    }
}

#[tokio::test]
async fn an_application_is_shown_by_its_uuid() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let shown = house.get(&format!("/applications/{uuid}")).await;
    assert_eq!(shown.status, 200);
    assert_eq!(
        shown.json(),
        json!({"name": "X", "uuid": uuid, "chats_count": 1})
    );
}

#[tokio::test]
async fn an_unknown_application_is_404_before_anything_else_is_wrong() {
    let house = house().await;
    for uuid in [NOBODY, "7", "x%20y"] {
        for (method, path, body) in [
            ("GET", format!("/applications/{uuid}"), ""),
            ("PATCH", format!("/applications/{uuid}"), "{"),
            ("PUT", format!("/applications/{uuid}"), r#"{"name":"X"}"#),
            ("POST", format!("/applications/{uuid}/chats"), ""),
            ("GET", format!("/applications/{uuid}/chats"), ""),
            ("POST", format!("/applications/{uuid}/chats/1/message"), ""),
            (
                "POST",
                format!("/applications/{uuid}/chats/x/messages"),
                "{",
            ),
            ("GET", format!("/messages/{uuid}/1"), ""),
            ("GET", format!("/messages/{uuid}/1/search"), ""),
        ] {
            let answer = house.json(method, &path, body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()),
                (404, lost("Application")),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn patch_and_put_rename() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    let path = format!("/applications/{uuid}");
    for (method, name) in [("PATCH", "Y"), ("PUT", "Z")] {
        let renamed = house
            .json(
                method,
                &path,
                json!({"application": {"name": name}}).to_string(),
            )
            .await;
        assert_eq!(renamed.status, 200);
        assert_eq!(
            renamed.json(),
            json!({"name": name, "uuid": uuid, "chats_count": 0})
        );
        for (body, words) in [
            (r#"{"name":""}"#, "can't be blank"),
            ("{}", "can't be blank"),
            ("", "can't be blank"),
            (r#"{"name":7}"#, "is invalid"),
            ("{", "is invalid"),
        ] {
            let refused = house.json(method, &path, body).await;
            assert_eq!(
                (refused.status.as_u16(), refused.json()),
                (400, failed(json!({"name": [words]}))),
                "{body}"
            );
        }
    }
}

#[tokio::test]
async fn names_need_not_be_unique() {
    let house = house().await;
    assert_ne!(
        application(&house, "X").await,
        application(&house, "X").await
    );
}

#[tokio::test]
async fn a_name_has_255_characters_at_most() {
    let house = house().await;
    let (longest, longer) = ("é".repeat(255), "é".repeat(256));
    let longest = json!({"application": {"name": longest}}).to_string();
    let longer = json!({"application": {"name": longer}}).to_string();
    let made = house.post("/applications", longest.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/applications/{}", made.json()["uuid"].as_str().unwrap());
    let words = json!({"name": ["is too long (maximum is 255 characters)"]});
    for (method, path, status, answer, errors) in [
        ("POST", "/applications", 201, 422, words.clone()),
        ("PATCH", &*path, 200, 400, failed(words.clone())),
        ("PUT", &*path, 200, 400, failed(words)),
    ] {
        let done = house.json(method, path, longest.clone()).await;
        assert_eq!(done.status, status, "{method}: {}", done.text());
        let refused = house.json(method, path, longer.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()),
            (answer, errors),
            "{method}"
        );
    }
}

#[tokio::test]
async fn an_application_of_the_native_api_keeps_its_name_to_itself() {
    let house = house().await;
    let native = async |name: &str| {
        let name = Name::parse(name).unwrap();
        let made = house.chat.create_application(name, true, None).await;
        made.unwrap().value.token.expose()
    };
    native("taken").await;
    let native = format!("/applications/{}", native("native").await);
    // It is no other name that has to be unique.
    let ours = format!("/applications/{}", application(&house, "taken").await);
    for method in ["PATCH", "PUT"] {
        let body = r#"{"application":{"name":"taken"}}"#;
        let refused = house.json(method, &native, body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()),
            (400, failed(json!({"name": ["has already been taken"]}))),
            "{method}"
        );
        let renamed = house.json(method, &ours, r#"{"name":"native"}"#).await;
        assert_eq!(renamed.status, 200, "{method}: {}", renamed.text());
    }
    assert_eq!(house.get(&native).await.json()["name"], "native");
}

#[tokio::test]
async fn an_application_and_a_chat_know_when_they_were_last_changed() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let times = async || {
        let (chat, access) = (&house.chat, access(&uuid));
        let application = chat.application(access).await.unwrap();
        let one = chat.chat(access, ChatNumber(1)).await.unwrap().view();
        [
            (application.created_at, application.updated_at),
            (one.created_at, one.updated_at),
        ]
    };
    let made = times().await;
    for (created, updated) in made {
        assert_eq!(updated, created);
    }
    let path = format!("/applications/{uuid}");
    let renamed = house.json("PATCH", &path, r#"{"name":"Y"}"#).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text());
    post_all(&house, &uuid, &["a"]).await;
    for (before, (created, updated)) in made.iter().zip(times().await) {
        assert_eq!(created, before.0);
        assert!(updated > created, "{updated:?} {created:?}");
    }
}
