use super::*;
use crate::api::testing::keys;

#[tokio::test]
async fn me_is_whoever_asks() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let me = format!("{application}/me");
    assert_eq!(
        by(&house, &sessions[1], "GET", &me, "").await.json()["number"],
        2
    );
    let named = request("GET", &me).header("as-user", "1");
    assert_eq!(house.send(named).await.json()["number"], 1);
    let changed = by(
        &house,
        &sessions[1],
        "PATCH",
        &me,
        r#"{"display_name":"B"}"#,
    )
    .await;
    assert_eq!(
        (changed.status.as_u16(), &changed.json()["display_name"]),
        (200, &"B".into())
    );
    let wrong = by(&house, &sessions[1], "PATCH", &me, r#"{"username":" "}"#).await;
    assert_eq!(problem(&wrong), told(422, "validation_failed", "username"));
    for (method, path) in [("GET", "/me"), ("PATCH", "/me"), ("GET", "/me/chats")] {
        let nobody = house
            .json(method, &format!("{application}{path}"), "{}")
            .await;
        assert_eq!(
            problem(&nobody),
            told(403, "forbidden", ""),
            "{method} {path}"
        );
        let nowhere = house.json(method, &format!("{NOBODY}{path}"), "{}").await;
        assert_eq!(
            problem(&nowhere),
            told(404, "not_found", ""),
            "{method} {path}"
        );
        let path = format!("{NOBODY}{path}");
        let elsewhere = by(&house, &sessions[0], method, &path, "{}").await;
        assert_eq!(
            problem(&elsewhere),
            told(404, "not_found", ""),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn my_chats_come_latest_first_with_what_i_have_not_read() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let [alice, bob] = [&sessions[0], &sessions[1]];
    let mine = format!("{application}/me/chats");
    assert_eq!(by(&house, alice, "GET", &mine, "").await.text(), "[]");
    let group = a_group(&house, &application, alice, &[2]).await;
    let chats = format!("{application}/chats");
    let direct = r#"{"kind":"direct","members":[2]}"#;
    assert_eq!(by(&house, alice, "POST", &chats, direct).await.status, 201);
    a_group(&house, &application, bob, &[]).await;
    house.post(&chats, "").await;
    for text in ["one", "two"] {
        let body = serde_json::json!({ "body": text }).to_string();
        by(&house, bob, "POST", &format!("{group}/messages"), &body).await;
    }
    by(
        &house,
        alice,
        "POST",
        &format!("{group}/messages"),
        r#"{"body":"three"}"#,
    )
    .await;
    let list = by(&house, alice, "GET", &mine, "").await.json();
    assert_eq!(numbers(&list), [1, 2]);
    assert_eq!(
        keys(&list[0]),
        [
            "created_at",
            "cursor",
            "delivered",
            "kind",
            "last_message",
            "messages_count",
            "muted",
            "name",
            "number",
            "read",
            "role",
            "unread",
            "updated_at",
            "with"
        ]
    );
    let group_now = house.get(&group).await.json();
    let first = &list[0];
    assert_eq!(first["cursor"], group_now["cursor"]);
    assert_eq!(
        (
            &first["kind"],
            &first["role"],
            &first["muted"],
            &first["with"]
        ),
        (
            &"group".into(),
            &"owner".into(),
            &false.into(),
            &Value::Null
        )
    );
    assert_eq!(
        (
            &first["unread"],
            &first["last_message"]["body"],
            &first["last_message"]["author"]
        ),
        (&2.into(), &"three".into(), &1.into())
    );
    assert_eq!(
        (&list[1]["kind"], &list[1]["with"], &list[1]["last_message"]),
        (&"direct".into(), &2.into(), &Value::Null)
    );
    by(
        &house,
        alice,
        "PUT",
        &format!("{group}/mark"),
        r#"{"read":1}"#,
    )
    .await;
    let list = by(&house, alice, "GET", &mine, "").await.json();
    assert_eq!(
        (&list[0]["unread"], &list[0]["read"]),
        (&1.into(), &1.into())
    );
    by(&house, alice, "DELETE", &format!("{group}/members/1"), "").await;
    assert_eq!(
        numbers(&by(&house, alice, "GET", &mine, "").await.json()),
        [2]
    );
}

#[tokio::test]
async fn my_chats_have_pages() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice"]).await;
    for _ in 0..5 {
        a_group(&house, &application, &sessions[0], &[]).await;
    }
    let mut path = format!("{application}/me/chats?limit=2");
    let mut seen = Vec::new();
    loop {
        let page = by(&house, &sessions[0], "GET", &path, "").await;
        assert_eq!(page.status, 200, "{}", page.text());
        seen.push(numbers(&page.json()));
        let Some(link) = page.header("link") else {
            break;
        };
        let next = link.strip_suffix(">; rel=\"next\"").unwrap();
        path = next.strip_prefix('<').unwrap().to_owned();
    }
    assert_eq!(seen, [vec![5, 4], vec![3, 2], vec![1]]);
    for (query, field) in [
        ("limit=1001", "limit"),
        ("after=7", "after"),
        ("after=1.0", "after"),
    ] {
        let path = format!("{application}/me/chats?{query}");
        let refused = by(&house, &sessions[0], "GET", &path, "").await;
        assert_eq!(problem(&refused), told(400, "invalid_parameter", field));
    }
}

#[tokio::test]
async fn a_page_of_my_chats_holds_fifty_unless_it_is_said() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice"]).await;
    for _ in 0..51 {
        a_group(&house, &application, &sessions[0], &[]).await;
    }
    let mine = format!("{application}/me/chats");
    let page = by(&house, &sessions[0], "GET", &mine, "").await;
    assert_eq!(
        numbers(&page.json()),
        (2..=51).rev().collect::<Vec<_>>(),
        "the latest"
    );
    let link = page.header("link").unwrap();
    let next = link.strip_prefix(&format!("<{mine}?limit=50&after="));
    assert!(next.unwrap().ends_with(">; rel=\"next\""), "{link}");
}
