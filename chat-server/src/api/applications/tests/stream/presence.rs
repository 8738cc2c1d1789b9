use super::*;

#[tokio::test]
async fn those_who_are_watched_are_told_of_as_they_come_and_go() {
    let open = open_within(LiveLimits {
        grace: Duration::ZERO,
        ..LiveLimits::default()
    })
    .await;
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    let mut alice = open.enter(&application, &sessions[0]).await;
    // The third and the ninth user are none.
    let watch = json!({"type": "watch", "id": 1, "users": [2, 3, 9, 2]});
    alice.say(watch).await;
    let [ack, before] = alice.expect_both(["ack", "presence"]).await;
    assert_eq!(ack, json!({"type": "ack", "id": 1}));
    let gone = json!({"type": "presence", "user": 2, "online": false, "last_seen_at": null});
    assert_eq!(before, gone);
    let bob = open.enter(&application, &sessions[1]).await;
    let came = alice.expect("presence").await;
    assert_eq!((&came["user"], &came["online"]), (&2.into(), &true.into()));
    drop(bob);
    let left = alice.expect("presence").await;
    assert_eq!((&left["user"], &left["online"]), (&2.into(), &false.into()));
    assert!(left["last_seen_at"].is_string(), "{left}");
    // Nobody is watched any more.
    alice.say(json!({"type": "watch", "users": []})).await;
    alice.expect("ack").await;
    let _bob = open.enter(&application, &sessions[1]).await;
    alice.is_quiet().await;
}

#[tokio::test]
async fn the_token_watches_too_and_a_list_that_is_none_is_refused() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let mut token = open.ask(&application, &[]).await.unwrap();
    token.expect("ready").await;
    let many: Vec<u64> = (1..=201).collect();
    for users in [
        json!(null),
        json!(1),
        json!("1"),
        json!([0]),
        json!(["x"]),
        json!([1.5]),
        json!(many),
    ] {
        token
            .say(json!({"type": "watch", "id": "w", "users": users}))
            .await;
        let problem = token.expect("problem").await;
        assert_eq!(problem["code"], "validation_failed", "{users}");
        assert_eq!(
            (&problem["id"], &problem["errors"][0]["field"]),
            (&"w".into(), &"users".into())
        );
    }
    token
        .say(json!({"type": "watch", "users": many[..200]}))
        .await;
    let [_, nobody] = token.expect_both(["ack", "presence"]).await;
    assert_eq!(
        (&nobody["user"], &nobody["online"]),
        (&1.into(), &false.into())
    );
    let _alice = open.enter(&application, &sessions[0]).await;
    assert_eq!(token.expect("presence").await["online"], true);
    // Before somebody is known nobody is watched.
    let home = open
        .house
        .chat
        .default_application()
        .await
        .unwrap()
        .public_id;
    let home = format!("/api/v1/applications/{}", home.0);
    let mut stranger = open.ask(&home, &[]).await.unwrap();
    stranger.say(json!({"type": "watch", "users": [1]})).await;
    assert_eq!(stranger.expect("problem").await["code"], "unauthorized");
}
