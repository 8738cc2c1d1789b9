//! What a server that is down, silent or busy does to a caller. The double speaks HTTP on a loopback port.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ApplicationId, Epoch};
use chat_core::kit::search::posted;
use chat_core::page::Limit;
use chat_core::port::{Order, Search, SearchQuery, SearchScope};
use chat_core::terms::Query;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::{ConfigError, EsConfig, EsSearch};

const FOUND: &str = r#"{"case-v2-1":{"aliases":{"case-v2":{}}}}"#;
const NO_COPY: &str = "{}";
const TAKEN: &str = r#"{"errors":false,"items":[{"index":{"status":201}}]}"#;
const ITEM_BUSY: &str = r#"{"errors":true,"items":[{"index":{"status":429,"error":{"type":"es_rejected_execution_exception"}}}]}"#;

fn node(port: u16, settings: &str) -> EsSearch {
    let url = format!("http://127.0.0.1:{port}/?prefix=case&{settings}");
    EsSearch::connect(&EsConfig::parse(&url).unwrap()).unwrap()
}

/// The requests that a server was sent: first line and headers, body.
type Requests = Arc<Mutex<Vec<(String, String)>>>;

/// In place of a status: no answer, and the line is closed.
const LOST: u16 = 0;

/// A server that gives these answers, the last one for ever. `COPY` in them is the index that was made last.
async fn double(answers: &'static [(u16, &'static str)]) -> (u16, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Requests::default();
    let seen = requests.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, seen.clone(), answers));
        }
    });
    (port, requests)
}

/// The index that was made last.
fn copy_in(requests: &[(String, String)]) -> String {
    let made = requests.iter().rev().find_map(|(head, _)| {
        let path = head.strip_prefix("PUT /")?;
        let (index, _) = path.split_once([' ', '?', '/'])?;
        Some(index.to_owned())
    });
    made.unwrap_or_default()
}

async fn serve(
    mut stream: TcpStream,
    seen: Requests,
    answers: &[(u16, &str)],
) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let (head, body) = loop {
            let text = String::from_utf8_lossy(&buffer).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    break (head.to_owned(), body.to_owned());
                }
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        buffer.clear();
        let (status, answer) = {
            let mut seen = seen.lock().await;
            seen.push((head, body));
            let (status, answer) = answers[(seen.len() - 1).min(answers.len() - 1)];
            (status, answer.replace("COPY", &copy_in(&seen)))
        };
        if status == LOST {
            return Ok(());
        }
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream
            .write_all(format!("{head}{answer}").as_bytes())
            .await?;
    }
}

