//! Bodies that are not what they should be.

use super::*;

const JSON: &str = "content-type: application/json\r\n";

/// What is no JSON at all.
fn malformed() -> Vec<Vec<u8>> {
    let nested = |open: &str| open.repeat(100_000).into_bytes();
    let mut all: Vec<Vec<u8>> = [
        &b"{"[..],
        b"{\"body\":",
        b"{\"body\":\"x\"",
        b"{\"body\":\"x\"} {}",
        b"{\"body\":\"x\",}",
        b"{'body':'x'}",
        b"nul",
        b"]",
        b"\"",
        b"{\"body\":\"\x00\"}",
        b"{\"body\":\"\n\"}",
        b"{\"body\":\"\\x\"}",
        b"{\"body\":\"\\ud800\"}",
        b"{\"body\":\"\xff\"}",
        b"{\"\xc3\x28\":\"x\"}",
        b"{\"body\":\"\xed\xa0\x80\"}",
        b"\xff\xfe{\x00}\x00",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        b"{\"body\":01}",
        b"{\"body\":1e}",
        b"{\"body\":NaN}",
        b"{\"body\":-}",
    ]
    .map(Vec::from)
    .to_vec();
    all.extend([nested("["), nested("{\"a\":"), nested("{\"body\":[")]);
    all
}

#[tokio::test]
async fn what_is_no_json_is_told_so() {
    let world = World::start("20s").await;
    let one = format!("{}/1", world.messages());
    for body in malformed() {
        let what = start_of(&body);
        let native = world.post_json(&world.messages(), &body).await;
        native.is_refused(&what, 400, "malformed_body");
        // A key that is not read is not decoded either: without a name it is.
        let named = world.post_json("/api/v1/applications", &body).await;
        assert!(matches!(named.status, 400 | 422), "{what}: {named:?}");
        let edited = world.send("PATCH", &one, JSON, &body).await;
        edited.is_refused(&what, 400, "malformed_body");
        let uuid = world.post_json(&world.uuid_messages(), &body).await;
        uuid.is_refused(&what, 400, "message");
        let named = world.post_json("/applications", &body).await;
        assert!(matches!(named.status, 400 | 422), "{what}: {named:?}");
    }
    world.is_well().await;
}

#[tokio::test]
async fn a_value_of_another_type_is_named_with_its_field() {
    let world = World::start("20s").await;
    let huge = "9".repeat(10_000);
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let wrong = [
        "1", "true", "{}", "[]", "[\"x\"]", "-1.5e3", "1e400", "-1e-400", &huge, &deep,
    ];
    for value in wrong {
        let what = &value[..value.len().min(40)];
        let body = format!("{{\"body\":{value}}}");
        let native = world.post_json(&world.messages(), body.as_bytes()).await;
        // A number that no number type holds is no JSON to some and a number to others.
        assert!(matches!(native.status, 400 | 422), "{what}: {native:?}");
        assert!(native.body.contains("body"), "{what}: {native:?}");
        let name = format!("{{\"name\":{value}}}");
        let named = world
            .post_json("/api/v1/applications", name.as_bytes())
            .await;
        assert!(matches!(named.status, 400 | 422), "{what}: {named:?}");
        let message = format!("{{\"message\":{{\"message\":{value}}}}}");
        let uuid = world
            .post_json(&world.uuid_messages(), message.as_bytes())
            .await;
        uuid.is_refused(what, 400, "message");
    }
    for (field, value) in [
        ("reply_to", "1e400"),
        ("reply_to", "99999999999999999999999"),
        ("reply_to", "-1"),
        ("reply_to", "0"),
        ("reply_to", "1.5"),
        ("reply_to", "\"x\""),
        ("reply_to", "777"),
        ("data", "1"),
        ("data", "[]"),
        ("data", "\"x\""),
        ("data", &deep),
    ] {
        let body = format!("{{\"body\":\"x\",\"{field}\":{value}}}");
        let native = world.post_json(&world.messages(), body.as_bytes()).await;
        native.is_refused(&body, 422, field);
    }
    for body in ["[]", "1", "\"x\"", "true", "[{\"body\":\"x\"}]"] {
        let native = world.post_json(&world.messages(), body.as_bytes()).await;
        native.is_refused(body, 400, "malformed_body");
        let uuid = world
            .post_json(&world.uuid_messages(), body.as_bytes())
            .await;
        uuid.is_refused(body, 400, "message");
    }
    for body in ["", "null", " "] {
        let native = world.post_json(&world.messages(), body.as_bytes()).await;
        assert_eq!(native.status, 400, "{body:?}: {native:?}");
        let uuid = world
            .post_json(&world.uuid_messages(), body.as_bytes())
            .await;
        uuid.is_refused(body, 400, "message");
    }
    world.is_well().await;
}

