use chat_core::ids::{Token, UserNumber};
use chat_core::service::Access;

use super::*;
use crate::api::testing::{is_time, keys};

#[tokio::test]
async fn a_name_and_a_password_open_a_session_by_the_token_and_by_the_public_id() {
    let house = house().await;
    let application = application(&house, "X").await;
    let user = r#"{"username":"alice","password":"pa55"}"#;
    let made = house.post(&format!("{application}/users"), user).await;
    assert_eq!(made.status, 201);
    assert!(!made.text().contains("pa55"));
    let public_id = house.get(&application).await.json()["public_id"].clone();
    let public = format!("{ROOT}/{}", public_id.as_str().unwrap());
    for place in [&application, &public] {
        let body = r#"{"username":"Alice","password":"pa55","device":"phone"}"#;
        let opened = house.post(&format!("{place}/sessions"), body).await;
        assert_eq!(opened.status, 201, "{}", opened.text());
        assert_eq!(opened.header("cache-control"), Some("no-store"));
        let session = opened.json();
        assert_eq!(
            keys(&session),
            ["created_at", "device", "expires_at", "id", "token", "user"]
        );
        assert!(is_time(&session["expires_at"], 6));
        assert_eq!(
            (&session["device"], &session["user"]),
            (&"phone".into(), &made.json())
        );
        let token = session["token"].as_str().unwrap();
        let me = by(&house, token, "GET", &format!("{public}/me"), "").await;
        assert_eq!((me.status.as_u16(), me.json()), (200, made.json()));
    }
    let sessions = format!("{public}/sessions");
    let mut refusals = Vec::new();
    for body in [
        r#"{"username":"alice","password":"wrong"}"#,
        r#"{"username":"nobody","password":"pa55"}"#,
        r#"{"username":"\u0000","password":"pa55"}"#,
    ] {
        let refused = house.post(&sessions, body).await;
        assert_eq!(problem(&refused), told(401, "unauthorized", ""));
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        let mut problem = refused.json();
        problem["request_id"] = Value::Null;
        refusals.push(problem);
    }
    assert_eq!(
        refusals[0], refusals[1],
        "who has no such name learns nothing"
    );
    assert_eq!(refusals[0], refusals[2]);
}

