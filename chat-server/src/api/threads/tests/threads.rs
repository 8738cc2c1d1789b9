use super::*;

const PATH: &str = "/chat-api/threads/";

#[tokio::test]
async fn a_pair_has_one_thread_whoever_asks() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    assert_eq!(trio.thread(BOB, ALICE).await, id);
    let body = json!({"participant": "2"});
    let again = trio.send(ALICE, "POST", "/chat-api/threads", &body).await;
    assert_eq!(told(&again), (201, &*format!(r#"{{"id":"{id}"}}"#)));
    let other = trio.thread(CAROL, ALICE).await;
    let list = trio.get(ALICE, PATH).await;
    let all = format!(
        r#"[{{"id":"{id}","participants":[1,2]}},{{"id":"{other}","participants":[1,3]}}]"#
    );
    assert_eq!(told(&list), (200, &*all));
    let bobs = trio.get(BOB, "/chat-api/threads").await;
    let one = format!(r#"[{{"id":"{id}","participants":[1,2]}}]"#);
    assert_eq!(told(&bobs), (200, &*one));
}

#[tokio::test]
async fn a_participant_that_cannot_be_is_told() {
    let trio = Trio::start().await;
    let field = |words: &str| format!(r#"{{"participant":["{words}"]}}"#);
    let positive = r#"{"detail":"A participant ID must be a positive int"}"#.to_owned();
    let unknown = |id| field(&format!(r#"Invalid pk \"{id}\" - object does not exist."#));
    let huge = "18446744073709551617";
    for (body, words) in [
        ("{}".to_owned(), field("This field is required.")),
        (
            r#"{"participant":null}"#.into(),
            field("This field may not be null."),
        ),
        (
            r#"{"participant":"x"}"#.into(),
            field("A valid integer is required."),
        ),
        (
            r#"{"participant":""}"#.into(),
            field("A valid integer is required."),
        ),
        (
            r#"{"participant":1.5}"#.into(),
            field("A valid integer is required."),
        ),
        (
            r#"{"participant":true}"#.into(),
            field("A valid integer is required."),
        ),
        (
            r#"{"participant":[2]}"#.into(),
            field("A valid integer is required."),
        ),
        (r#"{"participant":0}"#.into(), positive.clone()),
        (r#"{"participant":"-3"}"#.into(), positive),
        (r#"{"participant":9999}"#.into(), unknown("9999")),
        (format!(r#"{{"participant":"{huge}"}}"#), unknown(huge)),
        (
            r#"{"participant":1180591620717411303424}"#.into(),
            unknown("1180591620717411303424"),
        ),
        (
            r#"{"participant":1}"#.into(),
            field("Cannot create thread with yourself"),
        ),
    ] {
        let asked = trio
            .request(ALICE, "POST", PATH)
            .header("content-type", JSON);
        let answer = trio.house.send(asked.body(body.clone())).await;
        assert_eq!(told(&answer), (400, &*words), "{body}");
    }
    assert_eq!(trio.get(ALICE, PATH).await.text(), "[]");
}

#[tokio::test]
async fn a_thread_is_shown_to_those_in_it_alone() {
    let trio = Trio::start().await;
    let id = trio.thread(BOB, CAROL).await;
    for path in [format!("{PATH}{id}/"), format!("{PATH}{id}")] {
        let shown = trio.get(CAROL, &path).await;
        let thread = shown.json();
        assert!(is_time(&thread["created"], 6) && is_time(&thread["updated"], 6));
        let (created, updated) = (&thread["created"], &thread["updated"]);
        let words = format!(
            r#"{{"id":"{id}","created":{created},"updated":{updated},"participants":[2,3]}}"#
        );
        assert_eq!(told(&shown), (200, &*words));
    }
    for below in ["", "messages/"] {
        let path = |id: &str| format!("{PATH}{id}/{below}");
        assert_eq!(told(&trio.get(ALICE, &path(&id)).await), NO_THREAD);
        assert_eq!(told(&trio.get(BOB, &path(NOBODYS)).await), NO_THREAD);
        assert_eq!(told(&trio.get(BOB, &path("zzz")).await), NOT_FOUND);
        assert_eq!(told(&trio.get(BOB, &path("1")).await), NOT_FOUND);
    }
}

#[tokio::test]
async fn a_deleted_thread_is_gone_for_both_and_a_new_one_is_another() {
    let trio = Trio::start().await;
    let id = trio.thread(ALICE, BOB).await;
    let message = trio.post(ALICE, &id, "hi").await;
    let path = format!("{PATH}{id}/");
    assert_eq!(told(&trio.ask(CAROL, "DELETE", &path).await), NO_THREAD);
    assert_eq!(
        told(&trio.ask(BOB, "DELETE", &format!("{PATH}zzz/")).await),
        NOT_FOUND
    );
    assert_eq!(told(&trio.ask(BOB, "DELETE", &path).await), (204, ""));
    assert_eq!(told(&trio.ask(BOB, "DELETE", &path).await), NO_THREAD);
    assert_eq!(trio.get(ALICE, PATH).await.text(), "[]");
    let lost = trio
        .get(ALICE, &format!("/chat-api/messages/{message}/"))
        .await;
    assert_eq!(told(&lost), NO_MESSAGE);
    assert_eq!(
        trio.get(ALICE, "/chat-api/messages/").await.json()["count"],
        0
    );
    assert_ne!(trio.thread(ALICE, BOB).await, id);
}

#[tokio::test]
async fn groups_do_not_show_and_a_deleted_user_is_no_participant() {
    let trio = Trio::start().await;
    let access = access(&trio.house).await;
    let (alice, bob) = (chat_core::ids::UserNumber(1), chat_core::ids::UserNumber(2));
    let group = chat_core::service::NewChat::group(None, [alice, bob]);
    trio.house
        .chat
        .make_chat(access, group, None)
        .await
        .unwrap();
    let id = trio.thread(ALICE, BOB).await;
    let message = trio.post(BOB, &id, "hi").await;
    trio.house.chat.delete_user(access, bob).await.unwrap();
    let list = trio.get(ALICE, PATH).await;
    let words = format!(r#"[{{"id":"{id}","participants":[1]}}]"#);
    assert_eq!(told(&list), (200, &*words));
    let shown = trio
        .get(ALICE, &format!("/chat-api/messages/{message}/"))
        .await;
    assert_eq!(shown.json()["sender"], Value::Null);
    assert_eq!(trio.get(BOB, PATH).await.status, 401);
}
