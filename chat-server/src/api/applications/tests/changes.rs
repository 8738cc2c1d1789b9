use std::time::{Duration, Instant};

use http_body_util::BodyExt;

use super::*;
use crate::http::body::RequestBody;
use crate::http::testing::{PEER, request};

async fn cursor(house: &House, chat: &str) -> String {
    house.get(chat).await.json()["cursor"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn what_happened_after_a_cursor_is_told_as_it_stands() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["a", "b"]).await;
    let start = cursor(&house, &chat).await;
    post_all(&house, &chat, &["c"]).await;
    house
        .json("PUT", &format!("{chat}/messages/1"), r#"{"body":"A"}"#)
        .await;
    house.delete(&format!("{chat}/messages/2")).await;
    house.json("PATCH", &chat, r#"{"name":"N"}"#).await;
    let changes = house.get(&format!("{chat}/changes?after={start}")).await;
    assert_eq!(changes.status, 200);
    let changes = changes.json();
    let items = changes["items"].as_array().unwrap();
    let said: Vec<String> = items
        .iter()
        .map(|item| format!("{} {} {}", item["kind"], item["number"], item["body"]))
        .collect();
    assert_eq!(
        said,
        [
            "\"message\" 3 \"c\"",
            "\"message\" 1 \"A\"",
            "\"message\" 2 \"\"",
            "\"chat\" 1 null"
        ]
    );
    assert_eq!(
        (&items[3]["name"], &changes["more"]),
        (&"N".into(), &false.into())
    );
    assert!(items[2]["deleted_at"].is_string());
    assert_eq!(changes["next"], changes["head"]);
    let next = changes["next"].as_str().unwrap();
    let nothing = house
        .get(&format!("{chat}/changes?after={next}"))
        .await
        .json();
    assert_eq!(nothing["items"], serde_json::json!([]));
}

#[tokio::test]
async fn pages_of_changes_lead_to_the_head() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let start = cursor(&house, &chat).await;
    post_all(&house, &chat, &["a", "b", "c"]).await;
    let first = house
        .get(&format!("{chat}/changes?after={start}&limit=2"))
        .await
        .json();
    assert_eq!(
        (first["items"].as_array().unwrap().len(), &first["more"]),
        (2, &true.into())
    );
    let [at, head] = ["next", "head"].map(|key| {
        let cursor = chat_core::cursor::Cursor::decode(first[key].as_str().unwrap());
        cursor.unwrap().head
    });
    assert!(head.covers(at) && !at.covers(head), "{first}");
    assert_eq!(first["head"], cursor(&house, &chat).await);
    let next = first["next"].as_str().unwrap();
    let second = house
        .get(&format!("{chat}/changes?after={next}&limit=2"))
        .await
        .json();
    assert_eq!(
        (numbers(&second["items"]), &second["more"]),
        (vec![3], &false.into())
    );
}

#[tokio::test]
async fn without_a_cursor_changes_begin_now() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["a"]).await;
    let now = house.get(&format!("{chat}/changes")).await.json();
    assert_eq!(
        (&now["items"], &now["next"]),
        (&serde_json::json!([]), &cursor(&house, &chat).await.into())
    );
}

#[tokio::test]
async fn a_long_poll_returns_with_what_happens() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let at = cursor(&house, &chat).await;
    let path = format!("{chat}/changes?after={at}&wait=60");
    let (changes, ()) = tokio::join!(house.get(&path), async {
        tokio::task::yield_now().await;
        post_all(&house, &chat, &["a"]).await;
    });
    assert_eq!(numbers(&changes.json()["items"]), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_that_hears_nothing_ends_when_its_time_is_up() {
    let chat = chat().await;
    let front = front(vec![door(gate(&chat), options(), BODY)]);
    let house = House::on_doubles(chat, front);
    let chat = a_chat(&house).await;
    let at = cursor(&house, &chat).await;
    let asked = tokio::time::Instant::now();
    let heard = house
        .get(&format!("{chat}/changes?after={at}&wait=1"))
        .await;
    let waited = asked.elapsed().as_millis();
    assert!((1_000..1_100).contains(&waited), "{waited} ms");
    let told = heard.json();
    assert_eq!(
        (heard.status.as_u16(), &told["items"], &told["more"]),
        (200, &serde_json::json!([]), &false.into())
    );
    assert_eq!(told["next"], at);
}

#[tokio::test]
async fn a_long_poll_ends_when_the_server_stops() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let path = format!("{chat}/changes?wait=60");
    let (changes, ()) = tokio::join!(house.get(&path), async {
        tokio::task::yield_now().await;
        house.front.stopping().cancel();
    });
    assert_eq!(
        (changes.status.as_u16(), changes.json()["items"].clone()),
        (200, serde_json::json!([]))
    );
}