const REFRESHED: &str = r#"{"_shards":{"failed":0}}"#;
const DONE: &str = r#"{"acknowledged":true}"#;
const GONE: (u16, &str) = (404, r#"{"error":{"type":"aliases_not_found_exception"}}"#);
const COPY_LIVES: &str = r#"{"COPY":{"aliases":{"case-v2":{}}}}"#;
const COPY_STANDS: &str = r#"{"COPY":{"aliases":{"case-v2-copy-1":{}}}}"#;

/// A copy that is swapped in by a server that answers so from the request on that swaps it.
async fn swapped(answers: &[(u16, &'static str)]) -> (Result<(), ErrorKind>, usize) {
    // The live index, no copies, a new one; its mapping, its settings, what is in it, the live index.
    let before = [
        (200, FOUND),
        (200, NO_COPY),
        (200, DONE),
        (200, DONE),
        (200, DONE),
        (200, REFRESHED),
        (200, FOUND),
    ];
    let (port, requests) = double([&before, answers].concat().leak()).await;
    let node = node(port, "patience=5");
    node.rebuild().await.unwrap();
    let swap = node.swap(Epoch(7)).await.map_err(|error| error.kind());
    let requests = requests.lock().await;
    let swaps = requests
        .iter()
        .filter(|(head, _)| head.starts_with("POST /_aliases "));
    (swap, swaps.count())
}

#[tokio::test]
async fn a_swap_whose_answer_is_lost_is_looked_for_before_it_is_tried_again() {
    let done = [(LOST, ""), (200, COPY_LIVES)];
    assert_eq!(swapped(&done).await, (Ok(()), 1));
    let not_done = [(LOST, ""), (200, FOUND), (200, DONE)];
    assert_eq!(swapped(&not_done).await, (Ok(()), 2));
    let done_after_the_look = [(LOST, ""), (200, FOUND), GONE, GONE, (200, COPY_LIVES)];
    assert_eq!(swapped(&done_after_the_look).await, (Ok(()), 2));
}

#[tokio::test]
async fn a_swap_that_others_were_faster_than_is_tried_again_while_the_copy_stands() {
    let live_was_swapped = [GONE, (200, COPY_STANDS), (200, FOUND), (200, DONE)];
    assert_eq!(swapped(&live_was_swapped).await, (Ok(()), 2));
    let thrown_away = [GONE, GONE, (200, FOUND)];
    assert_eq!(swapped(&thrown_away).await, (Err(ErrorKind::NotFound), 1));
}

#[tokio::test]
async fn the_pieces_of_an_operation_share_its_patience() {
    // Each piece of a thousand is taken at the second try, fifty milliseconds later.
    const PIECES: usize = 60;
    let mut answers = vec![(200, NO_COPY), (200, FOUND)];
    answers.extend([(429, "{}"), (200, TAKEN)].repeat(PIECES));
    let (port, _) = double(answers.leak()).await;
    let documents: Vec<_> = (1..=PIECES as u64 * 1_000)
        .map(|number| posted(1, number, "tea"))
        .collect();
    let put = node(port, "patience=1").put(&documents).await;
    assert_eq!(
        put.map_err(|error| error.kind()),
        Err(ErrorKind::Unavailable)
    );
}

#[tokio::test]
async fn patience_with_a_question_ends_sooner() {
    let (port, _) = double(&[(200, FOUND), (429, "{}")]).await;
    let query = SearchQuery {
        scope: SearchScope::Application(ApplicationId(1)),
        query: Arc::new(Query::parse("tea")),
        order: Order::Newest,
        after: None,
        limit: Limit::MAX,
    };
    let start = Instant::now();
    let found = node(port, "timeout=1&patience=60").query(&query).await;
    assert_eq!(
        found.map_err(|error| error.kind()),
        Err(ErrorKind::Unavailable)
    );
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

async fn put(node: &EsSearch) -> Result<(), ErrorKind> {
    let put = node.put(&[posted(1, 1, "tea")]).await;
    put.map_err(|error: BackendError| error.kind())
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let node = node(port, "");
    assert_eq!(put(&node).await, Err(ErrorKind::Unavailable));
    let ready = node.ready().await.map_err(|error| error.kind());
    assert_eq!(ready, Err(ErrorKind::Unavailable));
}

#[tokio::test]
async fn a_server_that_is_silent_is_unavailable_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let node = node(listener.local_addr().unwrap().port(), "timeout=1");
    let start = Instant::now();
    assert_eq!(put(&node).await, Err(ErrorKind::Unavailable));
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let (port, requests) = double(&[
        (429, "{}"),
        (200, NO_COPY),
        (200, FOUND),
        (429, "{}"),
        (200, ITEM_BUSY),
        (200, TAKEN),
    ])
    .await;
    assert_eq!(put(&node(port, "")).await, Ok(()));
    let requests = requests.lock().await;
    assert_eq!(requests.len(), 6);
    assert_eq!(
        requests[4].1, requests[5].1,
        "the document that was not taken"
    );
    assert!(requests[5].0.starts_with("POST /_bulk?require_alias=true "));
}

#[tokio::test]
async fn patience_with_a_busy_server_ends() {
    let (port, requests) = double(&[(200, NO_COPY), (200, FOUND), (429, "{}")]).await;
    let start = Instant::now();
    assert_eq!(
        put(&node(port, "patience=1")).await,
        Err(ErrorKind::Unavailable)
    );
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert!(
        (3..=8).contains(&requests.lock().await.len()),
        "the pauses grow"
    );
}

#[tokio::test]
async fn a_version_that_is_there_is_no_failure() {
    let there = r#"{"errors":true,"items":[{"index":{"status":409,"error":{"type":"version_conflict_engine_exception"}}}]}"#;
    let answers = vec![(200, NO_COPY), (200, FOUND), (200, there)];
    let (port, _) = double(answers.leak()).await;
    assert_eq!(put(&node(port, "")).await, Ok(()));
}

#[tokio::test]
async fn credentials_are_sent_and_never_shown() {
    for (url, header) in [
        (
            "http://ann:p%40ss@HOST/",
            "authorization: Basic YW5uOnBAc3M=",
        ),
        (
            "http://HOST/?api_key=c2VjcmV0",
            "authorization: ApiKey c2VjcmV0",
        ),
    ] {
        let (port, requests) = double(&[(
            401,
            r#"{"error":{"type":"security_exception","reason":"no"}}"#,
        )])
        .await;
        let config = EsConfig::parse(&url.replace("HOST", &format!("127.0.0.1:{port}"))).unwrap();
        let error = EsSearch::connect(&config)
            .unwrap()
            .ready()
            .await
            .unwrap_err();
        assert!(requests.lock().await[0].0.contains(header));
        for shown in [format!("{config:?}"), format!("{error:?}")] {
            assert!(
                !shown.contains("p%40ss") && !shown.contains("p@ss"),
                "{shown}"
            );
            assert!(!shown.contains("c2VjcmV0"), "{shown}");
        }
    }
}

#[test]
fn a_url_says_where_and_how() {
    let config = EsConfig::parse(
        "https://search:9200/es/?prefix=our-chat&shards=3&timeout=5&patience=60&ca=/etc/ca.pem",
    )
    .unwrap();
    assert_eq!((config.prefix.as_str(), config.shards), ("our-chat", 3));
    assert_eq!(
        (config.timeout, config.patience),
        (Duration::from_secs(5), Duration::from_secs(60))
    );
    let unreadable = EsSearch::connect(&config).err();
    assert!(matches!(unreadable, Some(ConfigError::Certificates { .. })));
}

#[test]
fn a_url_that_says_nothing_of_use_is_refused() {
    for url in [
        "",
        "search:9200",
        "ftp://search",
        "http://search/?prefix=",
        "http://search/?prefix=a*",
        "http://search/?prefix=-a",
        "http://search/?shards=0",
        "http://search/?timeout=0",
        "http://search/?api_key=a%0Ab",
        "http://search/?nonsense=1",
    ] {
        assert!(EsConfig::parse(url).is_err(), "{url}");
    }
}
