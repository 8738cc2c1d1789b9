//! Where one request ends and the next begins.

use super::*;

const TYPE: &str = "host: localhost\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn a_length_that_cannot_be_is_refused() {
    let world = World::start("20s").await;
    for target in [world.messages(), world.uuid_messages()] {
        for lengths in [
            "content-length: x\r\n",
            "content-length: -1\r\n",
            "content-length: +5\r\n",
            "content-length: 5.0\r\n",
            "content-length: 0x5\r\n",
            "content-length: 99999999999999999999999\r\n",
            "content-length: 5\r\ncontent-length: 6\r\n",
            "content-length: 5, 6\r\n",
            "content-length: \r\n",
            "transfer-encoding: gzip\r\n",
            "transfer-encoding: chunked, gzip\r\n",
            "transfer-encoding: nonsense\r\n",
        ] {
            let request = format!("POST {target} HTTP/1.1\r\n{TYPE}{lengths}\r\nhello");
            let answer = world.ask(request.as_bytes()).await;
            assert!(
                matches!(answer.status, 400 | 411 | 413 | 501),
                "{lengths:?}: {answer:?}"
            );
            assert!(answer.status < 500, "{lengths:?}: {answer:?}");
        }
    }
    world.is_well().await;
}

#[tokio::test]
async fn two_ways_of_saying_the_length_smuggle_nothing() {
    let world = World::start("300ms").await;
    let hidden = "DELETE / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for lengths in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "transfer-encoding : chunked\r\n",
    ] {
        let request = format!(
            "POST {} HTTP/1.1\r\n{TYPE}{lengths}\r\n0\r\n\r\n{hidden}",
            world.messages()
        );
        let told = world.say(request.as_bytes()).await;
        let statuses = statuses(&told);
        // Refused, or understood as chunked: then the first body is empty, and the connection ends with it.
        assert!(matches!(statuses.first(), Some(400)), "{lengths:?}: {told}");
        assert!(statuses.len() <= 2, "{lengths:?}: {told}");
        assert!(!statuses.contains(&204), "{lengths:?}: {told}");
    }
    world.is_well().await;
}

#[tokio::test]
async fn chunks_that_cannot_be_are_refused() {
    let world = World::start("300ms").await;
    for target in [world.messages(), world.uuid_messages()] {
        for chunks in [
            "zz\r\n",
            "-5\r\nhello\r\n0\r\n\r\n",
            "\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "5\nhello\n0\n\n",
            "ffffffffffffffffff\r\nhello",
            "7fffffffffffffff\r\nhello",
            "5;x=\"y\r\nhello\r\n0\r\n\r\n",
            "0\r\nbad trailer\r\n\r\n",
            "5\r\nhel",
        ] {
            let request = format!(
                "POST {target} HTTP/1.1\r\n{TYPE}connection: close\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"
            );
            let answer = world.ask(request.as_bytes()).await;
            assert!(
                matches!(answer.status, 400 | 408 | 413),
                "{chunks:?}: {answer:?}"
            );
        }
    }
    world.is_well().await;
}

/// They are read one by one, which may take longer than others are waited for here.
#[tokio::test]
async fn a_thousand_chunks_are_one_body() {
    let world = World::start("30s").await;
    for target in [world.messages(), world.uuid_messages()] {
        let many = "1;x\r\nx\r\n".repeat(1_000) + "0\r\n\r\n";
        let request = format!(
            "POST {target} HTTP/1.1\r\n{TYPE}connection: close\r\ntransfer-encoding: chunked\r\n\r\n{many}"
        );
        let answer = world.ask(request.as_bytes()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    world.is_well().await;
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_waited_for_and_told() {
    let world = World::start("200ms").await;
    for target in [world.messages(), world.uuid_messages()] {
        let request =
            format!("POST {target} HTTP/1.1\r\n{TYPE}content-length: 100\r\n\r\n{{\"body\"");
        let answer = world.ask(request.as_bytes()).await;
        assert_eq!(answer.status, 408, "{answer:?}");
        assert!(answer.head.contains("connection: close"), "{answer:?}");
    }
    world.is_well().await;
}

#[tokio::test]
async fn what_follows_a_body_is_the_next_request() {
    let world = World::start("300ms").await;
    let body = r#"{"body":"first"}"#;
    let first = format!(
        "POST {} HTTP/1.1\r\n{TYPE}content-length: {}\r\n\r\n{body}",
        world.messages(),
        body.len()
    );
    let garbage = world
        .say(format!("{first}garbage\r\n\r\n").as_bytes())
        .await;
    assert_eq!(statuses(&garbage), [201, 400], "{garbage}");
    let bad = format!(
        "POST {} HTTP/1.1\r\n{TYPE}content-length: 1\r\n\r\n{{",
        world.uuid_messages()
    );
    let last = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let pipelined = world
        .say(
            format!("{first}{bad}{first}GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n{last}")
                .as_bytes(),
        )
        .await;
    assert_eq!(
        statuses(&pipelined),
        [201, 400, 201, 404, 200],
        "{pipelined}"
    );
    let many = format!(
        "{}{last}",
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(500)
    );
    let all = world.say(many.as_bytes()).await;
    assert_eq!(statuses(&all), vec![200; 501]);
    world.is_well().await;
}

#[tokio::test]
async fn a_body_where_none_is_read_is_no_harm() {
    let world = World::start("20s").await;
    for target in [
        world.messages(),
        format!("/messages/{}/1", world.token),
        "/healthz".to_owned(),
    ] {
        let answer = world
            .send("GET", &target, "content-type: text/plain\r\n", b"\xff\x00{")
            .await;
        assert!(
            matches!(answer.status, 200 | 400 | 415),
            "{target}: {answer:?}"
        );
    }
    let head = format!(
        "POST {} HTTP/1.1\r\n{TYPE}connection: close\r\nexpect: 100-continue\r\ncontent-length: 12\r\n\r\n{{\"body\":\"e\"}}",
        world.messages()
    );
    let told = world.say(head.as_bytes()).await;
    assert!(statuses(&told).contains(&201), "{told}");
    let head = format!(
        "POST {} HTTP/1.1\r\n{TYPE}connection: close\r\nexpect: nonsense\r\ncontent-length: 12\r\n\r\n{{\"body\":\"e\"}}",
        world.messages()
    );
    let told = world.ask(head.as_bytes()).await;
    assert!(matches!(told.status, 201 | 417), "{told:?}");
    world.is_well().await;
}

/// The status of each answer on a connection.
fn statuses(text: &str) -> Vec<u16> {
    let lines = text.split("HTTP/1.1 ").skip(1);
    lines.map(|answer| answer[..3].parse().unwrap()).collect()
}