#[tokio::test]
async fn a_wrong_cursor_is_400_and_one_of_another_history_410() {
    let (house, other) = (house().await, house().await);
    let chat = a_chat(&house).await;
    house.post(chat.strip_suffix("/1").unwrap(), "").await;
    let of_another_chat = cursor(&house, &chat.replace("/chats/1", "/chats/2")).await;
    for wrong in ["x", "", of_another_chat.as_str()] {
        let refused = house.get(&format!("{chat}/changes?after={wrong}")).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["code"].clone()),
            (400, "invalid_cursor".into())
        );
    }
    let path = format!("{chat}/changes?after={of_another_chat}");
    let stream = request("GET", &path).header("accept", "text/event-stream");
    let refused = house.send(stream).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["code"].clone()),
        (400, "invalid_cursor".into()),
        "before a stream begins"
    );
    let mut foreign = chat_core::cursor::Cursor::decode(&cursor(&house, &chat).await).unwrap();
    foreign.epoch = chat_core::ids::Epoch(foreign.epoch.0 ^ 1);
    let reset = house
        .get(&format!("{chat}/changes?after={}", foreign.encode()))
        .await;
    assert_eq!(
        (reset.status.as_u16(), reset.json()["code"].clone()),
        (410, "cursor_reset".into())
    );
    drop(other);
}

#[tokio::test]
async fn parameters_are_checked_and_unknown_ones_reported() {
    let house = house().await;
    let chat = a_chat(&house).await;
    for query in ["wait=61", "wait=x", "limit=0", "limit=1001", "around=1"] {
        let refused = house.get(&format!("{chat}/changes?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert_eq!(
            refused.header("content-type"),
            Some("application/problem+json")
        );
    }
    let odd = request("GET", &format!("{chat}/changes")).header("accept", "image/png");
    assert_eq!(house.send(odd).await.status, 406);
}

/// A stream of events, read frame by frame.
struct Stream(warp::reply::Response, String);

impl Stream {
    async fn open(house: &House, path: &str, last: Option<&str>) -> Self {
        let last = last.map(|last| ("last-event-id", last));
        Self::open_with(house, path, last).await
    }

    async fn open_with(house: &House, path: &str, header: Option<(&str, &str)>) -> Self {
        let mut request = http::Request::get(path)
            .header("host", "test")
            .header("accept", "text/event-stream");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request
            .body(RequestBody::from(bytes::Bytes::new()))
            .unwrap();
        let answer = house.front.answer(request, PEER).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self(answer, String::new())
    }

    /// The next event: its name, id and data.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        while !self.1.contains("\n\n") {
            let frame =
                tokio::time::timeout(Duration::from_secs(20), self.0.body_mut().frame()).await;
            let frame = frame
                .expect("an event comes")?
                .unwrap()
                .into_data()
                .unwrap();
            self.1.push_str(std::str::from_utf8(&frame).unwrap());
        }
        let (event, rest) = self.1.split_once("\n\n").unwrap();
        if !event.contains("event: ") {
            self.1 = rest.to_owned();
            return Box::pin(self.next()).await;
        }
        let field = |name: &str| {
            let line = event.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().to_owned()
        };
        let read = (
            field("event: "),
            field("id: "),
            serde_json::from_str(&field("data: ")).unwrap(),
        );
        self.1 = rest.to_owned();
        Some(read)
    }
}

