//! What is too much, or no HTTP at all.

use super::*;

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