#[tokio::test]
async fn texts_at_and_beyond_their_limits_are_taken_whole_or_refused() {
    let world = World::start("20s").await;
    for (text, status) in [
        ("x".repeat(65_536), 201),
        ("x".repeat(65_537), 422),
        ("é".repeat(32_769), 422),
        (" \t\r\n\u{a0}\u{3000}".to_owned(), 422),
        ("a\u{0}b".to_owned(), 422),
        ("\u{202e}\u{feff}\u{10ffff}".to_owned(), 201),
    ] {
        let what: String = text.chars().take(9).collect();
        let body = json!({ "body": text }).to_string();
        let native = world.post_json(&world.messages(), body.as_bytes()).await;
        assert_eq!(native.status, status, "{what}: {native:?}");
        if status == 201 {
            assert_eq!(native.json()["body"], text, "{what}");
        } else {
            native.is_refused(&what, 422, "body");
        }
    }
    // Which of two equal keys counts is told by no standard.
    let twice = world
        .post_json(&world.messages(), br#"{"body":1,"body":"b"}"#)
        .await;
    assert!(matches!(twice.status, 201 | 400 | 422), "{twice:?}");
    for key in [
        "x".repeat(256),
        "é".to_owned(),
        String::new(),
        "a\tb".to_owned(),
    ] {
        let headers = format!("{JSON}idempotency-key: {key}\r\n");
        let answer = world
            .send("POST", &world.messages(), &headers, br#"{"body":"x"}"#)
            .await;
        answer.is_refused(&key, 400, "Idempotency-Key");
        let message = br#"{"message":{"message":"x"}}"#;
        let uuid = world
            .send("POST", &world.uuid_messages(), &headers, message)
            .await;
        uuid.is_refused(&key, 400, "Idempotency-Key");
    }
    world.is_well().await;
}

#[tokio::test]
async fn a_body_of_10_mib_is_too_large_at_every_path() {
    let world = World::start("20s").await;
    let size = 10 * MIB;
    let body = vec![b'x'; size];
    let close = "host: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n";
    for target in [
        world.messages(),
        world.uuid_messages(),
        world.application() + "/chats",
        "/api/v1/applications".to_owned(),
        "/applications".to_owned(),
    ] {
        let head = format!("POST {target} HTTP/1.1\r\n{close}content-length: {size}\r\n\r\n");
        let announced = world.ask(&[head.as_bytes(), &body].concat()).await;
        let head = format!(
            "POST {target} HTTP/1.1\r\n{close}transfer-encoding: chunked\r\n\r\n{size:x}\r\n"
        );
        let end = b"\r\n0\r\n\r\n";
        let chunked = world.ask(&[head.as_bytes(), &body, end].concat()).await;
        for answer in [announced, chunked] {
            answer.is_refused(&target, 413, "1048576");
        }
    }
    world.is_well().await;
}

#[tokio::test]
async fn a_content_type_that_is_not_read_is_named() {
    let world = World::start("20s").await;
    for kind in [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "x",
        "*/*",
    ] {
        let headers = format!("content-type: {kind}\r\n");
        let native = world
            .send("POST", &world.messages(), &headers, b"{\"body\":\"x\"}")
            .await;
        let essence = kind.split(';').next().unwrap();
        native.is_refused(kind, 415, essence);
        let message = br#"{"message":{"message":"x"}}"#;
        let uuid = world
            .send("POST", &world.uuid_messages(), &headers, message)
            .await;
        uuid.is_refused(kind, 415, "Unsupported Media Type");
    }
    for encoding in ["gzip", "br", "nonsense"] {
        let headers = format!("{JSON}content-encoding: {encoding}\r\n");
        let packed = world
            .send("POST", &world.messages(), &headers, b"\x1f\x8b\x08")
            .await;
        assert!(matches!(packed.status, 400 | 415), "{encoding}: {packed:?}");
    }
    world.is_well().await;
}