#[tokio::test]
async fn wrong_logins_are_limited_by_name_whether_somebody_has_it_or_not() {
    let house = house().await;
    let (application, _) = people(&house, &["alice"]).await;
    let sessions = format!("{application}/sessions");
    for name in ["alice", "nobody"] {
        let typed = |name: &str| {
            let body = serde_json::json!({ "username": name, "password": "x" });
            body.to_string()
        };
        for _ in 0..10 {
            assert_eq!(house.post(&sessions, typed(name)).await.status, 401);
        }
        let barred = house.post(&sessions, typed(&name.to_uppercase())).await;
        assert_eq!(problem(&barred), told(429, "rate_limited", ""));
        assert!(barred.header("retry-after").is_some());
    }
    let minted = house.post(&sessions, r#"{"user":1}"#).await;
    assert_eq!(
        minted.status, 201,
        "a host that knows who it is tries nothing"
    );
}

#[tokio::test]
async fn only_the_token_opens_a_session_without_a_password() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let public_id = house.get(&application).await.json()["public_id"].clone();
    let public = format!("{ROOT}/{}", public_id.as_str().unwrap());
    let asked = r#"{"user":2}"#;
    let anyone = house.post(&format!("{public}/sessions"), asked).await;
    assert_eq!(problem(&anyone), told(404, "not_found", ""));
    for place in [&application, &public] {
        let user = by(
            &house,
            &sessions[0],
            "POST",
            &format!("{place}/sessions"),
            asked,
        )
        .await;
        assert_eq!(problem(&user), told(403, "forbidden", ""));
    }
    let as_user = request("POST", &format!("{application}/sessions")).header("as-user", "1");
    let refused = house.send(as_user.body(asked)).await;
    assert_eq!(problem(&refused), told(403, "forbidden", ""));
    let missing = house
        .post(&format!("{application}/sessions"), r#"{"user":7}"#)
        .await;
    assert_eq!(problem(&missing), told(422, "validation_failed", "user"));
    for place in [NOBODY, &format!("{ROOT}/x")] {
        for body in [asked, r#"{"username":"a","password":"b"}"#, "{}"] {
            let nowhere = house.post(&format!("{place}/sessions"), body).await;
            assert_eq!(problem(&nowhere), told(404, "not_found", ""));
        }
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_is_refused_by_its_field() {
    let house = house().await;
    let (application, _) = people(&house, &["alice"]).await;
    let long = "x".repeat(1025);
    for (body, field) in [
        ("{}", "username"),
        (r#"{"username":"a"}"#, "password"),
        (r#"{"username":1,"password":"b"}"#, "username"),
        (r#"{"username":"a","password":[]}"#, "password"),
        (
            &*format!(r#"{{"username":"a","password":"{long}"}}"#),
            "password",
        ),
        (r#"{"user":"one"}"#, "user"),
        (r#"{"user":0}"#, "user"),
        (r#"{"user":1.5}"#, "user"),
        (r#"{"user":1,"username":"a"}"#, "user"),
        (r#"{"user":1,"device":" "}"#, "device"),
        (r#"{"user":1,"device":3}"#, "device"),
    ] {
        let path = format!("{application}/sessions");
        let refused = house.post(&path, body.to_owned()).await;
        assert_eq!(
            problem(&refused),
            told(422, "validation_failed", field),
            "{body:.60}"
        );
    }
}

#[tokio::test]
async fn a_user_lists_and_ends_his_own_sessions_alone() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let path = format!("{application}/sessions");
    let second = house
        .post(&path, r#"{"user":1,"device":"laptop"}"#)
        .await
        .json();
    let mine = by(&house, &sessions[0], "GET", &path, "").await;
    let list = mine.json();
    assert_eq!(
        (mine.status.as_u16(), list.as_array().unwrap().len()),
        (200, 2)
    );
    assert_eq!(keys(&list[0]), ["created_at", "device", "expires_at", "id"]);
    let devices = [&list[0]["device"], &list[1]["device"]];
    assert!(devices.contains(&&"laptop".into()) && devices.contains(&&Value::Null));

    let other = format!("{path}/{}", second["id"].as_str().unwrap());
    let not_his = by(&house, &sessions[1], "DELETE", &other, "").await;
    assert_eq!(problem(&not_his), told(404, "not_found", ""));
    let token = second["token"].as_str().unwrap();
    let me = format!("{application}/me");
    assert_eq!(by(&house, token, "GET", &me, "").await.status, 200);
    let ended = by(&house, &sessions[0], "DELETE", &other, "").await;
    assert_eq!((ended.status.as_u16(), ended.text()), (204, ""));
    let refused = by(&house, token, "GET", &me, "").await;
    assert_eq!(problem(&refused), told(401, "unauthorized", ""));
    for path in [
        &other,
        &format!("{path}/x"),
        &format!("{path}/{}", second["token"].as_str().unwrap()),
    ] {
        let missing = by(&house, &sessions[0], "DELETE", path, "").await;
        assert_eq!(problem(&missing), told(404, "not_found", ""));
    }
    for (method, path) in [("GET", &path), ("DELETE", &other)] {
        let nobody = house.json(method, path, "").await;
        assert_eq!(problem(&nobody), told(403, "forbidden", ""), "{method}");
    }
    let for_him = request("GET", &path).header("as-user", "1");
    assert_eq!(
        house.send(for_him).await.json().as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn another_password_ends_every_session_but_the_one_it_is_changed_in() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice"]).await;
    let opened = house
        .post(&format!("{application}/sessions"), r#"{"user":1}"#)
        .await;
    let other = opened.json()["token"].as_str().unwrap().to_owned();
    let me = format!("{application}/me");
    let changed = by(&house, &sessions[0], "PATCH", &me, r#"{"password":"new"}"#).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(by(&house, &sessions[0], "GET", &me, "").await.status, 200);
    assert_eq!(by(&house, &other, "GET", &me, "").await.status, 401);
    let token = house
        .json(
            "PATCH",
            &format!("{application}/users/1"),
            r#"{"password":"newer"}"#,
        )
        .await;
    assert_eq!(token.status, 200);
    assert_eq!(by(&house, &sessions[0], "GET", &me, "").await.status, 401);
}

#[tokio::test]
async fn without_parameters_a_thousand_sessions_are_listed() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice"]).await;
    let list = format!("{application}/sessions");
    let token: Token = application.rsplit('/').next().unwrap().parse().unwrap();
    let access = Access::from(token);
    for _ in 0..1_000 {
        let opened = house.chat.mint_session(access, UserNumber(1), None).await;
        opened.unwrap();
    }
    let page = by(&house, &sessions[0], "GET", &list, "").await;
    assert_eq!(page.json().as_array().unwrap().len(), 1_000);
    let rest = page.header("link").expect("there is one more");
    let rest = rest.strip_prefix('<').unwrap().split('>').next().unwrap();
    let rest = by(&house, &sessions[0], "GET", rest, "").await;
    assert_eq!(rest.json().as_array().unwrap().len(), 1);
    assert_eq!(rest.header("link"), None);
}

#[tokio::test]
async fn sessions_are_paged_by_link_the_latest_first() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice"]).await;
    for _ in 0..4 {
        let opened = house
            .post(&format!("{application}/sessions"), r#"{"user":1}"#)
            .await;
        assert_eq!(opened.status, 201);
    }
    let list = format!("{application}/sessions");
    let all = by(&house, &sessions[0], "GET", &list, "").await.json();
    let all = all.as_array().unwrap().clone();
    assert_eq!(all.len(), 5);
    let (mut seen, mut path) = (Vec::new(), format!("{list}?limit=2"));
    loop {
        let page = by(&house, &sessions[0], "GET", &path, "").await;
        assert_eq!(page.status, 200, "{}", page.text());
        seen.extend(page.json().as_array().unwrap().clone());
        let Some(link) = page.header("link") else {
            break;
        };
        let next = link.strip_prefix('<').unwrap();
        next.split('>').next().unwrap().clone_into(&mut path);
    }
    assert_eq!(seen, all);
    for wrong in ["after=7", "after=1.x", "limit=0", "limit=1001"] {
        let refused = by(&house, &sessions[0], "GET", &format!("{list}?{wrong}"), "").await;
        let name = wrong.split('=').next().unwrap();
        assert_eq!(
            problem(&refused),
            told(400, "invalid_parameter", name),
            "{wrong}"
        );
    }
}
