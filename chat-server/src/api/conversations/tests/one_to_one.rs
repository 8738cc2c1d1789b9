use super::*;

#[tokio::test]
async fn each_two_have_one_conversation() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let made = alice
        .done(
            "POST",
            "/conversations",
            json!({"participants": ["2"]}),
            201,
        )
        .await;
    let made = made.json();
    assert_eq!(
        keys(&made),
        [
            "createdAt",
            "id",
            "lastMessage",
            "name",
            "participants",
            "unread"
        ]
    );
    assert!(is_time(&made["createdAt"], 3), "{made}");
    for (key, value) in [
        ("id", json!(1)),
        ("name", json!(null)),
        ("participants", json!([1, 2])),
        ("unread", json!(0)),
        ("lastMessage", json!(null)),
    ] {
        assert_eq!(made[key], value, "{key}");
    }
    for (who, whom) in [
        (&alice, json!([2])),
        (&bob, json!([1])),
        (&bob, json!([1, 2, 1])),
    ] {
        let body = json!({"participants": whom});
        let found = who.done("POST", "/conversations", body, 200).await.json();
        assert_eq!(found, made);
    }
    let named = alice
        .begin(json!({"participants": [2], "name": "two"}))
        .await;
    assert_eq!(named, 2, "a name makes a group");
}

#[tokio::test]
async fn it_leaves_my_list_until_its_next_message() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let id = alice.begin(json!({"participants": [2]})).await;
    bob.say(id, "hi").await;
    let path = format!("/conversations/{id}");
    alice.done("DELETE", &path, json!(null), 204).await;
    assert_eq!(alice.get("/conversations").await, json!([]));
    assert_eq!(ids(&bob.get("/conversations").await), [id]);
    assert_eq!(
        alice.get(&path).await["messages"].as_array().unwrap().len(),
        1
    );
    bob.say(id, "ho").await;
    assert_eq!(ids(&alice.get("/conversations").await), [id]);
}

#[tokio::test]
async fn nobody_comes_in_or_goes_and_it_has_no_name() {
    let house = house().await;
    let [alice, ..] = three(&house).await;
    let id = alice.begin(json!({"participants": [2]})).await;
    let words = "Not possible in a one-to-one conversation";
    let path = format!("/conversations/{id}");
    alice
        .refused("PUT", &path, json!({"name": "x"}), 400, words)
        .await;
    let participants = format!("{path}/participants");
    alice
        .refused("POST", &participants, json!({"userId": 3}), 400, words)
        .await;
    for user in [1, 2] {
        let path = format!("{participants}/{user}");
        alice
            .refused("DELETE", &path, json!(null), 400, words)
            .await;
    }
}

#[tokio::test]
async fn what_cannot_be_begun_is_refused() {
    let house = house().await;
    let [alice, ..] = three(&house).await;
    for participants in [
        json!(null),
        json!([]),
        json!([1]),
        json!(["1", 1]),
        json!(2),
        json!("2"),
        json!({"0": 2}),
        json!([null]),
        json!([0]),
        json!([-2]),
        json!([2.5]),
        json!(["02"]),
        json!(["bob"]),
        json!([[2]]),
    ] {
        let body = json!({"participants": participants});
        let answer = alice.ask("POST", "/conversations", body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    for body in [
        json!({"participants": [9]}),
        json!({"participants": [2, "9"]}),
        json!({"participants": [1_u64 << 63]}),
        json!({"participants": [1e30]}),
        json!({"participants": ["100000000000000000000000000000"]}),
    ] {
        alice
            .refused("POST", "/conversations", body, 404, "User not found")
            .await;
    }
    let long = "name is too long (maximum is 255 characters)";
    for (name, status, words) in [
        (json!(" "), 400, "name can't be blank"),
        (json!(1), 400, "name is invalid"),
        (json!("x".repeat(256)), 422, long),
    ] {
        let body = json!({"participants": [2], "name": name});
        alice
            .refused("POST", "/conversations", body, status, words)
            .await;
    }
    assert_eq!(alice.get("/conversations").await, json!([]));
}
