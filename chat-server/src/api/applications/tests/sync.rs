use serde_json::json;

use super::*;

async fn sync(house: &House, session: &str, application: &str, cursors: Value) -> Answer {
    let body = json!({ "cursors": cursors }).to_string();
    by(
        house,
        session,
        "POST",
        &format!("{application}/sync"),
        &body,
    )
    .await
}

#[tokio::test]
async fn many_chats_are_brought_up_to_date_at_once() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let [alice, bob] = [&sessions[0], &sessions[1]];
    let mut cursors = serde_json::Map::new();
    for number in 1..=4 {
        let group = a_group(&house, &application, alice, &[2]).await;
        let cursor = house.get(&group).await.json()["cursor"].clone();
        cursors.insert(number.to_string(), cursor);
    }
    let chats = format!("{application}/chats");
    post_all(&house, &format!("{chats}/2"), &["a", "b"]).await;
    by(&house, alice, "DELETE", &format!("{chats}/3"), "").await;
    by(&house, alice, "DELETE", &format!("{chats}/4/members/2"), "").await;
    a_group(&house, &application, alice, &[2]).await;
    a_group(&house, &application, alice, &[]).await;
    let answer = sync(&house, bob, &application, cursors.clone().into()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    assert_eq!(found["chats"]["1"], json!({"state": "same"}));
    let changed = &found["chats"]["2"];
    let now = house.get(&format!("{chats}/2")).await.json();
    assert_eq!(
        (&changed["state"], &changed["next"], &changed["more"]),
        (&"changes".into(), &now["cursor"], &false.into())
    );
    let bodies = changed["items"].as_array().unwrap().iter();
    assert_eq!(
        bodies.map(|item| &item["body"]).collect::<Vec<_>>(),
        ["a", "b"]
    );
    for gone in ["3", "4"] {
        assert_eq!(found["chats"][gone], json!({"state": "removed"}));
    }
    assert_eq!(
        (numbers(&found["new"]), &found["more"]),
        (vec![5], &false.into())
    );

    let nobody = json!({ "cursors": {"1": cursors["1"]} }).to_string();
    let nobody = house
        .post(&format!("{application}/sync"), nobody)
        .await
        .json();
    assert_eq!(nobody["chats"]["1"]["state"], "same");
    assert_eq!(nobody["new"], json!([]), "nobody has no chats");
}

#[tokio::test]
async fn what_is_too_much_at_once_follows_chat_by_chat() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice"]).await;
    let group = a_group(&house, &application, &sessions[0], &[]).await;
    let start = house.get(&group).await.json()["cursor"].clone();
    post_all(&house, &group, &["m"; 51]).await;
    let found = sync(&house, &sessions[0], &application, json!({ "1": start }))
        .await
        .json();
    let first = &found["chats"]["1"];
    assert_eq!(
        (numbers(&first["items"]).len(), &first["more"]),
        (50, &true.into())
    );
    let rest = sync(
        &house,
        &sessions[0],
        &application,
        json!({ "1": first["next"] }),
    )
    .await
    .json();
    assert_eq!(numbers(&rest["chats"]["1"]["items"]), [51]);
}

#[tokio::test]
async fn a_cursor_of_another_history_is_reset_and_one_of_another_chat_refused() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice"]).await;
    let group = a_group(&house, &application, &sessions[0], &[]).await;
    let now = house.get(&group).await.json()["cursor"].clone();
    let mut ahead = chat_core::cursor::Cursor::decode(now.as_str().unwrap()).unwrap();
    ahead.head.number.0 = 7;
    let found = sync(
        &house,
        &sessions[0],
        &application,
        json!({ "1": ahead.encode() }),
    )
    .await;
    assert_eq!(
        found.json()["chats"]["1"],
        json!({"state": "reset", "head": now})
    );
    a_group(&house, &application, &sessions[0], &[]).await;
    let other = sync(&house, &sessions[0], &application, json!({ "2": now })).await;
    assert_eq!(problem(&other), told(400, "invalid_cursor", "cursors.2"));
    let none = sync(&house, &sessions[0], &application, json!({ "1": "x" })).await;
    assert_eq!(problem(&none), told(400, "invalid_cursor", "cursors.1"));
    let many: serde_json::Map<_, _> = (1..=501).map(|at| (at.to_string(), now.clone())).collect();
    for wrong in [
        json!(null),
        json!([]),
        json!({ "x": now }),
        json!({ "1": 1 }),
        many.into(),
    ] {
        let refused = sync(&house, &sessions[0], &application, wrong).await;
        assert_eq!(problem(&refused), told(422, "validation_failed", "cursors"));
    }
}
