//! What only real sockets show: timeouts, limits, and an orderly end.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod ending;
mod limits;
mod patience;

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
use chat_server::http::reply::Frame;
use chat_server::http::reply::{self, Response};
use chat_server::http::stream::json_array;
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
        Fault::NoHost => StatusCode::BAD_REQUEST,
        Fault::Foreign(_) => StatusCode::FORBIDDEN,
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
