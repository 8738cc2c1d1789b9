use super::*;

const PATH: &str = "/chat-api/messages/";

async fn send(trio: &Trio, kind: Option<&str>, body: &str) -> Answer {
    let asked = trio.request(ALICE, "POST", PATH);
    let asked = match kind {
        Some(kind) => asked.header("content-type", kind),
        None => asked,
    };
    trio.house.send(asked.body(body.to_owned())).await
}

#[tokio::test]
async fn a_message_is_read_from_json_a_form_or_parts() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    let parts = format!(
        "--B\r\nContent-Disposition: form-data; name=\"thread\"\r\n\r\n{id}\r\n--B\r\n\
         Content-Disposition: form-data; name=\"text\"\r\n\r\nh&é+i\r\n--B--\r\n"
    );
    for (kind, body) in [
        (
            Some("application/json; charset=utf-8"),
            json!({"thread": id, "text": "h&é+i"}).to_string(),
        ),
        (None, json!({"thread": id, "text": "h&é+i"}).to_string()),
        (
            Some("application/x-www-form-urlencoded"),
            format!("thread={id}&text=h%26%C3%A9%2Bi"),
        ),
        (Some("multipart/form-data; boundary=B"), parts.clone()),
        (Some("Multipart/Form-Data; boundary=\"B\""), parts.clone()),
    ] {
        let made = send(&trio, kind, &body).await;
        assert_eq!(made.status, 201, "{kind:?} {}", made.text());
        assert_eq!(made.json()["text"], "h&é+i", "{kind:?}");
    }
    let form = trio.request(ALICE, "POST", "/chat-api/threads/");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let made = trio.house.send(form.body("participant=2")).await;
    assert_eq!(told(&made), (201, &*format!(r#"{{"id":"{id}"}}"#)));
}

#[tokio::test]
async fn what_cannot_be_read_is_told() {
    let trio = Trio::start().await;
    for broken in ["{", "nul", "{} {}", "{\"text\":1e999}", "{'text': 1}"] {
        let answer = send(&trio, Some(JSON), broken).await;
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, 400, "{broken}");
        assert!(detail.starts_with("JSON parse error - "), "{detail}");
    }
    for (body, kind) in [
        ("[]", "list"),
        ("3", "int"),
        ("1.5", "float"),
        ("true", "bool"),
        ("\"x\"", "str"),
    ] {
        let answer = send(&trio, Some(JSON), body).await;
        let words = format!(
            r#"{{"non_field_errors":["Invalid data. Expected a dictionary, but got {kind}."]}}"#
        );
        assert_eq!(told(&answer), (400, &*words));
    }
    let words = r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#;
    assert_eq!(
        told(&send(&trio, Some("text/plain"), "x").await),
        (415, words)
    );
    for (kind, body) in [
        ("multipart/form-data", "x"),
        ("multipart/form-data; boundary=B", "x"),
        (
            "multipart/form-data; boundary=B",
            "--B\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nx",
        ),
        ("application/x-www-form-urlencoded", "text=%ff"),
    ] {
        let answer = send(&trio, Some(kind), body).await;
        assert_eq!(answer.status, 400, "{kind} {body}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains("form parse error") || detail.contains("Form parse error"),
            "{detail}"
        );
    }
    let deep = send(&trio, Some(JSON), &"[".repeat(300_000)).await;
    assert_eq!(deep.status, 400);
    let large = send(&trio, Some(JSON), &" ".repeat(BODY.bytes + 1)).await;
    assert_eq!(large.status, 413);
    assert_eq!(
        large.text(),
        r#"{"detail":"Request body error - the body is larger than 1048576 bytes."}"#
    );
}
