//! How long a peer may keep a connection waiting.

use super::*;

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
