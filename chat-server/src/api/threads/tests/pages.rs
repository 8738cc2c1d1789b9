use super::*;

const ALL: &str = "/chat-api/messages/";
const UNREAD: &str = "/chat-api/messages/unread/";

/// Alice has messages 1 to 7 with Bob and Carol in turn; 2 and 5 are read.
async fn seven() -> Trio {
    let trio = Trio::start().await;
    let threads = [
        trio.thread(ALICE, BOB).await,
        trio.thread(ALICE, CAROL).await,
    ];
    for at in 0..7 {
        trio.post(ALICE, &threads[at % 2], "x").await;
    }
    let others = trio.thread(BOB, CAROL).await;
    trio.post(BOB, &others, "not hers").await;
    for (who, id) in [(CAROL, 2), (BOB, 5)] {
        let path = format!("/chat-api/messages/{id}/mark-as-read/");
        assert_eq!(trio.ask(who, "PATCH", &path).await.status, 200);
    }
    trio
}

#[tokio::test]
async fn all_my_messages_are_one_list_by_id() {
    let trio = seven().await;
    for path in [ALL, "/chat-api/messages"] {
        let page = trio.get(ALICE, path).await;
        let text = page.text();
        let whole = r#"{"count":7,"next":null,"previous":null,"results":[{"id":1,"sender":1,"#;
        assert!(text.starts_with(whole), "{text}");
        assert_eq!(ids(&page.json()["results"]), [1, 2, 3, 4, 5, 6, 7]);
    }
    assert_eq!(
        ids(&trio.get(BOB, ALL).await.json()["results"]),
        [1, 3, 5, 7, 8]
    );
    assert_eq!(
        trio.get(BOB, ALL).await.json()["results"][2]["is_read"],
        true
    );
}

#[tokio::test]
async fn unread_are_those_that_nobody_has_read_mine_included() {
    let trio = seven().await;
    for (who, unread) in [(ALICE, vec![1, 3, 4, 6, 7]), (BOB, vec![1, 3, 7, 8])] {
        let page = trio.get(who, UNREAD).await.json();
        assert_eq!(
            (ids(&page["results"]), &page["count"]),
            (unread.clone(), &json!(unread.len()))
        );
    }
    let page = trio
        .get(ALICE, "/chat-api/messages/unread?limit=2&offset=2")
        .await
        .json();
    assert_eq!(ids(&page["results"]), [4, 6]);
    assert_eq!(
        page["next"],
        "http://test/chat-api/messages/unread/?limit=2&offset=4"
    );
    assert_eq!(
        page["previous"],
        "http://test/chat-api/messages/unread/?limit=2"
    );
}

#[tokio::test]
async fn pages_lead_to_each_other_with_their_parameters_by_name() {
    let trio = seven().await;
    let page = async |query: &str| trio.get(ALICE, &format!("{ALL}?{query}")).await.json();
    let url = |query: &str| json!(format!("http://test/chat-api/messages/?{query}"));
    for (query, expected, next, previous) in [
        (
            "limit=3",
            vec![1, 2, 3],
            url("limit=3&offset=3"),
            Value::Null,
        ),
        (
            "limit=3&offset=2",
            vec![3, 4, 5],
            url("limit=3&offset=5"),
            url("limit=3"),
        ),
        (
            "offset=4&limit=3",
            vec![5, 6, 7],
            Value::Null,
            url("limit=3&offset=1"),
        ),
        (
            "limit=3&offset=9",
            vec![],
            Value::Null,
            url("limit=3&offset=6"),
        ),
        (
            "z=a%20b&limit=3&offset=3&a=%26&e=",
            vec![4, 5, 6],
            url("a=%26&e=&limit=3&offset=6&z=a+b"),
            url("a=%26&e=&limit=3&z=a+b"),
        ),
    ] {
        let page = page(query).await;
        let found = (ids(&page["results"]), &page["next"], &page["previous"]);
        assert_eq!(found, (expected, &next, &previous), "{query}");
        assert_eq!(page["count"], 7);
    }
}

#[tokio::test]
async fn a_bad_limit_or_offset_is_none() {
    let part = |query: &str| {
        let head = crate::http::testing::head("GET", &format!("{ALL}?{query}"));
        let part = super::page::Part::of(&head);
        (part.limit, part.offset)
    };
    for bad in [
        "",
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=",
        "offset=-1",
        "offset=x",
        "limit=%ff",
    ] {
        assert_eq!(part(bad), (100, 0), "{bad}");
    }
    assert_eq!(part("limit=250&offset=7"), (250, 7));
    assert_eq!(part("limit=251&offset=+7"), (250, 7));
    let beyond = "99999999999999999999";
    assert_eq!(
        part(&format!("limit={beyond}&offset={beyond}")),
        (250, i64::MAX as u64)
    );
    let trio = seven().await;
    let page = trio.get(ALICE, &format!("{ALL}?offset={beyond}")).await;
    assert_eq!(
        (page.status.as_u16(), &page.json()["next"]),
        (200, &Value::Null)
    );
}

#[tokio::test]
async fn addresses_follow_the_host_and_the_scheme_before_a_proxy() {
    let trio = seven().await;
    let asked = trio.request(ALICE, "GET", "/chat-api/messages/?limit=6");
    let page = trio
        .house
        .send(asked.header("x-forwarded-proto", "https"))
        .await;
    assert_eq!(
        page.json()["next"],
        "https://test/chat-api/messages/?limit=6&offset=6"
    );
}

#[tokio::test]
async fn a_page_holds_a_hundred_and_at_most_two_hundred_and_fifty() {
    let trio = Trio::start().await;
    let thread = trio.thread(ALICE, BOB).await;
    for _ in 0..251 {
        trio.post(ALICE, &thread, "x").await;
    }
    for (query, expected) in [
        ("", 1..=100),
        ("?limit=x", 1..=100),
        ("?limit=0", 1..=100),
        ("?offset=-1", 1..=100),
        ("?limit=251", 1..=250),
        ("?limit=2&offset=249", 250..=251),
    ] {
        let page = trio.get(ALICE, &format!("{ALL}{query}")).await.json();
        assert_eq!(
            ids(&page["results"]),
            expected.collect::<Vec<_>>(),
            "{query}"
        );
        assert_eq!(page["count"], 251);
    }
    let path = format!("/chat-api/threads/{thread}/messages/");
    let whole = trio.get(ALICE, &path).await.json();
    assert_eq!(
        ids(&whole),
        Vec::from_iter(1..=251),
        "a thread has no pages"
    );
}