#[tokio::test]
async fn events_follow_a_chat_and_can_be_taken_up_again() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let path = format!("{chat}/changes");
    let mut stream = Stream::open(&house, &path, None).await;
    let (name, begin, data) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["items"]),
        ("changes", &serde_json::json!([]))
    );
    post_all(&house, &chat, &["a"]).await;
    let (_, id, data) = stream.next().await.unwrap();
    assert_eq!(
        (numbers(&data["items"]), &data["next"]),
        (vec![1], &id.as_str().into())
    );
    drop(stream);
    post_all(&house, &chat, &["b"]).await;
    let stale = format!("{path}?after={begin}");
    let mut again = Stream::open(&house, &stale, Some(&id)).await;
    let (_, _, data) = again.next().await.unwrap();
    assert_eq!(
        numbers(&data["items"]),
        [2],
        "the last id wins over the address"
    );
}

#[tokio::test]
async fn a_deleted_chat_says_removed_and_ends() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let mut stream = Stream::open(&house, &format!("{chat}/changes"), None).await;
    stream.next().await.unwrap();
    house.delete(&chat).await;
    let (name, _, data) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["items"]),
        ("removed", &serde_json::json!([{"kind": "removed"}]))
    );
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_from_another_history_is_reset_and_goes_on() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let mut foreign = chat_core::cursor::Cursor::decode(&cursor(&house, &chat).await).unwrap();
    foreign.epoch = chat_core::ids::Epoch(foreign.epoch.0 ^ 1);
    let mut stream = Stream::open(
        &house,
        &format!("{chat}/changes?after={}", foreign.encode()),
        None,
    )
    .await;
    let (name, id, data) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["head"]),
        ("reset", &id.as_str().into())
    );
    post_all(&house, &chat, &["a"]).await;
    let (name, _, data) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), numbers(&data["items"])),
        ("changes", vec![1])
    );
}

#[tokio::test]
async fn a_stream_ends_in_good_order_when_the_server_stops() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let mut stream = Stream::open(&house, &format!("{chat}/changes"), None).await;
    stream.next().await.unwrap();
    house.front.stopping().cancel();
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_ends_at_once_when_its_session_does() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2]).await;
    let path = format!("{group}/changes");
    let session = format!("Bearer {}", sessions[1]);
    let header = Some(("authorization", session.as_str()));
    let mut stream = Stream::open_with(&house, &path, header).await;
    stream.next().await.unwrap();
    let began = Instant::now();
    let own = the_session(&house, &application, &sessions[1]).await;
    let ended = by(&house, &sessions[1], "DELETE", &own, "").await;
    assert_eq!(ended.status, 204, "{}", ended.text());
    assert!(stream.next().await.is_none());
    let late = began.elapsed();
    assert!(late < Duration::from_secs(10), "{late:?}: it looked itself");
}

#[tokio::test]
async fn a_long_poll_hears_that_its_chat_or_its_session_is_over() {
    // In memory a request waits as soon as it is sent, so that what follows finds it waiting.
    let chat = chat().await;
    let front = front(vec![door(gate(&chat), options(), BODY)]);
    let house = House::on_doubles(chat, front);
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2]).await;
    let wait = format!("{group}/changes?wait=60");
    let removed = format!("{group}/members/2");
    let (heard, gone) = tokio::join!(by(&house, &sessions[1], "GET", &wait, ""), async {
        tokio::task::yield_now().await;
        house.delete(&removed).await
    });
    assert_eq!(gone.status, 204, "{}", gone.text());
    let items = &heard.json()["items"];
    assert_eq!(items[0]["kind"], "removed", "{}", heard.text());
    let session = the_session(&house, &application, &sessions[0]).await;
    let began = Instant::now();
    let (heard, ended) = tokio::join!(by(&house, &sessions[0], "GET", &wait, ""), async {
        tokio::task::yield_now().await;
        let end = request("DELETE", &session).header("as-user", "1");
        house.send(end).await
    });
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(
        (heard.status.as_u16(), ended.status.as_u16()),
        (401, 204),
        "{}",
        heard.text()
    );
}
