//! Where a server listens, what it speaks, and how it stops.

use super::*;

/// Stops the server while it is busy with a request, whose connection this is.
async fn stop_in_flight(server: &Server) -> TcpStream {
    let mut busy = server.connect().await;
    busy.write_all(b"GET /t/wait HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.gate.entered.notified().await;
    server.stopping.cancel();
    busy
}

#[tokio::test]
async fn stopping_lets_requests_in_flight_finish_and_closes_idle_connections() {
    let server = start(limits(), LONG);
    let mut idle = server.connect().await;
    idle.write_all(b"GET /t/echo HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    read_answer(&mut idle).await;
    let mut busy = stop_in_flight(&server).await;
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
    let mut busy = stop_in_flight(&server).await;
    assert_eq!(read_to_end(&mut busy).await, "");
    assert!(!server.running.await.unwrap());
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
