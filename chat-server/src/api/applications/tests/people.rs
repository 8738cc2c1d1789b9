//! What holds wherever people stand in a path.

use super::*;

/// Every pair of a method and a path where people stand, in an application with user 1 and chat 1; and what is sent.
const PAIRS: [(&str, &str, &str); 21] = [
    ("GET", "/users", ""),
    ("POST", "/users", r#"{"username":"x"}"#),
    ("GET", "/users/1", ""),
    ("PATCH", "/users/1", r#"{"display_name":"X"}"#),
    ("POST", "/sessions", r#"{"user":1}"#),
    ("GET", "/sessions", ""),
    ("GET", "/me", ""),
    ("PATCH", "/me", r#"{"display_name":"X"}"#),
    ("GET", "/me/chats", ""),
    ("GET", "/export", ""),
    ("POST", "/sync", r#"{"cursors":{}}"#),
    ("GET", "/chats/1/members", ""),
    ("POST", "/chats/1/members", r#"{"members":[2]}"#),
    ("PATCH", "/chats/1/members/1", r#"{"muted":true}"#),
    ("PATCH", "/chats/1", r#"{"name":"X"}"#),
    ("GET", "/chats/1/mark", ""),
    ("PUT", "/chats/1/mark", r#"{"read":0}"#),
    ("GET", "/chats/1/marks", ""),
    ("DELETE", "/chats/1/members/2", ""),
    ("DELETE", "/users/2", ""),
    (
        "DELETE",
        "/sessions/2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11",
        "",
    ),
];

async fn as_first(house: &House, method: &str, path: &str, body: &str) -> Answer {
    let asks_for_all = path.ends_with("/users") || path.ends_with("/sessions") && method == "POST";
    let request = request(method, path).header("content-type", "application/json");
    let request = match asks_for_all {
        true => request,
        false => request.header("as-user", "1"),
    };
    house.send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn unknown_parameters_and_keys_are_refused_wherever_people_are() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    a_group(&house, &application, &sessions[0], &[]).await;
    for (method, path, body) in PAIRS {
        let path = format!("{application}{path}");
        let unknown = format!("{path}?colour=red");
        let refused = as_first(&house, method, &unknown, body).await;
        let expected = told(400, "unknown_field", "colour");
        assert_eq!(problem(&refused), expected, "{method} {path}");
        if !body.is_empty() {
            let body = body.replacen('{', r#"{"colour":{"a":[1]},"#, 1);
            let refused = as_first(&house, method, &path, &body).await;
            assert_eq!(problem(&refused), expected, "{method} {path}");
        }
    }
    assert_eq!(
        numbers(&house.get(&format!("{application}/users")).await.json()),
        [1, 2]
    );
}

#[tokio::test]
async fn a_stranger_cannot_tell_a_chat_from_none() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    a_group(&house, &application, &sessions[0], &[]).await;
    for (method, path, body) in PAIRS {
        let Some(rest) = path.strip_prefix("/chats/1") else {
            continue;
        };
        let mut answers = Vec::new();
        for chat in ["1", "7", "x"] {
            let path = format!("{application}/chats/{chat}{rest}");
            for body in [body, if body.is_empty() { "" } else { r#"{"x":1}"# }] {
                let refused = by(&house, &sessions[1], method, &path, body).await;
                assert_eq!(
                    problem(&refused),
                    told(404, "not_found", ""),
                    "{method} {path}"
                );
                let mut problem = refused.json();
                problem["request_id"] = Value::Null;
                answers.push(problem);
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{method} {rest}: {answers:?}");
    }
}

#[tokio::test]
async fn nothing_of_an_application_is_reached_by_its_public_id_alone_or_from_another() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    a_group(&house, &application, &sessions[0], &[]).await;
    let public_id = house.get(&application).await.json()["public_id"].clone();
    let public = format!("{ROOT}/{}", public_id.as_str().unwrap());
    let other = self::application(&house, "Y").await;
    for (method, path, body) in PAIRS {
        for place in [&*public, NOBODY] {
            let refused = house.json(method, &format!("{place}{path}"), body).await;
            assert_eq!(
                problem(&refused),
                told(404, "not_found", ""),
                "{method} {path}"
            );
        }
        let path = format!("{other}{path}");
        let refused = by(&house, &sessions[0], method, &path, body).await;
        assert_eq!(
            problem(&refused),
            told(404, "not_found", ""),
            "{method} {path}"
        );
    }
    assert_eq!(house.get(&format!("{other}/users")).await.text(), "[]");
}

#[tokio::test]
async fn other_methods_are_told_which_ones_there_are() {
    let house = house().await;
    let (application, _) = people(&house, &["alice"]).await;
    for (path, allow) in [
        ("/users", "GET, HEAD, POST"),
        ("/users/1", "GET, HEAD, PATCH, DELETE"),
        ("/sessions", "POST, GET, HEAD"),
        ("/sessions/x", "DELETE"),
        ("/me", "GET, HEAD, PATCH"),
        ("/me/chats", "GET, HEAD"),
        ("/export", "GET, HEAD"),
        ("/chats/1/members", "GET, HEAD, POST"),
        ("/chats/1/members/1", "PATCH, DELETE"),
        ("/chats/1/mark", "GET, HEAD, PUT"),
        ("/chats/1/marks", "GET, HEAD"),
    ] {
        let refused = house
            .json("TRACE", &format!("{application}{path}"), "")
            .await;
        assert_eq!(
            problem(&refused),
            told(405, "method_not_allowed", ""),
            "{path}"
        );
        let mut told: Vec<&str> = refused.header("allow").unwrap().split(", ").collect();
        let mut allow: Vec<&str> = allow.split(", ").collect();
        told.sort_unstable();
        allow.sort_unstable();
        assert_eq!(told, allow, "{path}");
    }
}

#[tokio::test]
async fn what_is_missing_is_told_before_a_body_that_cannot_be_read() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice"]).await;
    a_group(&house, &application, &sessions[0], &[]).await;
    let of_nobody = PAIRS.iter().filter(|(.., body)| !body.is_empty());
    let of_nobody = of_nobody.map(|(method, path, _)| (*method, format!("{NOBODY}{path}")));
    let of_others = [
        ("PATCH", "/users/7"),
        ("PATCH", "/chats/7"),
        ("POST", "/chats/7/members"),
        ("PATCH", "/chats/1/members/7"),
        ("PUT", "/chats/7/mark"),
    ];
    let of_others = of_others.map(|(method, path)| (method, format!("{application}{path}")));
    for (method, path) in of_nobody.chain(of_others) {
        let missing = house.json(method, &path, "{").await;
        assert_eq!(
            problem(&missing),
            told(404, "not_found", ""),
            "{method} {path}"
        );
    }
}
