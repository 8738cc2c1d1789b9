use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::api::testing::keys;
use crate::api::testing::sockets::{LONG, Open};
use crate::http::testing::{Answer, request};

async fn asking(house: &House, method: &str, path: &str, body: &'static str) -> Answer {
    let request = request(method, path).header("accept", "application/problem+json");
    house
        .send(request.header("x-request-id", "mine").body(body))
        .await
}

#[tokio::test]
async fn who_asks_for_problems_gets_them_with_the_same_status() {
    let house = house().await;
    let chat = a_chat(&house).await;
    for (method, path, body, status, code) in [
        ("GET", NOBODY.to_owned(), "", 404, "not_found"),
        (
            "POST",
            ROOT.to_owned(),
            r#"{"name":"X"}"#,
            422,
            "name_taken",
        ),
        ("POST", ROOT.to_owned(), "", 400, "missing_body"),
        ("POST", ROOT.to_owned(), "{", 400, "malformed_body"),
        (
            "POST",
            format!("{chat}/messages"),
            "{}",
            422,
            "validation_failed",
        ),
        (
            "GET",
            format!("{chat}/messages?limit=0"),
            "",
            400,
            "invalid_parameter",
        ),
        ("DELETE", ROOT.to_owned(), "", 405, "method_not_allowed"),
        ("GET", "/api/v1/nothing".to_owned(), "", 404, "not_found"),
    ] {
        let answer = asking(&house, method, &path, body).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        let problem = answer.json();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&status.into(), &code.into()),
            "{problem}"
        );
        assert_eq!(
            (&problem["request_id"], &problem["type"]),
            (&"mine".into(), &format!("urn:chat:problem:{code}").into())
        );
        assert!(problem["title"].is_string());
    }
}

#[tokio::test]
async fn a_problem_names_each_field_that_is_wrong() {
    let house = house().await;
    let problem = asking(&house, "POST", ROOT, r#"{"name":""}"#).await.json();
    assert_eq!(
        keys(&problem),
        [
            "code",
            "detail",
            "errors",
            "request_id",
            "status",
            "title",
            "type"
        ]
    );
    assert_eq!(
        problem["errors"],
        serde_json::json!([{"field": "name", "code": "validation_failed", "message": "can't be blank"}])
    );
}

#[tokio::test]
async fn what_the_original_does_not_list_is_always_a_problem() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let application = chat.strip_suffix("/chats/1").unwrap();
    for (method, path, status) in [
        ("GET", "/api/v1".to_owned(), 404),
        ("GET", "/api/v1/nothing".to_owned(), 404),
        ("POST", format!("{application}/presence"), 405),
        ("POST", format!("{application}/export"), 405),
        ("GET", format!("{application}/operations/1"), 404),
        ("GET", format!("{chat}/nothing"), 404),
        ("POST", format!("{application}/limits"), 405),
        ("POST", format!("{chat}/changes"), 405),
        ("PUT", chat.clone(), 405),
    ] {
        let answer = house.json(method, &path, "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (status, Some("application/problem+json")),
            "{method} {path}"
        );
        assert_eq!(answer.json()["status"], status);
    }
}

#[tokio::test]
async fn what_cannot_be_read_or_shown_is_told_by_its_code() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let xml = request("PATCH", &chat).header("content-type", "text/xml");
    let unread = house.send(xml.body("<name>N</name>")).await;
    assert_eq!(problem(&unread), told(415, "unsupported_media_type", ""));
    let image = request("GET", &format!("{chat}/changes")).header("accept", "image/png");
    let unshown = house.send(image).await;
    assert_eq!(problem(&unshown), told(406, "not_acceptable", ""));
}

