use chat_core::commit::PutKey;
use chat_core::ids::{Token, UserNumber};
use chat_core::service::Access;
use chat_core::text::{Device, PublicKey};

use super::*;
use crate::api::testing::is_time;

/// Kind and text of each line.
fn lines(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let one = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = match line["type"].as_str().unwrap() {
            "user" => &line["username"],
            "chat" => &line["number"],
            "message" => &line["body"],
            "key" => &line["device"],
            other => panic!("{other}"),
        };
        format!("{} {text}", line["type"].as_str().unwrap())
    };
    answer.text().lines().map(one).collect()
}

#[tokio::test]
async fn an_application_takes_everything_and_a_user_what_is_his() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2]).await;
    let other = a_group(&house, &application, &sessions[0], &[3]).await;
    let open = house.post(&format!("{application}/chats"), "").await;
    assert_eq!(open.status, 201);
    post_all(&house, &group, &["a", "b", "c"]).await;
    post_all(&house, &other, &["d"]).await;
    assert_eq!(
        house.delete(&format!("{group}/messages/2")).await.status,
        204
    );
    let export = format!("{application}/export");
    let users = ["user \"alice\"", "user \"bob\"", "user \"carol\""];
    let first = ["chat 1", "message \"a\"", "message \"c\""];
    let all = house.get(&export).await;
    let rest = ["chat 2", "message \"d\"", "chat 3"];
    assert_eq!(lines(&all), [&users[..], &first, &rest].concat());
    let line = all.text().lines().nth(4).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    let mut shown = house.get(&format!("{group}/messages/1")).await.json();
    shown["chat"] = 1.into();
    shown["type"] = "message".into();
    assert_eq!(line, shown);

    let bob = by(&house, &sessions[1], "GET", &export, "").await;
    assert_eq!(lines(&bob), [&users[1..2], &first].concat());
    let acting = request("GET", &export).header("as-user", "3");
    let carol = house.send(acting).await;
    assert_eq!(lines(&carol), [&users[2..], &rest[..2]].concat());
    let stranger = house.get(&format!("{NOBODY}/export")).await;
    assert_eq!(problem(&stranger), told(404, "not_found", ""));
}

#[tokio::test]
async fn more_than_a_page_of_messages_is_taken() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let texts: Vec<String> = (0..201).map(|n| n.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    post_all(&house, &chat, &texts).await;
    let application = chat.strip_suffix("/chats/1").unwrap();
    let lines = lines(&house.get(&format!("{application}/export")).await);
    assert_eq!(lines.len(), 202);
    assert_eq!(lines[201], "message \"200\"");
}

#[tokio::test]
async fn keys_of_devices_are_taken_behind_their_users() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let token: Token = application.rsplit('/').next().unwrap().parse().unwrap();
    let access = Access::from(token);
    for (user, device) in [(1, "phone"), (2, "b"), (1, "desk")] {
        let put = PutKey {
            device: Device::parse(device).unwrap(),
            key: PublicKey::parse("QUJD").unwrap(),
        };
        house
            .chat
            .put_key(access, UserNumber(user), put)
            .await
            .unwrap();
    }
    let export = format!("{application}/export");
    let all = house.get(&export).await;
    let expected = [
        "user \"alice\"",
        "key \"desk\"",
        "key \"phone\"",
        "user \"bob\"",
        "key \"b\"",
    ];
    assert_eq!(lines(&all), expected);
    let key: Value = serde_json::from_str(all.text().lines().nth(1).unwrap()).unwrap();
    assert_eq!(
        (&key["user"], &key["key"]),
        (&Value::from(1), &Value::from("QUJD"))
    );
    assert!(is_time(&key["created_at"], 6), "{key}");
    let bob = by(&house, &sessions[1], "GET", &export, "").await;
    assert_eq!(lines(&bob), expected[3..]);
}
