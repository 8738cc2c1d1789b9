use super::*;

#[tokio::test]
async fn two_others_make_a_group() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let id = alice.begin(json!({"participants": [3, 2]})).await;
    for who in [&alice, &bob, &carol] {
        let list = who.get("/conversations").await;
        assert_eq!(
            (ids(&list), &list[0]["participants"]),
            (vec![id], &json!([1, 2, 3]))
        );
    }
    let other = alice.begin(json!({"participants": [2.0, 3]})).await;
    assert_ne!(id, other, "groups are made anew");
}

#[tokio::test]
async fn its_owner_names_it() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let id = alice
        .begin(json!({"participants": [2], "name": "one"}))
        .await;
    let path = format!("/conversations/{id}");
    let renamed = alice
        .done("PUT", &path, json!({"name": "two"}), 200)
        .await
        .json();
    assert_eq!(
        (&renamed["id"], &renamed["name"]),
        (&json!(id), &json!("two"))
    );
    assert_eq!(bob.get(&path).await["name"], "two");
    bob.refused("PUT", &path, json!({"name": "x"}), 403, "Not allowed")
        .await;
    let outside = "Not a participant";
    carol
        .refused("PUT", &path, json!({"name": "x"}), 403, outside)
        .await;
    let long = "name is too long (maximum is 255 characters)";
    for (body, status, words) in [
        (json!({}), 400, "name can't be blank"),
        (json!({"name": null}), 400, "name can't be blank"),
        (json!({"name": ""}), 400, "name can't be blank"),
        (json!({"name": 1}), 400, "name is invalid"),
        (json!({"name": "x".repeat(256)}), 422, long),
    ] {
        alice.refused("PUT", &path, body, status, words).await;
    }
    let lost = "Conversation not found";
    alice
        .refused("PUT", "/conversations/9", json!({"name": "x"}), 404, lost)
        .await;
}

#[tokio::test]
async fn its_owner_says_who_takes_part() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let id = alice
        .begin(json!({"participants": [2], "name": "one"}))
        .await;
    let (path, add) = (format!("/conversations/{id}"), json!({"userId": 3}));
    let participants = format!("{path}/participants");
    alice.say(id, "before").await;
    carol
        .refused("GET", &path, json!(null), 403, "Not a participant")
        .await;
    carol
        .refused("POST", &participants, add.clone(), 403, "Not a participant")
        .await;
    bob.refused("POST", &participants, add.clone(), 403, "Not allowed")
        .await;
    let added = alice
        .done("POST", &participants, add.clone(), 201)
        .await
        .json();
    assert_eq!(added["participants"], json!([1, 2, 3]));
    let taken = "User is already a participant";
    alice
        .refused("POST", &participants, json!({"userId": "3"}), 409, taken)
        .await;
    alice
        .refused(
            "POST",
            &participants,
            json!({"userId": 9}),
            404,
            "User not found",
        )
        .await;
    for wrong in [json!(null), json!("x"), json!([3]), json!(true), json!(0)] {
        let body = json!({"userId": wrong});
        let answer = alice.ask("POST", &participants, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    let seen = carol.get(&path).await;
    assert_eq!(
        seen["messages"][0]["content"], "before",
        "who comes sees all"
    );

    let remove = |user: &str| format!("{participants}/{user}");
    bob.refused("DELETE", &remove("3"), json!(null), 403, "Not allowed")
        .await;
    for user in ["9", "x", "03"] {
        let lost = "Participant not found";
        alice
            .refused("DELETE", &remove(user), json!(null), 404, lost)
            .await;
    }
    alice.done("DELETE", &remove("3"), json!(null), 204).await;
    for (method, path) in [
        ("GET", &path),
        ("DELETE", &remove("2")),
        ("DELETE", &remove("x")),
    ] {
        carol
            .refused(method, path, json!(null), 403, "Not a participant")
            .await;
    }
    let lost = "Conversation not found";
    let elsewhere = "/conversations/9/participants/2";
    alice
        .refused("DELETE", elsewhere, json!(null), 404, lost)
        .await;
    assert_eq!(carol.get("/conversations").await, json!([]));
    alice
        .refused(
            "DELETE",
            &remove("3"),
            json!(null),
            404,
            "Participant not found",
        )
        .await;
    bob.done("DELETE", &remove("2"), json!(null), 204).await;
    assert_eq!(
        alice.get(&path).await["participants"],
        json!([1]),
        "anybody may leave"
    );
}

#[tokio::test]
async fn whoever_deletes_it_leaves_it() {
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let id = alice
        .begin(json!({"participants": [2], "name": "one"}))
        .await;
    let path = format!("/conversations/{id}");
    carol
        .refused("DELETE", &path, json!(null), 403, "Not a participant")
        .await;
    let lost = "Conversation not found";
    alice
        .refused("DELETE", "/conversations/9", json!(null), 404, lost)
        .await;
    bob.done("DELETE", &path, json!(null), 204).await;
    bob.refused("DELETE", &path, json!(null), 403, "Not a participant")
        .await;
    assert_eq!(bob.get("/conversations").await, json!([]));
    assert_eq!(alice.get(&path).await["participants"], json!([1]));
}

#[tokio::test]
async fn a_key_makes_a_command_happen_once() {
    let house = house().await;
    let [alice, ..] = three(&house).await;
    let send = async |path: &str, body: Value| {
        let asked = request("POST", path)
            .header("authorization", &format!("Bearer {}", alice.token))
            .header("idempotency-key", "k");
        house.send(asked.body(body.to_string())).await
    };
    let group = json!({"participants": [2, 3]});
    let first = send("/conversations", group.clone()).await;
    let again = send("/conversations", group).await;
    assert_eq!((first.status, again.status), (again.status, first.status));
    assert_eq!(first.text(), again.text());
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let path = "/conversations/1/message";
    let first = send(path, json!({"content": "hi"})).await;
    let again = send(path, json!({"content": "hi"})).await;
    assert_eq!(first.text(), again.text());
    assert_eq!(send(path, json!({"content": "ho"})).await.status, 422);
}
