use http::StatusCode;
use utoipa::openapi::OpenApi;
use warp::Filter;

use super::*;
use crate::http::body::BodyLimits;
use crate::http::call::Call;
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::testing::{front, request};

fn faults(_: &Head, fault: Fault) -> Response {
    match fault {
        Fault::NotFound => reply::with_body(StatusCode::NOT_FOUND, "text/plain", "lost"),
        Fault::NoHost => reply::empty(StatusCode::BAD_REQUEST),
        Fault::Foreign(why) => reply::with_body(StatusCode::FORBIDDEN, "text/plain", why),
        Fault::MethodNotAllowed => reply::empty(StatusCode::METHOD_NOT_ALLOWED),
        Fault::Internal => {
            reply::with_body(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "sorry")
        }
    }
}

const STYLE: LeafStyle = LeafStyle {
    door: "test",
    faults,
    body: BodyLimits {
        bytes: 8,
        time: std::time::Duration::from_secs(5),
    },
};

fn text(text: impl Into<Bytes>) -> Response {
    reply::with_body(StatusCode::OK, "text/plain", text)
}

async fn echo(_: (), call: Call) -> Response {
    match call.body {
        Ok(body) => text(body),
        Err(fault) => reply::with_body(
            StatusCode::PAYLOAD_TOO_LARGE,
            "text/plain",
            fault.to_string(),
        ),
    }
}

async fn name(_: (), call: Call) -> Response {
    match (call.head.segment(1), call.head.number(1)) {
        (_, Some(number)) => text(format!("number {number}")),
        (Some(name), None) => text(format!("name {name}")),
        (None, None) => text("nothing"),
    }
}

async fn fall(_: (), _: Call) -> Response {
    panic!("on purpose")
}

fn doors() -> Front {
    let things = warp::path("things").and(
        Leaf::new(STYLE, "/things", ())
            .get(|(), _| async { text("all") })
            .post(echo)
            .boxed()
            .or(warp::path::param::<String>().map(drop).untuple_one().and(
                Leaf::new(STYLE, "/things/{name}", ())
                    .get(name)
                    .delete(fall)
                    .boxed(),
            ))
            .unify(),
    );
    let add = warp::path!("things" / "add" / ..).and(
        Leaf::new(STYLE, "/things/add", ())
            .post(|(), _| async { text("added") })
            .boxed(),
    );
    front(vec![
        Door::new(
            "things",
            &["/things"],
            things.boxed(),
            faults,
            OpenApi::default(),
        ),
        Door::new(
            "add",
            &["/things/add"],
            add.boxed(),
            faults,
            OpenApi::default(),
        ),
    ])
}

#[tokio::test]
async fn every_answer_carries_the_request_id() {
    let front = doors();
    let sent = request("GET", "/things")
        .header("x-request-id", "mine-7")
        .send(&front)
        .await;
    assert_eq!(sent.header("x-request-id"), Some("mine-7"));
    let made = request("GET", "/nowhere")
        .header("x-request-id", "not one")
        .send(&front)
        .await;
    assert_eq!(made.header("x-request-id").unwrap().len(), 16);
    assert_eq!(
        made.json()["request_id"],
        made.header("x-request-id").unwrap()
    );
}

#[tokio::test]
async fn the_literal_path_wins_over_the_pattern_for_every_method() {
    let front = doors();
    assert_eq!(
        request("POST", "/things/add").send(&front).await.text(),
        "added"
    );
    let refused = request("GET", "/things/add").send(&front).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.header("allow"), Some("POST"));
    assert_eq!(
        request("GET", "/things/added").send(&front).await.text(),
        "name added"
    );
}

#[tokio::test]
async fn a_door_answers_its_own_404_and_no_door_falls_into_another() {
    let front = doors();
    for path in [
        "/things/a/b",
        "/things//",
        "/things/%zz",
        "/things/%ff",
        "/things/add/x",
    ] {
        let answer = request("GET", path).send(&front).await;
        assert_eq!(
            (answer.status, answer.text()),
            (StatusCode::NOT_FOUND, "lost"),
            "{path}"
        );
    }
    for path in ["/", "/thing", "/thingsx", "//things", "/THINGS"] {
        let answer = request("GET", path).send(&front).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let front = doors();
    for method in ["PUT", "PATCH", "TRACE", "FROB"] {
        let answer = request(method, "/things").send(&front).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"));
    }
    let options = request("OPTIONS", "/things/x").send(&front).await;
    assert_eq!(options.status, StatusCode::NO_CONTENT);
    assert_eq!(options.header("allow"), Some("GET, HEAD, DELETE"));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let answer = request("HEAD", "/things").send(&doors()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-length"), Some("3"));
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn a_panic_is_a_plain_500() {
    let front = doors();
    let answer = request("DELETE", "/things/x").send(&front).await;
    assert_eq!(
        (answer.status, answer.text()),
        (StatusCode::INTERNAL_SERVER_ERROR, "sorry")
    );
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(request("GET", "/things").send(&front).await.text(), "all");
}

#[tokio::test]
async fn segments_are_decoded_and_numbers_are_plain_digits() {
    let front = doors();
    for (path, said) in [
        ("/things/7", "number 7"),
        ("/things/%37", "number 7"),
        ("/%74hings/x", "name x"),
        ("/things/007", "name 007"),
        ("/things/+7", "name +7"),
        ("/things/a%20%C3%A9", "name a é"),
        ("/things/a%2Fb", "name a/b"),
    ] {
        assert_eq!(
            request("GET", path).send(&front).await.text(),
            said,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_body_over_the_limit_reaches_the_handler_as_a_fault() {
    let front = doors();
    assert_eq!(
        request("POST", "/things")
            .body("12345678")
            .send(&front)
            .await
            .text(),
        "12345678"
    );
    let answer = request("POST", "/things")
        .body("123456789")
        .send(&front)
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.text(), "the body is larger than 8 bytes");
    assert_eq!(answer.header("connection"), Some("close"));
}

#[tokio::test]
async fn answers_are_kept_out_of_caches_unless_the_door_says_otherwise() {
    let answer = request("GET", "/things").send(&doors()).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_path() {
    crate::http::metrics::recorder();
    let front = doors();
    request("GET", "/things/some-secret").send(&front).await;
    request("GET", "/elsewhere/some-secret").send(&front).await;
    let figures = crate::http::metrics::recorder().render();
    let line = "chat_http_requests_total{door=\"test\",route=\"/things/{name}\",method=\"GET\",status=\"200\"}";
    assert!(figures.contains(line), "{figures}");
    assert!(
        figures.contains("chat_http_request_seconds_bucket"),
        "{figures}"
    );
    assert!(!figures.contains("some-secret"));
}