#[tokio::test]
async fn a_request_to_two_hosts_is_refused_in_the_form_of_the_original_where_it_has_one() {
    let house = house().await;
    let application = application(&house, "X").await;
    for (method, path) in [
        ("GET", "/limits"),
        ("POST", "/users"),
        ("GET", "/me/chats"),
        ("GET", "/search"),
        ("PATCH", "/chats/1"),
        ("PUT", "/chats/1/mark"),
        ("GET", "/chats/1/changes"),
        ("PATCH", "/chats/1/members/1"),
    ] {
        let asked = request(method, &format!("{application}{path}")).header("host", "another");
        let refused = house.send(asked).await;
        assert_eq!(problem(&refused), told(400, "bad_request", ""), "{path}");
    }
    for (method, path) in [
        ("GET", ""),
        ("PUT", ""),
        ("POST", "/chats"),
        ("DELETE", "/chats/1"),
        ("GET", "/chats/1/messages"),
        ("GET", "/chats/1/messages/search"),
        ("PATCH", "/chats/1/messages/1"),
    ] {
        let asked = request(method, &format!("{application}{path}")).header("host", "another");
        let refused = house.send(asked).await;
        assert_eq!(refused.status, 400, "{method} {path}");
        assert_eq!(keys(&refused.json()), ["code", "error"], "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let soon = BodyLimits {
        time: Duration::from_millis(50),
        ..BODY
    };
    let door = door(gate(&house.chat), options(), soon);
    let open = Open::at(house, vec![door]);
    let head = format!("PATCH {chat} HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\n{{");
    let mut stream = TcpStream::connect(open.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = timeout(LONG, stream.read_to_string(&mut answer)).await;
    read.expect("never hangs").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(head.contains("application/problem+json"), "{answer}");
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["code"], "request_timeout");
}

#[tokio::test]
async fn a_store_that_is_down_is_a_503_without_detail() {
    use chat_core::error::{BackendError, ErrorKind};
    use chat_core::port::MockApplications;
    use chat_core::service::{Chat, Parts};
    let mut applications = MockApplications::new();
    let down = || {
        BackendError::new(ErrorKind::Unavailable, "mysql", "by_token").with_source("secret host")
    };
    applications
        .expect_by_token()
        .returning(move |_| Err(down()));
    applications.expect_list().returning(move |_, _| {
        Err(BackendError::new(ErrorKind::Internal, "mysql", "list").with_source("secret host"))
    });
    let mut parts = Parts::in_memory();
    let working = parts.stores.applications.clone();
    applications
        .expect_default_application()
        .returning(move || {
            let working = working.clone();
            futures_util::FutureExt::now_or_never(
                async move { working.default_application().await },
            )
            .unwrap()
        });
    // The chat makes its default application first, as on any start.
    let first = Chat::start(Parts {
        stores: parts.stores.clone(),
        ..Parts::in_memory()
    })
    .await
    .unwrap();
    first.stop().await;
    parts.stores.applications = Arc::new(applications);
    let chat = Chat::start(parts).await.unwrap();
    let front = front(vec![door(gate(&chat), options(), BODY)]);
    let house = House::on_doubles(chat, front);
    let refused = house.get(NOBODY).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["code"].clone()),
        (503, "unavailable".into())
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    let failed = house.get(ROOT).await;
    assert_eq!(
        (failed.status.as_u16(), failed.text()),
        (500, r#"{"code":"internal","error":"internal error"}"#)
    );
    assert!(!refused.text().contains("secret") && !failed.text().contains("secret"));
}

#[test]
fn the_document_says_who_may_ask_and_in_whose_name() {
    let document = serde_json::to_value(document::Api::openapi()).unwrap();
    let or = |name: &str| serde_json::json!([{}, { name: [] }]);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let named = |one: &Value| one["name"] == "As-User";
            let acts = operation["parameters"]
                .as_array()
                .is_some_and(|all| all.iter().any(named));
            let (expected, may_act) = match (path.strip_prefix(ROOT), &**method) {
                (Some(""), _) | (Some("/{app}"), "delete") => (or("admin_key"), false),
                (Some("/{app}/sessions" | "/{app}/users"), "post") => (or("session"), false),
                (Some(inside), _) if inside.starts_with("/{app}/") => (or("session"), true),
                _ => (Value::Null, false),
            };
            assert_eq!(
                (&operation["security"], acts),
                (&expected, may_act),
                "{method} {path}"
            );
        }
    }
    let schemes = document["components"]["securitySchemes"]
        .as_object()
        .unwrap();
    assert!(schemes.values().all(|one| one["scheme"] == "bearer") && schemes.len() == 2);
}
