use super::*;

/// When it was made, and when something last happened to it.
async fn times(house: &House, path: &str) -> [String; 2] {
    let shown = house.get(path).await.json();
    ["created_at", "updated_at"].map(|key| shown[key].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_is_changed_is_newer_than_it_was_made() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let application = chat.strip_suffix("/chats/1").unwrap();
    house.post(&format!("{application}/chats"), "").await;
    let second = format!("{application}/chats/2");
    let messages = format!("{chat}/messages");
    let first = format!("{messages}/1");
    for (shown, method, changed, body) in [
        (application, "PATCH", application, r#"{"name":"Y"}"#),
        (&*chat, "POST", &*messages, r#"{"body":"a"}"#),
        (&*second, "PATCH", &*second, r#"{"name":"Hall"}"#),
        (&*first, "PUT", &*first, r#"{"body":"b"}"#),
    ] {
        let [made, before] = times(&house, shown).await;
        assert_eq!(made, before, "{shown}");
        let answer = house.json(method, changed, body).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        let [still_made, after] = times(&house, shown).await;
        assert_eq!(still_made, made, "{shown}");
        assert!(after > made, "{shown}: {made} and {after}");
    }
}
