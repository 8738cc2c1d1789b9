use super::*;

async fn a_chat_of_three(house: &House) -> (String, Vec<String>) {
    let (application, sessions) = people(house, &["alice", "bob", "carol"]).await;
    let group = a_group(house, &application, &sessions[0], &[2, 3]).await;
    post_all(house, &group, &["a", "b", "c"]).await;
    (group, sessions)
}

#[tokio::test]
async fn a_mark_only_rises() {
    let house = house().await;
    let (group, sessions) = a_chat_of_three(&house).await;
    let mark = format!("{group}/mark");
    let now = by(&house, &sessions[0], "GET", &mark, "").await;
    assert_eq!(
        (now.status.as_u16(), now.text()),
        (200, r#"{"delivered":0,"read":0}"#)
    );
    for (body, stands) in [
        (r#"{"delivered":2}"#, r#"{"delivered":2,"read":0}"#),
        (r#"{"read":1}"#, r#"{"delivered":2,"read":1}"#),
        (r#"{"read":1}"#, r#"{"delivered":2,"read":1}"#),
        (
            r#"{"delivered":0.0,"read":0}"#,
            r#"{"delivered":2,"read":1}"#,
        ),
        (r#"{"read":2.0}"#, r#"{"delivered":2,"read":2}"#),
        (r#"{"read":"3"}"#, r#"{"delivered":3,"read":3}"#),
    ] {
        let answer = by(&house, &sessions[0], "PUT", &mark, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (200, stands),
            "{body}"
        );
        assert_eq!(
            by(&house, &sessions[0], "GET", &mark, "").await.text(),
            stands
        );
    }
    let named = request("PUT", &mark)
        .header("as-user", "2")
        .body(r#"{"read":2}"#);
    assert_eq!(
        house.send(named).await.text(),
        r#"{"delivered":2,"read":2}"#
    );
    let marks = by(&house, &sessions[2], "GET", &format!("{group}/marks"), "").await;
    assert_eq!(
        marks.text(),
        r#"[{"user":1,"delivered":3,"read":3},{"user":2,"delivered":2,"read":2},{"user":3,"delivered":0,"read":0}]"#
    );
    let page = house.get(&format!("{group}/marks?after=1&limit=1")).await;
    assert_eq!(page.text(), r#"[{"user":2,"delivered":2,"read":2}]"#);
    assert!(
        page.header("link")
            .unwrap()
            .contains("after=2>; rel=\"next\"")
    );
}

#[tokio::test]
async fn a_mark_that_cannot_be_is_refused_by_its_field() {
    let house = house().await;
    let (group, sessions) = a_chat_of_three(&house).await;
    let mark = format!("{group}/mark");
    for (body, field) in [
        ("{}", "read"),
        (r#"{"read":"01"}"#, "read"),
        (r#"{"read":-1}"#, "read"),
        (r#"{"read":1.5}"#, "read"),
        (r#"{"delivered":true}"#, "delivered"),
        (r#"{"delivered":18446744073709551615}"#, "delivered"),
        (r#"{"read":4}"#, "read"),
        (r#"{"delivered":4,"read":1}"#, "delivered"),
    ] {
        let refused = by(&house, &sessions[0], "PUT", &mark, body).await;
        assert_eq!(
            problem(&refused),
            told(422, "validation_failed", field),
            "{body}"
        );
    }
    assert_eq!(
        by(&house, &sessions[0], "GET", &mark, "").await.text(),
        r#"{"delivered":0,"read":0}"#
    );
}

#[tokio::test]
async fn nobody_has_no_mark() {
    let house = house().await;
    let (group, _) = a_chat_of_three(&house).await;
    for (method, body) in [("GET", ""), ("PUT", r#"{"read":1}"#)] {
        let refused = house.json(method, &format!("{group}/mark"), body).await;
        assert_eq!(problem(&refused), told(403, "forbidden", ""), "{method}");
        let missing = house.json(method, &format!("{group}7/mark"), body).await;
        assert_eq!(problem(&missing).0, 404, "{method}");
    }
}
