use super::*;

/// The status of a refusal, and the code of its problem.
fn refused(asked: Result<Client, Error>) -> (u16, String) {
    match asked {
        Err(Error::Http(answer)) => {
            let body = answer.body().clone().unwrap_or_default();
            let problem: Value = serde_json::from_slice(&body).unwrap();
            let code = problem["code"].as_str().unwrap().to_owned();
            (answer.status().as_u16(), code)
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a socket was opened"),
    }
}

fn because(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn what_asks_for_no_socket_is_told_how_to() {
    let house = house().await;
    let application = application(&house, "X").await;
    let answer = house.get(&format!("{application}/stream")).await;
    assert_eq!(problem(&answer), told(426, "upgrade_required", ""));
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    let nowhere = house.get(&format!("{NOBODY}/stream")).await;
    assert_eq!(problem(&nowhere), told(404, "not_found", ""));
    let query = house.get(&format!("{application}/stream?session=x")).await;
    assert_eq!(problem(&query), told(400, "unknown_field", "session"));
}

#[tokio::test]
async fn who_is_not_known_gets_no_socket() {
    let open = open().await;
    let (application, _) = people(&open.house, &["alice"]).await;
    let asked = |headers: &'static [(&'static str, &'static str)]| open.ask(&application, headers);
    let unknown = refused(asked(&[("authorization", "Bearer nobody")]).await);
    assert_eq!(unknown, because(401, "unauthorized"));
    let nobody = refused(asked(&[("as-user", "9")]).await);
    assert_eq!(nobody, because(404, "not_found"));
    let nowhere = refused(open.ask(NOBODY, &[]).await);
    assert_eq!(nowhere, because(404, "not_found"));
}

#[tokio::test]
async fn a_key_that_is_none_opens_no_socket() {
    let open = open().await;
    let application = application(&open.house, "X").await;
    let asked = open.ask(&application, &[("sec-websocket-key", "x")]).await;
    assert_eq!(refused(asked), because(400, "bad_request"));
}

#[tokio::test]
async fn a_page_of_another_site_gets_no_socket_unless_the_setting_names_it() {
    let origins = vec!["https://shop.example".parse().unwrap()];
    let open = open_with(Options {
        origins,
        ..options()
    })
    .await;
    let application = application(&open.house, "X").await;
    let own = format!("http://{}", open.address);
    for welcome in ["https://shop.example", &own] {
        let asked = open.ask(&application, &[("origin", welcome)]).await;
        asked.unwrap().expect("ready").await;
    }
    for other in ["https://evil.example", "null"] {
        let asked = open.ask(&application, &[("origin", other)]).await;
        assert_eq!(refused(asked), because(403, "forbidden"), "{other}");
    }
}

#[tokio::test]
async fn too_many_sockets_of_a_user_or_an_address_are_refused_before_they_are_open() {
    let limits = LiveLimits {
        per_user: 1,
        per_address: 2,
        ..LiveLimits::default()
    };
    let open = open_within(limits).await;
    let (application, sessions) = people(&open.house, &["alice", "bob", "eve"]).await;
    let bearer = |at: usize| format!("Bearer {}", sessions[at]);
    let _alice = open.enter(&application, &sessions[0]).await;
    let second = open
        .ask(&application, &[("authorization", &bearer(0))])
        .await;
    assert_eq!(refused(second), because(429, "too_many_connections"));
    let bob = open.enter(&application, &sessions[1]).await;
    let third = open
        .ask(&application, &[("authorization", &bearer(2))])
        .await;
    assert_eq!(refused(third), because(429, "too_many_connections"));
    let public = public(&open.house, &application).await;
    let mut later = open.ask(&public, &[]).await.unwrap();
    later
        .say(json!({"type": "hello", "session": sessions[2]}))
        .await;
    assert_eq!(
        later.expect("problem").await["code"],
        "too_many_connections"
    );
    assert_eq!(later.bye().await, gone("too_many", true, 1013));
    // A place is free again once a socket is gone.
    drop(bob);
    while open.house.chat.listeners() > 1 {
        tokio::task::yield_now().await;
    }
    open.enter(&application, &sessions[2]).await;
}

#[tokio::test]
async fn by_the_public_id_the_first_frame_says_who_it_is() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice"]).await;
    let public = public(&open.house, &application).await;
    let mut alice = open.ask(&public, &[]).await.unwrap();
    alice
        .say(json!({"type": "sync", "id": 1, "cursors": {}}))
        .await;
    let early = alice.expect("problem").await;
    assert_eq!(
        (&early["id"], &early["code"]),
        (&1.into(), &"unauthorized".into())
    );
    assert!(early["detail"].as_str().unwrap().starts_with("hello"));
    alice
        .say(json!({"type": "hello", "session": sessions[0]}))
        .await;
    // It need not be waited for.
    alice.say(json!({"type": "sync", "cursors": {}})).await;
    let ready = alice.expect("ready").await;
    assert_eq!(ready["heartbeat"], 25_000);
    assert!(ready["epoch"].is_string() && ready["retry_ms"].is_u64());
    alice.expect("caught_up").await;

    for session in ["nobody", ""] {
        let mut stranger = open.ask(&public, &[]).await.unwrap();
        stranger
            .say(json!({"type": "hello", "session": session}))
            .await;
        assert_eq!(stranger.expect("problem").await["code"], "unauthorized");
        assert_eq!(stranger.bye().await, gone("signed_out", false, 1008));
    }
}

#[tokio::test]
async fn who_names_a_user_is_that_one() {
    let open = open().await;
    let (application, sessions) = people(&open.house, &["alice", "bob"]).await;
    let as_alice = &[("as-user", "1")];
    let mut alice = open.ask(&application, as_alice).await.unwrap();
    alice.expect("ready").await;
    alice
        .say(json!({"type": "hello", "session": sessions[1]}))
        .await;
    let refused_hello = alice.expect("problem").await;
    assert_eq!(refused_hello["errors"][0]["field"], "type");
    alice.is_quiet().await;
    // Only the token may name one.
    let public = public(&open.house, &application).await;
    let asked = open.ask(&public, as_alice).await;
    assert_eq!(refused(asked), because(404, "not_found"));
}

#[tokio::test]
async fn a_session_of_another_application_is_none() {
    let open = open().await;
    let (_, sessions) = people(&open.house, &["alice"]).await;
    let other = application(&open.house, "Y").await;
    let public = public(&open.house, &other).await;
    let mut alice = open.ask(&public, &[]).await.unwrap();
    alice
        .say(json!({"type": "hello", "session": sessions[0]}))
        .await;
    assert_eq!(alice.expect("problem").await["code"], "unauthorized");
    assert_eq!(alice.bye().await, gone("signed_out", false, 1008));
}
