//! The adapter against a server that listens.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chat_core::clock::Timestamp;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ChatNumber, MessageNumber, PublicId, UserNumber};
use chat_core::kit::notifier::Line;
use chat_core::memory::FixedClock;
use chat_core::port::{Notification, Notifier};
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use warp::Filter;

use crate::signature::sign;
use crate::{HttpConfig, HttpNotifier};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a request was.
struct Post {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A server that takes down what is posted; it ends when it is dropped.
struct Receiver {
    address: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// Answers everything with this status; 0 stands for no answer at all.
    async fn answering(status: u16) -> Self {
        let posts: Arc<Mutex<Vec<Post>>> = Arc::default();
        let seen = posts.clone();
        let taking = warp::post()
            .and(warp::path::full())
            .and(warp::header::headers_cloned())
            .and(warp::body::bytes())
            .then(move |path: warp::path::FullPath, headers, body| {
                let path = path.as_str().to_owned();
                seen.lock().unwrap().push(Post {
                    path,
                    headers,
                    body,
                });
                answer(status)
            });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(warp::serve(taking).incoming(listener).run());
        Self {
            address,
            posts,
            serving,
        }
    }

    fn notifier(&self) -> HttpNotifier {
        notifier(&format!("http://{}/push/chat?x=1", self.address))
    }

    fn take(&self) -> Vec<Post> {
        std::mem::take(&mut *self.posts.lock().unwrap())
    }
}

async fn answer(status: u16) -> Response<&'static str> {
    if status == 0 {
        std::future::pending::<Infallible>().await;
    }
    Response::builder()
        .status(status)
        .header("location", "/elsewhere")
        .body("not read")
        .unwrap()
}

/// What the clock shows, in seconds.
const NOW: i64 = 1_800_000_000;

fn connected(config: &HttpConfig) -> HttpNotifier {
    let clock = FixedClock::new(Timestamp(NOW * 1_000_000 + 999_999));
    HttpNotifier::connect(config, Arc::new(clock)).unwrap()
}

fn notifier(url: &str) -> HttpNotifier {
    let config = HttpConfig::parse(url, SECRET).unwrap();
    connected(&config)
}

fn notification() -> Notification {
    Notification {
        application: PublicId(uuid::Uuid::from_u128(7)),
        user: UserNumber(2),
        chat: ChatNumber(5),
        message: MessageNumber(12),
        author: None,
        at: Timestamp(1_700_000_000_123_456),
    }
}

/// The notifications in a post, read back.
fn arrived(post: &Post) -> Vec<Notification> {
    let body: Value = serde_json::from_slice(&post.body).unwrap();
    let rows = body["data"]["notifications"].as_array().unwrap().clone();
    let number = |row: &Value, name: &str| row[name].as_u64();
    let one = |row: &Value| Notification {
        application: row["application"].as_str().unwrap().parse().unwrap(),
        user: UserNumber(number(row, "user").unwrap()),
        chat: ChatNumber(number(row, "chat").unwrap()),
        message: MessageNumber(number(row, "message").unwrap()),
        author: number(row, "author").map(UserNumber),
        at: Timestamp::parse(row["at"].as_str().unwrap()).unwrap(),
    };
    rows.iter().map(one).collect()
}

async fn fresh() -> (Line, ()) {
    let receiver = Receiver::answering(204).await;
    let line = Line {
        notifier: Arc::new(receiver.notifier()),
        arrived: Box::new(move || receiver.take().iter().flat_map(arrived).collect()),
    };
    (line, ())
}

chat_core::notifier_kit!(fresh);

#[tokio::test]
async fn a_post_is_json_without_text_and_signed() {
    let receiver = Receiver::answering(200).await;
    let notifier = receiver.notifier();
    let posted = Notification {
        author: Some(UserNumber(1)),
        at: Timestamp(1_700_000_001_000_000),
        ..notification()
    };
    notifier.notify(&[posted, notification()]).await.unwrap();
    let posts = receiver.take();
    let [
        Post {
            path,
            headers,
            body,
        },
    ] = &posts[..]
    else {
        panic!("{} posts", posts.len());
    };
    assert_eq!(path, "/push/chat");
    let row = |author: Option<u64>, at: &str| json!({"application": "00000000-0000-0000-0000-000000000007", "user": 2, "chat": 5, "message": 12, "author": author, "at": at});
    let (late, early) = ("2023-11-14T22:13:21.000000Z", "2023-11-14T22:13:20.123456Z");
    let expected = json!({
        "type": "message.unread",
        "timestamp": late,
        "data": {"notifications": [row(Some(1), late), row(None, early)]},
    });
    assert_eq!(serde_json::from_slice::<Value>(body).unwrap(), expected);
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("webhook-timestamp"), NOW.to_string());
    let key = HttpConfig::parse("http://h", SECRET).unwrap().key;
    let signed = sign(&key, header("webhook-id"), NOW, body);
    assert_eq!(header("webhook-signature"), signed);

    let id = header("webhook-id").to_owned();
    notifier.notify(&[posted, notification()]).await.unwrap();
    notifier.notify(&[notification()]).await.unwrap();
    let ids: Vec<_> = receiver
        .take()
        .iter()
        .map(|post| post.headers["webhook-id"] == id)
        .collect();
    assert_eq!(ids, [true, false]);
}

async fn failure(notifier: &HttpNotifier) -> BackendError {
    let error = notifier.notify(&[notification()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    error
}

#[tokio::test]
async fn whatever_is_no_success_comes_again_and_no_redirect_is_followed() {
    for status in [301, 302, 307, 400, 401, 404, 410, 429, 500, 503] {
        let receiver = Receiver::answering(status).await;
        let error = failure(&receiver.notifier()).await;
        let why = std::error::Error::source(&error).unwrap().to_string();
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(why, format!("the receiver answers {status}"));
        assert_eq!(receiver.take().len(), 1);
    }
}

#[tokio::test]
async fn who_is_not_there_or_says_nothing_is_unavailable_and_no_password_is_told() {
    let receiver = Receiver::answering(0).await;
    let url = format!("http://joe:s3cret@{}/s3cret", receiver.address);
    let mut config = HttpConfig::parse(&url, SECRET).unwrap();
    assert_eq!(config.timeout, Duration::from_secs(10));
    config.timeout = Duration::from_millis(100);
    let silent = failure(&connected(&config)).await;
    let posts = receiver.take();
    assert_eq!(posts[0].headers["authorization"], "Basic am9lOnMzY3JldA==");

    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let nobody = failure(&notifier(&format!("http://joe:s3cret@{address}/s3cret"))).await;
    for error in [silent, nobody] {
        let text = format!("{error} {error:?}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
