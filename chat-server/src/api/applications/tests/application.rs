use chat_core::text::Name;

use super::*;
use crate::api::testing::{is_time, keys};
use crate::http::testing::request;

#[tokio::test]
async fn a_new_application_has_these_keys() {
    let house = house().await;
    for (name, body) in [
        ("X", r#"{"name":"X"}"#),
        ("Y", r#"{"application":{"name":"Y"}}"#),
    ] {
        let made = house.post(ROOT, body).await;
        assert_eq!(made.status, 201);
        assert_eq!(made.header("content-type"), Some("application/json"));
        let body = made.json();
        assert_eq!(
            keys(&body),
            [
                "chats_count",
                "created_at",
                "name",
                "public_id",
                "token",
                "updated_at"
            ]
        );
        assert_eq!(body["name"], name);
        assert_eq!(body["chats_count"], 0);
        assert!(is_time(&body["created_at"], 6) && is_time(&body["updated_at"], 6));
        assert_eq!(body["token"].as_str().unwrap().len(), 36);
        assert_ne!(body["token"], body["public_id"]);
    }
}

#[tokio::test]
async fn applications_are_listed_as_a_bare_array_without_the_default_one() {
    let house = house().await;
    assert_eq!(house.get(ROOT).await.text(), "[]");
    for name in ["A", "B"] {
        application(&house, name).await;
    }
    let list = house.get(ROOT).await;
    assert_eq!(list.status, 200);
    let list = list.json();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["name"])
        .collect();
    assert_eq!(names, ["A", "B"]);
}

#[tokio::test]
async fn a_blank_or_missing_name_is_422() {
    let house = house().await;
    let blank = r#"{"name":["can't be blank"]}"#;
    for body in [
        r#"{"name":""}"#,
        r#"{"name":" \t\n"}"#,
        r#"{"name":null}"#,
        "{}",
        r#"{"application":{}}"#,
    ] {
        let refused = house.post(ROOT, body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (422, blank),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_name_that_is_no_text_is_invalid_and_a_long_one_is_told_the_maximum() {
    let house = house().await;
    for body in [
        r#"{"name":1}"#,
        r#"{"name":["X"]}"#,
        r#"{"name":{}}"#,
        r#"{"name":"a\u0000b"}"#,
    ] {
        let refused = house.post(ROOT, body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (422, r#"{"name":["is invalid"]}"#),
            "{body}"
        );
    }
    let refused = house.post(ROOT, r#"{"application":"X"}"#).await;
    assert_eq!(
        (refused.status.as_u16(), refused.text()),
        (422, r#"{"name":["is invalid"]}"#)
    );
    let longest = format!(r#"{{"name":"{}"}}"#, "é".repeat(255));
    assert_eq!(house.post(ROOT, longest).await.status, 201);
    let refused = house
        .post(ROOT, format!(r#"{{"name":"{}"}}"#, "é".repeat(256)))
        .await;
    assert_eq!(
        refused.text(),
        r#"{"name":["is too long (maximum is 255 characters)"]}"#
    );
}

#[tokio::test]
async fn a_taken_name_is_422_also_when_renaming() {
    let house = house().await;
    let first = application(&house, "X").await;
    let second = application(&house, "Y").await;
    let taken = r#"{"name":["has already been taken"]}"#;
    let refused = house.post(ROOT, r#"{"name":"X"}"#).await;
    assert_eq!((refused.status.as_u16(), refused.text()), (422, taken));
    let refused = house.json("PUT", &second, r#"{"name":"X"}"#).await;
    assert_eq!((refused.status.as_u16(), refused.text()), (422, taken));
    assert_eq!(
        house.json("PUT", &first, r#"{"name":"X"}"#).await.status,
        200,
        "its own name is free"
    );
    assert_eq!(house.delete(&first).await.status, 204);
    assert_eq!(
        house.post(ROOT, r#"{"name":"X"}"#).await.status,
        201,
        "a deleted name is free"
    );
}

#[tokio::test]
async fn a_name_that_only_the_uuid_api_gave_is_free() {
    let house = house().await;
    let name = Name::parse("X").unwrap();
    let made = house.chat.create_application(name, false, None).await;
    assert_eq!(made.unwrap().value.name, "X");
    let created = house.post(ROOT, r#"{"name":"X"}"#).await;
    assert_eq!(
        (created.status.as_u16(), &created.json()["name"]),
        (201, &"X".into())
    );
}

#[tokio::test]
async fn no_body_or_an_unreadable_one_is_400() {
    let house = house().await;
    let path = application(&house, "X").await;
    for body in ["", "{", "[]", "\"X\"", "null", "{\"name\":\"X\"} x"] {
        assert_eq!(house.post(ROOT, body).await.status, 400, "{body}");
        assert_eq!(house.json("PUT", &path, body).await.status, 400, "{body}");
    }
    let binary = house.post(ROOT, &b"{\"name\":\"\xff\"}"[..]).await;
    assert_eq!(binary.status, 400);
    assert!(binary.json()["error"].as_str().unwrap().contains("UTF-8"));
}

#[tokio::test]
async fn forms_and_query_parameters_are_read_too() {
    let house = house().await;
    let form = "application/x-www-form-urlencoded";
    for (at, (path, kind, body)) in [
        (ROOT, form, "name=N0"),
        (ROOT, form, "application%5Bname%5D=N1"),
        (ROOT, form, "application[name]=N2"),
        ("/api/v1/applications?name=N3", "application/json", ""),
        ("/api/v1/applications?application[name]=N4", form, ""),
    ]
    .into_iter()
    .enumerate()
    {
        let made = house
            .send(
                request("POST", path)
                    .header("content-type", kind)
                    .body(body),
            )
            .await;
        assert_eq!(
            (made.status.as_u16(), made.json()["name"].clone()),
            (201, format!("N{at}").into())
        );
    }
    let other = request("POST", ROOT)
        .header("content-type", "text/xml")
        .body("<name>X</name>");
    assert_eq!(house.send(other).await.status, 415);
}

#[tokio::test]
async fn an_application_is_shown_by_its_token() {
    let house = house().await;
    let path = application(&house, "X").await;
    let shown = house.get(&path).await;
    assert_eq!(
        (shown.status.as_u16(), shown.json()["name"].clone()),
        (200, "X".into())
    );
    let made = house.post(ROOT, r#"{"name":"Y"}"#).await.json();
    let by_public_id = format!("{ROOT}/{}", made["public_id"].as_str().unwrap());
    assert_eq!(
        house.get(&by_public_id).await.status,
        404,
        "the public id gives no power"
    );
}

#[tokio::test]
async fn an_unknown_application_is_404_before_anything_else_is_wrong() {
    let house = house().await;
    let lost = r#"{"error":"Application Not Found"}"#;
    for path in [
        NOBODY,
        "/api/v1/applications/7",
        "/api/v1/applications/%zz",
        "/api/v1/applications/a%20b",
    ] {
        for (method, body) in [
            ("GET", ""),
            ("PUT", "{"),
            ("PATCH", "{}"),
            ("DELETE", ""),
            ("PUT", r#"{"name":"X"}"#),
        ] {
            let answer = house.json(method, path, body).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            if path.contains("%zz") {
                assert_eq!(answer.json()["code"], "not_found", "no path at all");
            } else {
                assert_eq!(answer.text(), lost, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn put_and_patch_rename() {
    let house = house().await;
    let path = application(&house, "X").await;
    for (method, name) in [("PUT", "Y"), ("PATCH", "Z")] {
        let body = format!(r#"{{"application":{{"name":"{name}"}}}}"#);
        let renamed = house.json(method, &path, body).await;
        assert_eq!(
            (renamed.status.as_u16(), renamed.json()["name"].clone()),
            (200, name.into())
        );
        assert_eq!(house.get(&path).await.json()["name"], name);
        let refused = house.json(method, &path, r#"{"name":" "}"#).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (422, r#"{"name":["can't be blank"]}"#)
        );
    }
}

#[tokio::test]
async fn a_deleted_application_takes_everything_with_it() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["hello"]).await;
    let path = chat.strip_suffix("/chats/1").unwrap();
    let gone = house.delete(path).await;
    assert_eq!((gone.status.as_u16(), gone.text()), (204, ""));
    for path in [
        path.to_owned(),
        format!("{path}/chats"),
        chat.clone(),
        format!("{chat}/messages/1"),
    ] {
        let answer = house.get(&path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (404, r#"{"error":"Application Not Found"}"#)
        );
    }
    assert_eq!(house.delete(path).await.status, 404);
}

#[tokio::test]
async fn the_default_application_cannot_be_deleted() {
    let house = house().await;
    let token = house
        .chat
        .default_application()
        .await
        .unwrap()
        .token
        .expose();
    let refused = house.delete(&format!("{ROOT}/{token}")).await;
    assert_eq!(refused.status, 403);
    assert_eq!(house.get(&format!("{ROOT}/{token}")).await.status, 200);
}

#[tokio::test]
async fn with_an_admin_key_only_its_holder_creates_lists_and_deletes() {
    let key = "s3cret-key";
    let house = house_with(Options {
        admin_key: Some(key.parse().unwrap()),
        ..options()
    })
    .await;
    let open = |method: &str, path: &str| {
        request(method, path)
            .header("content-type", "application/json")
            .body(r#"{"name":"X"}"#)
    };
    for request in [
        open("POST", ROOT),
        open("GET", ROOT),
        open("DELETE", NOBODY),
    ] {
        let refused = house.send(request).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (401, r#"{"error":"Unauthorized"}"#)
        );
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    }
    let bearer = format!("Bearer {key}");
    let with_key = |method: &str, path: &str| open(method, path).header("authorization", &bearer);
    let made = house.send(with_key("POST", ROOT)).await;
    assert_eq!(made.status, 201);
    let path = format!("{ROOT}/{}", made.json()["token"].as_str().unwrap());
    assert_eq!(
        house
            .send(with_key("GET", ROOT))
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        house.get(&path).await.status,
        200,
        "the token is enough inside"
    );
    assert_eq!(house.delete(&path).await.status, 401);
    assert_eq!(house.send(with_key("DELETE", &path)).await.status, 204);
}

#[tokio::test]
async fn a_wrong_method_is_405_with_the_right_ones() {
    let house = house().await;
    let path = application(&house, "X").await;
    for (method, path, allow) in [
        ("PUT", ROOT.to_owned(), "GET, HEAD, POST"),
        ("POST", path.clone(), "GET, HEAD, PUT, PATCH, DELETE"),
        ("PATCH", format!("{path}/chats"), "GET, HEAD, POST"),
        ("PUT", format!("{path}/chats/1"), "GET, HEAD, PATCH, DELETE"),
        (
            "DELETE",
            format!("{path}/chats/1/messages"),
            "GET, HEAD, POST",
        ),
        (
            "POST",
            format!("{path}/chats/1/messages/1"),
            "GET, HEAD, PUT, PATCH, DELETE",
        ),
        (
            "POST",
            format!("{path}/chats/1/messages/search"),
            "GET, HEAD",
        ),
        ("DELETE", format!("{path}/chats/1/changes"), "GET, HEAD"),
        ("DELETE", format!("{path}/limits"), "GET, HEAD"),
        ("POST", "/api/v1/capabilities".to_owned(), "GET, HEAD"),
    ] {
        let refused = house.json(method, &path, "{}").await;
        assert_eq!(refused.status, 405, "{method} {path}");
        assert_eq!(refused.header("allow"), Some(allow), "{method} {path}");
        assert_eq!(refused.json()["code"], "method_not_allowed");
    }
}
