use tokio::time::timeout;

use super::*;

fn texts(answer: &Value) -> Vec<&str> {
    let list = answer["messages"].as_array().unwrap().iter();
    list.map(|one| one["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_go_by_message_ids() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let id = alice.begin(json!({"participants": [2]})).await;
    let other = alice.begin(json!({"participants": [3]})).await;
    let path = format!("/conversations/{id}");
    let empty = alice.get(&path).await;
    assert_eq!(
        keys(&empty),
        [
            "createdAt",
            "id",
            "lastMessage",
            "messages",
            "name",
            "participants",
            "unread"
        ]
    );
    assert_eq!(
        (&empty["messages"], &empty["unread"]),
        (&json!([]), &json!(0))
    );
    let mut messages = Vec::new();
    for n in 1..=60 {
        messages.push(alice.say(id, &n.to_string()).await);
        if n % 20 == 0 {
            alice.say(other, "elsewhere").await;
        }
    }
    let seen = bob.get(&path).await;
    let expected: Vec<String> = (11..=60).map(|n| n.to_string()).collect();
    assert_eq!(texts(&seen), expected, "the latest page, oldest first");
    assert_eq!(
        (&seen["unread"], &seen["lastMessage"]["content"]),
        (&json!(60), &json!("60"))
    );
    let page = async |query: String| bob.get(&format!("{path}?{query}")).await;
    let of = |n: usize| messages[n - 1];
    assert_eq!(texts(&page("limit=2".into()).await), ["59", "60"]);
    assert_eq!(texts(&page("limit=200".into()).await).len(), 60);
    assert_eq!(
        texts(&page(format!("limit=2&before={}", of(41))).await),
        ["39", "40"]
    );
    assert_eq!(
        texts(&page(format!("limit=2&after={}", of(40))).await),
        ["41", "42"]
    );
    assert_eq!(texts(&page("limit=1&after=0".into()).await), ["1"]);
    assert_eq!(texts(&page(format!("before={}", of(1))).await), [""; 0]);
    assert_eq!(texts(&page(format!("after={}", of(60))).await), [""; 0]);
    let deleted = format!("{path}/message/{}", of(41));
    alice.done("DELETE", &deleted, json!(null), 204).await;
    let around = format!("limit=2&before={}", of(42));
    assert_eq!(texts(&page(around).await), ["39", "40"]);
    let behind = format!("limit=1&after={}", of(41));
    assert_eq!(
        texts(&page(behind).await),
        ["42"],
        "also behind what is gone"
    );

    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "before=x",
        "before=0",
        "after=x",
        "after=-1",
        "after=01",
        "before=1&after=2",
        "wait=1",
        "wait=61&after=0",
        "wait=x&after=0",
    ] {
        let answer = bob.send("GET", &format!("{path}?{query}"), "").await;
        assert_eq!(answer.status, 400, "{query}");
    }
    for id in [9_999, of(20) + 1] {
        let path = format!("{path}?after={id}");
        bob.refused("GET", &path, json!(null), 404, "Message not found")
            .await;
    }
    carol
        .refused(
            "GET",
            &format!("{path}?limit=x"),
            json!(null),
            403,
            "Not a participant",
        )
        .await;
    let lost = "Conversation not found";
    carol
        .refused("GET", "/conversations/9?limit=x", json!(null), 404, lost)
        .await;
}

#[tokio::test]
async fn conversations_come_with_the_latest_activity_first() {
    let house = house().await;
    let alice = person(&house, "u1").await;
    for n in 2..=70 {
        person(&house, &format!("u{n}")).await;
        alice.begin(json!({"participants": [n]})).await;
    }
    assert_eq!(
        ids(&alice.get("/conversations").await),
        Vec::from_iter((1..=69).rev())
    );
    alice.say(5, "hi").await;
    alice.say(9, "ho").await;
    let list = alice.get("/conversations").await;
    assert_eq!(ids(&list)[..3], [9, 5, 69]);
    assert_eq!(list[0]["lastMessage"]["content"], "ho");
    assert_eq!(ids(&list).len(), 69, "all of them");
}

#[tokio::test]
async fn whoever_waits_is_answered_when_something_newer_comes() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let id = alice.begin(json!({"participants": [2]})).await;
    let path = format!("/conversations/{id}");
    let from_start = format!("{path}?after=0&wait=60");
    let (seen, first) = tokio::join!(bob.get(&from_start), alice.say(id, "one"));
    assert_eq!(texts(&seen), ["one"]);
    let after = format!("{path}?after={first}&wait=60");
    let posted = async {
        alice
            .done(
                "PUT",
                &format!("{path}/message/{first}"),
                json!({"content": "x"}),
                200,
            )
            .await;
        alice.say(id, "two").await
    };
    let (seen, _) = tokio::join!(bob.get(&after), posted);
    assert_eq!(texts(&seen), ["two"], "an edit is nothing newer");
    let at_once = bob.get(&after).await;
    assert_eq!(texts(&at_once), ["two"]);
    assert_eq!(at_once["lastMessage"]["content"], "two");
}

#[tokio::test]
async fn whoever_waits_in_vain_is_answered_with_nothing() {
    let house = house().await;
    let [_, bob, _] = three(&house).await;
    let id = bob.begin(json!({"participants": [1]})).await;
    let began = std::time::Instant::now();
    let path = format!("/conversations/{id}");
    let seen = bob.get(&format!("{path}?after=0&wait=1")).await;
    assert_eq!(seen["messages"], json!([]));
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    let seen = bob.get(&format!("{path}?after=0&wait=0")).await;
    assert_eq!(seen["messages"], json!([]));
}

#[tokio::test]
async fn whoever_is_removed_or_logged_out_waits_no_longer() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let id = alice.begin(json!({"participants": [2, 3]})).await;
    let path = format!("/conversations/{id}?after=0&wait=60");
    let wait = |who: &Person<'_>| {
        let token = format!("Bearer {}", who.token);
        request("GET", &path).header("authorization", &token)
    };
    let removed = async {
        let path = format!("/conversations/{id}/participants/2");
        alice.done("DELETE", &path, json!(null), 204).await;
    };
    let (answer, ()) = tokio::join!(house.send(wait(&bob)), removed);
    assert_eq!(answer.status, 403);
    let logged_out = async {
        // Who waits is there, and has looked once.
        let seen = async {
            while alice.get("/users/3").await["presence"] != "online" {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), seen)
            .await
            .expect("it waits");
        carol.done("POST", "/logout", json!(null), 204).await;
    };
    let ends = timeout(Duration::from_secs(20), house.send(wait(&carol)));
    let (answer, ()) = tokio::join!(ends, logged_out);
    let answer = answer.expect("it ends with the session");
    assert_eq!(answer.status, 401, "{}", answer.text());
}

#[tokio::test]
async fn a_server_that_stops_answers_whoever_waits() {
    let house = house().await;
    let [alice, ..] = three(&house).await;
    let id = alice.begin(json!({"participants": [2]})).await;
    let path = format!("/conversations/{id}?after=0&wait=60");
    let stop = async { house.front.stopping().cancel() };
    let (seen, ()) = tokio::join!(alice.get(&path), stop);
    assert_eq!(seen["messages"], json!([]));
}
