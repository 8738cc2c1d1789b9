//! Paths and queries that cannot be.

use super::*;

#[tokio::test]
async fn a_path_that_cannot_be_is_nowhere() {
    let world = World::start("20s").await;
    let (application, token) = (world.application(), &world.token);
    let chats = format!("{application}/chats");
    let long = "9".repeat(30_000);
    let mut paths = Vec::new();
    for number in [
        "0",
        "-1",
        "+1",
        "007",
        "1.0",
        "1e3",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999",
        "%31%00",
        "%00",
        "%ff",
        "%",
        "%4",
        "%zz",
        "%C0%80",
        "..",
        ".",
        "1;x",
        "1%2f..",
        "%F0%9F%92%8E",
        &long,
    ] {
        paths.push(format!("{chats}/{number}"));
        paths.push(format!("{chats}/{number}/messages"));
        paths.push(format!("{chats}/1/messages/{number}"));
        paths.push(format!("{chats}/{number}/changes"));
        paths.push(format!("/messages/{token}/{number}"));
        paths.push(format!("/messages/{token}/{number}/search?message=x"));
        paths.push(format!("/applications/{number}"));
        paths.push(format!("/api/v1/applications/{number}"));
        paths.push(format!("/api/v1/{number}"));
    }
    paths.extend([
        format!("{chats}//1"),
        format!("/{chats}/1"),
        format!("{chats}/1/"),
        format!("{chats}/1/messages/"),
        format!("{application}%2Fchats"),
        format!("/api/v1/../v1{}", &application[7..]) + "/nothing",
        "//".to_owned(),
        "/..".to_owned(),
        "/nothing".to_owned(),
    ]);
    for path in &paths {
        let answer = world.get(path).await;
        let slash = path.ends_with('/') && answer.status == 200;
        assert!(
            slash || answer.status == 404,
            "{}: {answer:?}",
            start_of(path.as_bytes())
        );
        answer.json();
    }
    world.is_well().await;
}

#[tokio::test]
async fn raw_bytes_in_a_target_are_no_request() {
    let world = World::start("20s").await;
    for target in [
        &b"/\xff"[..],
        b"/a\x00b",
        b"/a b",
        b"",
        b"/a\tb",
        b"/\x7f",
        b"nothing",
        b"http://",
    ] {
        let request = [
            b"GET ",
            target,
            b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        ];
        let answer = world.ask(&request.concat()).await;
        assert!(matches!(answer.status, 400 | 404), "{target:?}: {answer:?}");
    }
    world.is_well().await;
}

#[tokio::test]
async fn a_query_value_that_cannot_be_is_named() {
    let world = World::start("20s").await;
    let messages = world.messages();
    let changes = format!("{}/chats/1/changes", world.application());
    let long = "9".repeat(10_000);
    for value in [
        "",
        "0",
        "1001",
        "-1",
        "1.5",
        "1e3",
        "abc",
        "99999999999999999999999",
        "%00",
        "+5",
        "0x10",
        &long,
    ] {
        let path = format!("{messages}?limit={value}");
        world.get(&path).await.is_refused(&path, 400, "limit");
        let path = format!("{messages}/search?query=x&limit={value}");
        world.get(&path).await.is_refused(&path, 400, "limit");
        let path = format!("{changes}?limit={value}");
        world.get(&path).await.is_refused(&path, 400, "limit");
    }
    for value in [
        "",
        "-1",
        "1.5",
        "abc",
        "99999999999999999999999",
        "%F0%9F%92%8E",
        &long,
    ] {
        for name in ["after", "before", "around"] {
            let path = format!("{messages}?{name}={value}");
            world.get(&path).await.is_refused(&path, 400, name);
        }
        let path = format!("{changes}?after={value}");
        world.get(&path).await.is_refused(&path, 400, "after");
        let path = format!("{messages}/search?query=x&before={value}");
        world.get(&path).await.is_refused(&path, 400, "before");
    }
    for value in [
        "-1",
        "abc",
        "61",
        "1e9",
        "99999999999999999999999",
        "NaN",
        "inf",
    ] {
        let path = format!("{changes}?wait={value}");
        world.get(&path).await.is_refused(&path, 400, "wait");
    }
    for (query, word) in [
        ("after=1&before=2", "before"),
        ("after=1&around=2", "around"),
        ("tombstones=maybe", "tombstones"),
        ("limit=%ff", ""),
        ("%ff=1", ""),
    ] {
        let path = format!("{messages}?{query}");
        world.get(&path).await.is_refused(&path, 400, word);
    }
    let path = format!("{messages}/search?query=x&sort=worst");
    world.get(&path).await.is_refused(&path, 400, "sort");
    let path = format!("{messages}/search");
    let missing = world.get(&path).await;
    assert!(matches!(missing.status, 200 | 400), "{missing:?}");
    world.is_well().await;
}

/// There are no operators, so no query is an error, whatever it looks like.
#[tokio::test]
async fn no_search_is_too_strange() {
    let world = World::start("20s").await;
    let long = "word%20".repeat(3_000);
    let wide = "x".repeat(50_000);
    for query in [
        "",
        "%22",
        "%22%22%22",
        "*",
        "a*",
        "AND",
        "NOT%20x",
        "NEAR(a%20b,1)",
        "body:x",
        "(",
        ")",
        "^x",
        "-x",
        "'",
        "%27;DROP%20TABLE%20docs",
        "%00",
        "x%00y",
        "%E2%80%AE",
        "%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9",
        "%25",
        "_",
        "{x}",
        "%5C",
        "\u{e9}",
        &long,
        &wide,
    ] {
        let what = start_of(query.as_bytes());
        for path in [
            format!("{}/search?query={query}", world.messages()),
            format!("{}/search?query={query}", world.application()),
        ] {
            let found = world.get(&path).await;
            assert_eq!(found.status, 200, "{what}: {found:?}");
        }
        let found = world
            .get(&format!(
                "/messages/{}/1/search?message={query}",
                world.token
            ))
            .await;
        assert!(matches!(found.status, 200 | 400), "{what}: {found:?}");
    }
    world.is_well().await;
}
