use super::*;
use crate::api::testing::{is_time, keys};

/// Each member with its role.
fn roles(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| format!("{} {}", one["user"], one["role"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn those_who_own_a_group_say_who_is_in_it() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol"]).await;
    let group = a_group(&house, &application, &sessions[0], &[]).await;
    let members = format!("{group}/members");
    let added = by(&house, &sessions[0], "POST", &members, r#"{"members":[2]}"#).await;
    assert_eq!(
        (added.status.as_u16(), added.text()),
        (201, r#"[{"user":2,"role":"member"}]"#)
    );
    let reader = r#"{"members":[3],"role":"reader"}"#;
    let refused = by(&house, &sessions[1], "POST", &members, reader).await;
    assert_eq!(problem(&refused), told(403, "forbidden", ""));
    assert_eq!(house.post(&members, reader).await.status, 201);
    let list = by(&house, &sessions[1], "GET", &members, "").await.json();
    let now = ["1 owner", "2 member", "3 reader"];
    assert_eq!(roles(&list), now);
    assert_eq!(
        keys(&list[0]),
        ["joined_at", "role", "user"],
        "how others mute is theirs"
    );
    assert_eq!(keys(&list[1]), ["joined_at", "muted", "role", "user"]);
    assert!(is_time(&list[0]["joined_at"], 6));
    let page = by(
        &house,
        &sessions[1],
        "GET",
        &format!("{members}?limit=2"),
        "",
    )
    .await;
    assert_eq!(roles(&page.json()), now[..2]);
    assert_eq!(
        page.header("link"),
        Some(&*format!("<{members}?limit=2&after=2>; rel=\"next\""))
    );
    let post = by(
        &house,
        &sessions[2],
        "POST",
        &format!("{group}/messages"),
        r#"{"body":"a"}"#,
    )
    .await;
    assert_eq!(post.status, 403, "a reader reads");
    let third = format!("{members}/3");
    let first = format!("{members}/1");
    let last = by(
        &house,
        &sessions[0],
        "PATCH",
        &first,
        r#"{"role":"member"}"#,
    )
    .await;
    assert_eq!(problem(&last), told(422, "validation_failed", "role"));
    let refused = by(&house, &sessions[1], "PATCH", &third, r#"{"role":"owner"}"#).await;
    assert_eq!(problem(&refused), told(403, "forbidden", ""));
    let changed = by(
        &house,
        &sessions[0],
        "PATCH",
        &third,
        r#"{"role":"member"}"#,
    )
    .await;
    assert_eq!(
        (changed.status.as_u16(), &changed.json()["role"]),
        (200, &"member".into())
    );
    let refused = by(&house, &sessions[1], "DELETE", &third, "").await;
    assert_eq!(problem(&refused), told(403, "forbidden", ""));
    let removed = by(&house, &sessions[0], "DELETE", &third, "").await;
    assert_eq!((removed.status.as_u16(), removed.text()), (204, ""));
    assert_eq!(
        by(&house, &sessions[2], "GET", &group, "").await.status,
        404
    );
    let left = by(&house, &sessions[1], "DELETE", &format!("{members}/2"), "").await;
    assert_eq!(left.status, 204, "leaving is everybody's own");
    assert_eq!(roles(&house.get(&members).await.json()), now[..1]);
}

#[tokio::test]
async fn whoever_wants_to_be_left_alone_says_so_himself() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2]).await;
    let me = format!("{group}/members/2");
    let muted = by(&house, &sessions[1], "PATCH", &me, r#"{"muted":true}"#).await;
    assert_eq!(
        (muted.status.as_u16(), &muted.json()["muted"]),
        (200, &true.into())
    );
    let refused = by(&house, &sessions[0], "PATCH", &me, r#"{"muted":false}"#).await;
    assert_eq!(problem(&refused), told(403, "forbidden", ""));
    assert_eq!(
        house.get(&format!("{group}/members")).await.json()[1]["muted"],
        true
    );
    let mine = by(
        &house,
        &sessions[1],
        "GET",
        &format!("{application}/me/chats"),
        "",
    )
    .await;
    assert_eq!(mine.json()[0]["muted"], true);
}

#[tokio::test]
async fn the_same_key_again_takes_nobody_in_twice() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol"]).await;
    let group = a_group(&house, &application, &sessions[0], &[]).await;
    let members = format!("{group}/members");
    let first = keyed(&house, &members, "k", r#"{"members":[3,2,3]}"#).await;
    house.delete(&format!("{members}/2")).await;
    let again = keyed(&house, &members, "k", r#"{"members":[2,3]}"#).await;
    assert_eq!(
        (first.status.as_u16(), again.status.as_u16(), first.text()),
        (201, 201, again.text())
    );
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(
        house.get(&members).await.json().as_array().unwrap().len(),
        2
    );
    let other = keyed(&house, &members, "k", r#"{"members":[2]}"#).await;
    assert_eq!(problem(&other), told(422, "idempotency_key_reused", ""));
}

#[tokio::test]
async fn members_that_cannot_be_are_refused_by_their_field() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let group = a_group(&house, &application, &sessions[0], &[]).await;
    let members = format!("{group}/members");
    let many = format!(r#"{{"members":[{}1]}}"#, "1,".repeat(1000));
    for (body, field) in [
        ("{}", "members"),
        (r#"{"members":[]}"#, "members"),
        (r#"{"members":2}"#, "members"),
        (r#"{"members":["2 "]}"#, "members"),
        (r#"{"members":[2.5]}"#, "members"),
        (r#"{"members":[0]}"#, "members"),
        (r#"{"members":[1]}"#, "members"),
        (r#"{"members":[2,7]}"#, "members"),
        (&*many, "members"),
        (r#"{"members":[2],"role":"king"}"#, "role"),
        (r#"{"members":[2],"role":1}"#, "role"),
    ] {
        let refused = house.post(&members, body.to_owned()).await;
        assert_eq!(
            problem(&refused),
            told(422, "validation_failed", field),
            "{body:.60}"
        );
    }
    for (body, field) in [
        ("{}", "role"),
        (r#"{"role":"king"}"#, "role"),
        (r#"{"role":[]}"#, "role"),
        (r#"{"muted":1}"#, "muted"),
        (r#"{"muted":"true"}"#, "muted"),
    ] {
        let refused = house.json("PATCH", &format!("{members}/1"), body).await;
        assert_eq!(
            problem(&refused),
            told(422, "validation_failed", field),
            "{body}"
        );
    }
    for user in ["2", "x", "01"] {
        for (method, body) in [("PATCH", r#"{"role":"king"}"#), ("DELETE", "")] {
            let missing = house.json(method, &format!("{members}/{user}"), body).await;
            assert_eq!(
                problem(&missing),
                told(404, "not_found", ""),
                "{method} {user}"
            );
        }
    }
    assert_eq!(roles(&house.get(&members).await.json()), ["1 owner"]);
}

#[tokio::test]
async fn only_a_group_has_comings_and_goings() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol"]).await;
    let chats = format!("{application}/chats");
    house.post(&chats, "").await;
    house
        .post(&chats, r#"{"kind":"direct","members":[1,2]}"#)
        .await;
    assert_eq!(house.get(&format!("{chats}/1/members")).await.text(), "[]");
    for chat in [1, 2] {
        let members = format!("{chats}/{chat}/members");
        let refused = house.post(&members, r#"{"members":[3]}"#).await;
        assert_eq!(problem(&refused), told(422, "validation_failed", "kind"));
    }
    let me = format!("{chats}/2/members/1");
    let stays = by(&house, &sessions[0], "DELETE", &me, "").await;
    assert_eq!(problem(&stays), told(422, "validation_failed", "kind"));
    let role = house.json("PATCH", &me, r#"{"role":"reader"}"#).await;
    assert_eq!(problem(&role), told(422, "validation_failed", "kind"));
    let muted = by(&house, &sessions[0], "PATCH", &me, r#"{"muted":true}"#).await;
    assert_eq!(muted.status, 200);
}

#[tokio::test]
async fn a_member_changes_what_is_his_and_an_owner_deletes_anything() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2, 3]).await;
    let [alice, bob, carol] = [&sessions[0], &sessions[1], &sessions[2]];
    for (number, who) in (1..).zip([alice, bob, bob, carol]) {
        let path = format!("{group}/messages");
        let posted = by(&house, who, "POST", &path, r#"{"body":"x"}"#).await;
        assert_eq!(
            (posted.status.as_u16(), &posted.json()["number"]),
            (201, &number.into())
        );
    }
    let edit = r#"{"body":"y"}"#;
    for (who, method, number, body, status) in [
        (bob, "PATCH", 2, edit, 200),
        (bob, "PATCH", 1, edit, 403),
        (alice, "PATCH", 2, edit, 403),
        (bob, "DELETE", 4, "", 403),
        (carol, "DELETE", 2, "", 403),
        (bob, "DELETE", 2, "", 204),
        (alice, "DELETE", 3, "", 204),
    ] {
        let path = format!("{group}/messages/{number}");
        let answer = by(&house, who, method, &path, body).await;
        assert_eq!(
            answer.status,
            status,
            "{method} {number}: {}",
            answer.text()
        );
    }
    let left = house.get(&format!("{group}/messages")).await.json();
    assert_eq!(numbers(&left), [1, 4]);
}

#[tokio::test]
async fn changes_tell_of_members_and_marks() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob", "carol"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2]).await;
    post_all(&house, &group, &["a"]).await;
    let cursor = house.get(&group).await.json()["cursor"].clone();
    let add = r#"{"members":[3]}"#;
    let added = by(
        &house,
        &sessions[0],
        "POST",
        &format!("{group}/members"),
        add,
    )
    .await;
    assert!(added.status.is_success(), "{}", added.text());
    let mark = by(
        &house,
        &sessions[1],
        "PUT",
        &format!("{group}/mark"),
        r#"{"read":"1"}"#,
    )
    .await;
    assert_eq!(mark.status, 200, "{}", mark.text());
    let path = format!("{group}/changes?after={}", cursor.as_str().unwrap());
    let changes = house.get(&path).await.json();
    let items = changes["items"].as_array().unwrap();
    let told = |kind: &str| {
        items
            .iter()
            .find(|item| item["kind"] == kind)
            .unwrap()
            .clone()
    };
    let member = told("member");
    assert_eq!(
        (&member["user"], &member["role"]),
        (&3.into(), &"member".into())
    );
    let mark = items
        .iter()
        .find(|item| item["kind"] == "mark" && item["user"] == 2)
        .unwrap();
    assert_eq!((&mark["read"], &mark["delivered"]), (&1.into(), &1.into()));
}
