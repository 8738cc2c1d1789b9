use serde_json::json;

use super::*;

#[tokio::test]
async fn who_is_there_is_told_of_users_of_the_application_alone() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let presence = format!("{application}/presence?users=");
    let asked = async |users: &str| {
        let path = format!("{presence}{users}");
        by(&house, &sessions[0], "GET", &path, "").await
    };
    let nobody = asked("2,1,9,2").await;
    assert_eq!(
        nobody.json(),
        json!([
            {"user": 2, "online": false, "last_seen_at": null},
            {"user": 1, "online": false, "last_seen_at": null},
        ])
    );
    assert_eq!(asked("9").await.text(), "[]");
    // Somebody who waits for what happens in a chat is there, and was seen.
    let chat = a_group(&house, &application, &sessions[0], &[2]).await;
    let path = format!("{chat}/changes?wait=30");
    let waits = by(&house, &sessions[1], "GET", &path, "");
    let looks = async {
        loop {
            let known = asked("2").await.json();
            if known[0]["online"] == true && known[0]["last_seen_at"].is_string() {
                return;
            }
            // Nothing of this waits, and the other side is to be heard too.
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = looks => {}
        answer = waits => panic!("{}", answer.text()),
    }
    // Of who is not in the application nobody is told, whatever his number there.
    let other = super::application(&house, "Y").await;
    let others = users(&house, &other, &["carol", "dave", "eve"]).await;
    let path = format!("{other}/presence?users=1,2,3");
    let known = by(&house, &others[0], "GET", &path, "").await.json();
    assert!(
        known
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["online"] == false)
    );
    let elsewhere = by(&house, &sessions[0], "GET", &path, "").await;
    assert_eq!(problem(&elsewhere), told(404, "not_found", ""));
}

#[tokio::test]
async fn what_is_no_list_of_users_is_refused() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice"]).await;
    let many = vec!["1"; 201].join(",");
    let wrong = [
        "",
        "users",
        "users=",
        "users=0",
        "users=1,",
        "users=x",
        "users=1;2",
        "users=01",
    ];
    let wrong = wrong.map(str::to_owned).into_iter();
    for query in wrong.chain([format!("users={many}")]) {
        let path = format!("{application}/presence?{query}");
        let answer = by(&house, &sessions[0], "GET", &path, "").await;
        assert_eq!(
            problem(&answer),
            told(400, "invalid_parameter", "users"),
            "{query}"
        );
    }
    let path = format!("{application}/presence?users=1&x=1");
    let unknown = by(&house, &sessions[0], "GET", &path, "").await;
    assert_eq!(unknown.status, 400);
    let path = format!("{NOBODY}/presence?users=1");
    let nowhere = house.json("GET", &path, "").await;
    assert_eq!(problem(&nowhere), told(404, "not_found", ""));
}
