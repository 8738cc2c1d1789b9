//! Request heads that are too large, half sent, or none.

use super::*;

#[tokio::test]
async fn a_head_of_64_kib_is_too_large() {
    let world = World::start("20s").await;
    let long = "x".repeat(64 * 1024);
    let many = "a: b\r\n".repeat(20_000);
    for target in [
        world.messages(),
        world.uuid_messages(),
        "/healthz".to_owned(),
    ] {
        for headers in [
            format!("x-long: {long}\r\n"),
            format!("{long}: x\r\n"),
            many.clone(),
        ] {
            let head = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
            let answer = world.ask(head.as_bytes()).await;
            assert_eq!(
                answer.status,
                431,
                "{}: {answer:?}",
                start_of(head.as_bytes())
            );
        }
        let head = format!("GET {target}?{long} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let answer = world.ask(head.as_bytes()).await;
        assert!(matches!(answer.status, 414 | 431), "{answer:?}");
    }
    world.is_well().await;
}

#[tokio::test]
async fn a_head_that_is_none_is_told_so() {
    let world = World::start("20s").await;
    let wrong = [
        &b"GET\r\n\r\n"[..],
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/1.2\r\nhost: localhost\r\n\r\n",
        b"GET /healthz HTTP/3.0\r\nhost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\na: \x00\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\na\xff: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n folded: y\r\n\r\n",
        b"G\x00T /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"G{T /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"*1\r\n$4\r\nPING\r\n\r\n",
    ];
    for head in wrong {
        let answer = world.ask(head).await;
        assert_eq!(answer.status, 400, "{}: {answer:?}", start_of(head));
    }
    world.is_well().await;
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_told_with_those_it_takes() {
    let world = World::start("20s").await;
    let long = "X".repeat(2_000);
    for (target, allowed) in [
        (world.messages(), "get, head, post"),
        (
            format!("{}/1", world.messages()),
            "get, head, put, patch, delete",
        ),
        (world.uuid_messages(), "post"),
        ("/healthz".to_owned(), "get, head"),
    ] {
        for method in ["FOO", "get", "TRACE", "PROPFIND", "M-SEARCH", &long] {
            let answer = world.send(method, &target, "", b"").await;
            answer.is_refused(method, 405, "");
            assert!(
                answer.head.contains(&format!("allow: {allowed}\r\n")),
                "{answer:?}"
            );
        }
    }
    let proxied = world.send("CONNECT", "example.org:443", "", b"").await;
    assert_eq!(proxied.status, 405, "{proxied:?}");
    world.is_well().await;
}

#[tokio::test]
async fn half_a_head_is_answered_in_time() {
    let world = World::start("200ms").await;
    for half in [
        "G",
        "GET",
        "GET /healthz",
        "GET /healthz HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nhost: localhost\r\na",
    ] {
        let answer = world.ask(half.as_bytes()).await;
        assert_eq!(answer.status, 408, "{half:?}: {answer:?}");
    }
    world.is_well().await;
}

/// A client that hangs up in the middle is owed no answer.
#[tokio::test]
async fn a_head_or_body_that_breaks_off_ends_the_connection() {
    let world = World::start("20s").await;
    let body = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n{{",
        world.messages()
    );
    let chunk = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\nx",
        world.messages()
    );
    for half in [
        "",
        "GET /heal",
        "GET /healthz HTTP/1.1\r\nhost:",
        &body,
        &chunk,
    ] {
        let mut stream = TcpStream::connect(world.server.address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await;
        read.expect("never hangs").unwrap();
        let text = String::from_utf8_lossy(&answer);
        let told = Answer::read(&text).is_some_and(|answer| matches!(answer.status, 400 | 408));
        assert!(text.is_empty() || told, "{half:?}: {text}");
    }
    world.is_well().await;
}

#[tokio::test]
async fn an_older_client_is_served_without_a_host_and_a_later_one_refused() {
    let world = World::start("20s").await;
    for head in [
        "GET /healthz HTTP/1.0\r\n\r\n",
        "GET /healthz HTTP/1.0\r\nhost: localhost\r\n\r\n",
    ] {
        assert_eq!(world.ask(head.as_bytes()).await.status, 200, "{head:?}");
    }
    let body = r#"{"body":"old"}"#;
    let old = format!(
        "POST {} HTTP/1.0\r\ncontent-length: {}\r\n\r\n{body}",
        world.messages(),
        body.len()
    );
    assert_eq!(world.ask(old.as_bytes()).await.status, 201);
    // A list of unknown length ends with the connection.
    let list = world
        .ask(format!("GET {} HTTP/1.0\r\n\r\n", world.messages()).as_bytes())
        .await;
    assert!(
        list.json().as_array().is_some_and(|all| !all.is_empty()) && !list.head.contains("chunked")
    );
    let native = world.messages();
    let uuid = format!("/messages/{}/1", world.token);
    for (target, words) in [
        (native.as_str(), "one Host header"),
        (
            &uuid,
            r#"{"message":"Validation failed","errors":{"Host":["is invalid"]}}"#,
        ),
        ("/healthz", "one Host header"),
        ("/nowhere", "one Host header"),
        ("http://absolute.example/healthz", "one Host header"),
    ] {
        for hosts in [
            "",
            "host: localhost\r\nhost: y\r\n",
            "host: a b\r\n",
            "host: a@b\r\n",
        ] {
            let head = format!("GET {target} HTTP/1.1\r\nconnection: close\r\n{hosts}\r\n");
            let answer = world.ask(head.as_bytes()).await;
            answer.is_refused(&head, 400, words);
        }
    }
    // A target without an authority goes with an empty one.
    for host in [
        "host: \r\n",
        "host: a.localhost:3000\r\n",
        "host: [::1]\r\n",
    ] {
        let head = format!("GET {native} HTTP/1.1\r\nconnection: close\r\n{host}\r\n");
        assert_eq!(world.ask(head.as_bytes()).await.status, 200, "{host:?}");
    }
    world.is_well().await;
}

#[tokio::test]
async fn headers_that_make_no_sense_are_ignored_or_refused() {
    let world = World::start("20s").await;
    for header in [
        "accept: ;;;,,/",
        "accept: \u{ff}",
        "prefer: wait=banana",
        "x-request-id: \u{ff}",
        "authorization: \u{ff}",
        "range: bytes=9-1",
        "if-match: *",
        "last-event-id: x",
        "accept: text/event-stream;q=banana",
        "accept-encoding: nonsense",
        "upgrade: websocket",
        "connection: upgrade",
        "te: nonsense",
        "cookie: \u{1}",
    ] {
        for target in [world.messages(), format!("/messages/{}/1", world.token)] {
            let answer = world
                .send("GET", &target, &format!("{header}\r\n"), b"")
                .await;
            assert!(
                matches!(answer.status, 200 | 400 | 406),
                "{header:?}: {answer:?}"
            );
        }
    }
    world.is_well().await;
}

#[tokio::test]
async fn without_a_key_pages_of_other_sites_use_no_door() {
    let world = World::start("20s").await;
    for (target, headers) in [
        ("GET /api/v1/applications", "host: evil.example\r\n"),
        ("GET /ws", "host: evil.example:3000\r\n"),
        (
            "GET http://evil.example/api/v1/applications",
            "host: localhost\r\n",
        ),
        (
            "POST /users/add",
            "host: localhost\r\norigin: http://evil.example\r\ncontent-length: 0\r\n",
        ),
    ] {
        let head = format!("{target} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
        let answer = world.ask(head.as_bytes()).await;
        answer.is_refused(&head, 403, "allow_origin");
    }
    world.is_well().await;
}
