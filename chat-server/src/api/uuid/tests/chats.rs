use super::*;

#[tokio::test]
async fn a_new_chat_takes_the_next_number() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    for number in 1..=3 {
        let made = house.post(&format!("/applications/{uuid}/chats"), "").await;
        assert_eq!(
            (made.status.as_u16(), made.text()),
            (200, format!(r#"{{"chat_number":{number}}}"#).as_str())
        );
    }
}

#[tokio::test]
async fn chats_are_listed_by_number() {
    let house = house().await;
    let uuid = application(&house, "X").await;
    let path = format!("/applications/{uuid}/chats");
    assert_eq!(house.get(&path).await.text(), "[]");
    house.post(&path, "").await;
    post_all(&house, &uuid, &["a", "b"]).await;
    house.post(&path, "").await;
    assert_eq!(
        house.get(&path).await.text(),
        r#"[{"number":1,"messages_count":2},{"number":2,"messages_count":0}]"#
    );
}

#[tokio::test]
async fn a_deleted_chat_counts_no_more() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    let path = format!("/applications/{uuid}");
    let chats = format!("{path}/chats");
    house.post(&chats, "").await;
    assert_eq!(house.get(&path).await.json()["chats_count"], 2);
    let deleted = house.chat.delete_chat(access(&uuid), ChatNumber(1)).await;
    deleted.unwrap();
    assert_eq!(house.get(&path).await.json()["chats_count"], 1);
    assert_eq!(
        house.get(&chats).await.text(),
        r#"[{"number":2,"messages_count":0}]"#
    );
    let next = house.post(&chats, "").await;
    assert_eq!(next.text(), r#"{"chat_number":3}"#);
}
