//! What only real sockets show: timeouts, limits, and an orderly end.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chat_server::config::AccessLog;
use chat_server::http::access_log::AccessLogger;
use chat_server::http::body::{BodyFault, BodyLimits};
use chat_server::http::call::{Call, Head};
use chat_server::http::connection::Patience;
use chat_server::http::door::{Door, Fault};
use chat_server::http::front::Front;
use chat_server::http::leaf::{Leaf, LeafStyle};
use chat_server::http::listener::{self, Limits};
use chat_server::http::reply::{self, Response};
use chat_server::http::stream::{Frame, json_array};
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use warp::Filter;

/// Long enough for any answer, short enough to notice that none comes.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

fn faults(_: &Head, fault: Fault) -> Response {
    reply::empty(match fault {
        Fault::NotFound => StatusCode::NOT_FOUND,
        Fault::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Fault::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    })
}

async fn echo(_: (), call: Call) -> Response {
    let status = match call.body {
        Ok(body) => return reply::with_body(StatusCode::OK, "text/plain", body),
        Err(BodyFault::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
        Err(BodyFault::TimedOut { .. }) => StatusCode::REQUEST_TIMEOUT,
        Err(BodyFault::Broken) => StatusCode::BAD_REQUEST,
    };
    reply::empty(status)
}

/// Answers when the test lets it.
async fn wait(gate: Arc<Gate>, _: Call) -> Response {
    gate.entered.notify_one();
    gate.leave.notified().await;
    reply::with_body(StatusCode::OK, "text/plain", "done")
}

/// Pumps until the reader is given up, and tells.
async fn flood(gate: Arc<Gate>, call: Call) -> Response {
    json_array(&call.head, SHORT, Frame::ARRAY, |mut array| async move {
        let page = vec!["x".repeat(1000); 64];
        loop {
            if let Err(error) = array.page(&page).await {
                gate.gave_up.notify_one();
                return Err(error);
            }
        }
    })
}

#[derive(Default)]
struct Gate {
    entered: Notify,
    leave: Notify,
    gave_up: Notify,
}

struct Server {
    address: SocketAddr,
    stopping: CancellationToken,
    gate: Arc<Gate>,
    running: JoinHandle<bool>,
}

fn limits() -> Limits {
    Limits {
        connections: 100,
        patience: Patience {
            header: LONG,
            idle: LONG,
            write: LONG,
        },
        shutdown: LONG,
    }
}

fn start(limits: Limits, body_time: Duration) -> Server {
    let style = LeafStyle {
        door: "test",
        faults,
        body: BodyLimits {
            bytes: 1024 * 1024,
            time: body_time,
        },
    };
    let gate = Arc::new(Gate::default());
    let routes = warp::path("t")
        .and(
            warp::path("echo")
                .and(Leaf::new(style, "/t/echo", ()).get(echo).post(echo).boxed())
                .or(warp::path("wait")
                    .and(Leaf::new(style, "/t/wait", gate.clone()).get(wait).boxed()))
                .unify()
                .or(warp::path("flood").and(
                    Leaf::new(style, "/t/flood", gate.clone())
                        .get(flood)
                        .boxed(),
                ))
                .unify(),
        )
        .boxed();
    let document = utoipa::openapi::OpenApi::default();
    let door = Door::new("test", &["/t"], routes, faults, document);
    let stopping = CancellationToken::new();
    let front = Front::new(
        vec![door],
        AccessLogger::new(AccessLog::Off),
        stopping.clone(),
    );
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let running = tokio::spawn(listener::serve(vec![listener], Arc::new(front), limits));
    Server {
        address,
        stopping,
        gate,
        running,
    }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own, and reads until the server closes it.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        read_to_end(&mut stream).await
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(LONG, stream.read_to_end(&mut answer))
        .await
        .expect("never hangs")
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"done") && !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = tokio::time::timeout(LONG, stream.read_buf(&mut answer)).await;
        assert_ne!(
            read.expect("never hangs").unwrap(),
            0,
            "the connection was closed"
        );
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn half_a_head_is_answered_408() {
    let mut limits = limits();
    limits.patience.header = SHORT;
    let server = start(limits, LONG);
    for half in [
        "P",
        "PRI * HT",
        "GET /t/echo HTTP/1.1\r\nhost: x\r\n",
        "GET",
    ] {
        let answer = server.say(half.as_bytes()).await;
        assert_eq!(status(&answer), "408", "{half:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_second_half_head_on_a_connection_is_answered_408_too() {
    let mut limits = limits();
    limits.patience.header = SHORT;
    let server = start(limits, LONG);
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /t/echo HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(status(&read_answer(&mut stream).await), "200");
    stream
        .write_all(b"GET /t/echo HTTP/1.1\r\nhost")
        .await
        .unwrap();
    assert_eq!(status(&read_to_end(&mut stream).await), "408");
}

#[tokio::test]
async fn a_silent_connection_is_closed_without_a_word() {
    let mut limits = limits();
    limits.patience.header = SHORT;
    assert_eq!(start(limits, LONG).say(b"").await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_last_answer() {
    let mut limits = limits();
    limits.patience.idle = SHORT;
    let answer = start(limits, LONG)
        .say(b"GET /t/echo HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    assert_eq!(status(&answer), "200");
}

#[tokio::test]
async fn a_slow_handler_is_no_idle_connection() {
    let mut limits = limits();
    limits.patience.idle = Duration::from_millis(20);
    let server = start(limits, LONG);
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /t/wait HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.gate.entered.notified().await;
    // Longer than the idle time: what is waited for is that nothing happens.
    let closed = tokio::time::timeout(SHORT, stream.readable()).await;
    assert!(closed.is_err(), "closed while the request was in flight");
    server.gate.leave.notify_one();
    assert!(read_to_end(&mut stream).await.ends_with("done"));
}

#[tokio::test]
async fn half_a_body_is_answered_408() {
    let server = start(limits(), SHORT);
    let heads = ["content-length: 10", "transfer-encoding: chunked"];
    for head in heads {
        let half = format!("POST /t/echo HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n5\r\n");
        let answer = server.say(half.as_bytes()).await;
        assert_eq!(status(&answer), "408", "{answer:?}");
        assert!(answer.contains("connection: close"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_413_and_the_answer_arrives() {
    let server = start(limits(), LONG);
    let size = 10 * 1024 * 1024;
    let body = vec![b'x'; size];
    let mut announced =
        format!("POST /t/echo HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n").into_bytes();
    announced.extend(&body);
    let mut chunked = format!(
        "POST /t/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n"
    )
    .into_bytes();
    chunked.extend(&body);
    chunked.extend(b"\r\n0\r\n\r\n");
    for request in [announced, chunked] {
        assert_eq!(status(&server.say(&request).await), "413");
    }
}

#[tokio::test]
async fn a_head_of_64_kib_is_answered_431_and_the_answer_arrives() {
    let server = start(limits(), LONG);
    let long = "x".repeat(80 * 1024);
    let many = "a: b\r\n".repeat(20_000);
    for head in [format!("x-long: {long}\r\n"), many] {
        let answer = server
            .say(format!("GET /t/echo HTTP/1.1\r\nhost: x\r\n{head}\r\n").as_bytes())
            .await;
        assert_eq!(status(&answer), "431", "{answer:?}");
    }
    let answer = server
        .say(format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
        .await;
    assert!(matches!(status(&answer), "414" | "431"), "{answer:?}");
}

#[tokio::test]
async fn what_is_no_http_is_answered_400() {
    let server = start(limits(), LONG);
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"[..],
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        assert_eq!(status(&server.say(bytes).await), "400", "{bytes:?}");
    }
    let smuggled = b"POST /t/echo HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n";
    assert_eq!(status(&server.say(smuggled).await), "400");
    let broken = b"POST /t/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    assert_eq!(status(&server.say(broken).await), "400");
}

#[tokio::test]
async fn one_connection_too_many_is_answered_503() {
    let mut limits = limits();
    limits.connections = 1;
    let server = start(limits, LONG);
    let mut first = server.connect().await;
    first
        .write_all(b"GET /t/wait HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.gate.entered.notified().await;
    let answer = server.say(b"GET /t/echo HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(status(&answer), "503");
    assert!(answer.contains("retry-after: 1"), "{answer:?}");
    server.gate.leave.notify_one();
    assert!(read_answer(&mut first).await.contains("200 OK"));
}

#[tokio::test]
async fn stopping_lets_requests_in_flight_finish_and_closes_idle_connections() {
    let server = start(limits(), LONG);
    let mut idle = server.connect().await;
    idle.write_all(b"GET /t/echo HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    read_answer(&mut idle).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /t/wait HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.gate.entered.notified().await;
    server.stopping.cancel();
    assert_eq!(read_to_end(&mut idle).await, "");
    assert!(!server.running.is_finished());
    server.gate.leave.notify_one();
    let answer = read_to_end(&mut busy).await;
    assert!(
        answer.ends_with("done") && answer.contains("connection: close"),
        "{answer:?}"
    );
    assert!(server.running.await.unwrap(), "all were finished in time");
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn the_deadline_ends_what_does_not_finish() {
    let mut limits = limits();
    limits.shutdown = SHORT;
    let server = start(limits, LONG);
    let mut busy = server.connect().await;
    busy.write_all(b"GET /t/wait HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.gate.entered.notified().await;
    server.stopping.cancel();
    assert_eq!(read_to_end(&mut busy).await, "");
    assert!(!server.running.await.unwrap());
}

#[tokio::test]
async fn a_reader_that_takes_nothing_does_not_hold_the_answer_in_memory() {
    let mut limits = limits();
    limits.patience.write = SHORT;
    let server = start(limits, LONG);
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /t/flood HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    tokio::time::timeout(LONG, server.gate.gave_up.notified())
        .await
        .unwrap();
    let mut taken = Vec::new();
    // The connection ends without the end of the array, with or without a reset.
    let _ = tokio::time::timeout(LONG, stream.read_to_end(&mut taken))
        .await
        .unwrap();
    assert!(!taken.ends_with(b"0\r\n\r\n") && !taken.ends_with(b"]"));
}

#[tokio::test]
async fn a_taken_port_is_told_in_a_sentence() {
    let server = start(limits(), LONG);
    let text = listener::bind(server.address).unwrap_err().to_string();
    assert!(text.contains(&server.address.to_string()), "{text}");
    assert!(text.contains("another program listens there"), "{text}");
}

#[tokio::test]
async fn http2_is_spoken_without_an_upgrade() {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let server = start(limits(), LONG);
    let io = TokioIo::new(server.connect().await);
    let (mut client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    for body in ["one", "two"] {
        let request = http::Request::post(format!("http://{}/t/echo", server.address));
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let answer = client.send_request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), body);
    }
    server.stopping.cancel();
    assert!(server.running.await.unwrap());
    connection.await.unwrap().unwrap();
}
