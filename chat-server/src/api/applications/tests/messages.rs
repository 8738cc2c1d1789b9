use super::*;
use crate::api::testing::{is_time, keys};
use crate::http::testing::request;

#[tokio::test]
async fn a_new_message_takes_the_next_number() {
    let house = house().await;
    let messages = format!("{}/messages", a_chat(&house).await);
    for (number, body) in [
        (1, r#"{"body":" hi "}"#),
        (2, r#"{"message":{"body":" hi "}}"#),
    ] {
        let made = house.post(&messages, body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let body = made.json();
        assert_eq!(
            keys(&body),
            [
                "author",
                "author_name",
                "body",
                "created_at",
                "data",
                "edited_at",
                "number",
                "reply_to",
                "updated_at"
            ]
        );
        assert_eq!(
            (&body["number"], &body["body"]),
            (&number.into(), &" hi ".into())
        );
        assert!(is_time(&body["created_at"], 6) && is_time(&body["updated_at"], 6));
        assert_eq!(
            house.get(&format!("{messages}/{number}")).await.json(),
            body
        );
    }
}

#[tokio::test]
async fn a_message_may_answer_another_and_carry_data() {
    let house = house().await;
    let messages = format!("{}/messages", a_chat(&house).await);
    house.post(&messages, r#"{"body":"a"}"#).await;
    let made = house
        .post(
            &messages,
            r#"{"body":"b","reply_to":1,"data":{ "z" : 1.0, "a":[] }}"#,
        )
        .await;
    assert_eq!(made.json()["reply_to"], 1);
    assert!(
        made.text().contains(r#""data":{ "z" : 1.0, "a":[] }"#),
        "as sent: {}",
        made.text()
    );
    let made = house
        .post(&messages, r#"{"message":{"body":"c","reply_to":"2"}}"#)
        .await;
    assert_eq!(made.json()["reply_to"], 2);
    let big = format!(r#"{{"body":"d","data":{{"x":"{}"}}}}"#, "x".repeat(5000));
    for (body, refused) in [
        (
            r#"{"body":"d","reply_to":9}"#,
            r#"{"reply_to":["does not exist"]}"#,
        ),
        (
            r#"{"body":"d","reply_to":"x"}"#,
            r#"{"reply_to":["is invalid"]}"#,
        ),
        (r#"{"body":"d","data":[1]}"#, r#"{"data":["is invalid"]}"#),
        (
            big.as_str(),
            r#"{"data":["is too long (maximum is 4096 bytes)"]}"#,
        ),
    ] {
        let answer = house.post(&messages, body.to_owned()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (422, refused));
    }
}

#[tokio::test]
async fn a_blank_missing_or_long_text_is_422_and_takes_no_number() {
    let house = house().await;
    let messages = format!("{}/messages", a_chat(&house).await);
    for body in [
        "{}",
        r#"{"body":""}"#,
        r#"{"body":" \n"}"#,
        r#"{"body":null}"#,
        r#"{"message":{}}"#,
    ] {
        let refused = house.post(&messages, body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (422, r#"{"body":["can't be blank"]}"#),
            "{body}"
        );
    }
    for (body, refusal) in [
        (r#"{"body":7}"#, r#"{"body":["is invalid"]}"#),
        (r#"{"message":{"body":[]}}"#, r#"{"body":["is invalid"]}"#),
        (r#"{"message":"hi"}"#, r#"{"message":["is invalid"]}"#),
        (r#"{"message":["hi"]}"#, r#"{"message":["is invalid"]}"#),
        (r#"{"body":7,"message":8}"#, r#"{"body":["is invalid"]}"#),
    ] {
        let refused = house.post(&messages, body).await;
        assert_eq!((refused.status.as_u16(), refused.text()), (422, refusal));
    }
    let refused = house
        .post(&messages, format!(r#"{{"body":"{}"}}"#, "x".repeat(65_537)))
        .await;
    assert_eq!(
        refused.text(),
        r#"{"body":["is too long (maximum is 65536 bytes)"]}"#
    );
    let longest = house
        .post(&messages, format!(r#"{{"body":"{}"}}"#, "x".repeat(65_536)))
        .await;
    assert_eq!(
        (longest.status.as_u16(), longest.json()["number"].clone()),
        (201, 1.into())
    );
}

#[tokio::test]
async fn no_body_or_an_unreadable_one_is_400_and_too_large_a_one_413() {
    let house = house().await;
    let messages = format!("{}/messages", a_chat(&house).await);
    for body in ["", "{", "[]", "7"] {
        assert_eq!(house.post(&messages, body).await.status, 400, "{body}");
    }
    for body in ["[]", " 7", "true", r#""hi""#, r#"[{"body":"hi"}]"#] {
        let refused = house.post(&messages, body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text()),
            (
                400,
                r#"{"code":"malformed_body","error":"the body must be a JSON object"}"#
            ),
            "{body}"
        );
    }
    let huge = house.post(&messages, vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(huge.status, 413);
    assert_eq!(huge.json()["code"], "body_too_large");
}

#[tokio::test]
async fn forms_and_query_parameters_are_read_too() {
    let house = house().await;
    let messages = format!("{}/messages", a_chat(&house).await);
    let form =
        request("POST", &messages).header("content-type", "application/x-www-form-urlencoded");
    let made = house.send(form.body("message[body]=h%C3%A9+1")).await;
    assert_eq!(made.json()["body"], "hé 1");
    let made = house
        .post(&format!("{messages}?body=hi&reply_to=1"), "")
        .await;
    assert_eq!(
        (&made.json()["body"], &made.json()["reply_to"]),
        (&"hi".into(), &1.into())
    );
}

#[tokio::test]
async fn a_missing_parent_is_told_before_an_invalid_body() {
    let house = house().await;
    let application = application(&house, "X").await;
    for (path, lost) in [
        (
            format!("{NOBODY}/chats/1/messages"),
            "Application Not Found",
        ),
        (format!("{application}/chats/1/messages"), "Chat Not Found"),
        (format!("{application}/chats/01/messages"), "Chat Not Found"),
    ] {
        for body in [r#"{"body":"hi"}"#, "{}", "{", ""] {
            let answer = house.post(&path, body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["error"].clone()),
                (404, lost.into()),
                "{body}"
            );
        }
        assert_eq!(house.get(&path).await.json()["error"], lost);
        assert_eq!(house.get(&format!("{path}/1")).await.json()["error"], lost);
        assert_eq!(
            house.get(&format!("{path}/search?query=x")).await.json()["error"],
            lost
        );
    }
}

#[tokio::test]
async fn messages_are_listed_by_number() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let messages = format!("{chat}/messages");
    assert_eq!(house.get(&messages).await.text(), "[]");
    post_all(&house, &chat, &["a", "b", "c"]).await;
    let list = house.get(&messages).await;
    assert_eq!(
        (list.status.as_u16(), numbers(&list.json())),
        (200, vec![1, 2, 3])
    );
}

#[tokio::test]
async fn a_list_longer_than_a_page_is_whole() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let texts = vec!["x"; 450];
    post_all(&house, &chat, &texts).await;
    let list = house.get(&format!("{chat}/messages")).await.json();
    assert_eq!(numbers(&list), (1..=450).collect::<Vec<_>>());
}

#[tokio::test]
async fn put_and_patch_change_a_message() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["a"]).await;
    let message = format!("{chat}/messages/1");
    for (method, text) in [("PUT", "b"), ("PATCH", "c")] {
        let body = format!(r#"{{"message":{{"body":"{text}"}}}}"#);
        let changed = house.json(method, &message, body).await;
        assert_eq!(
            (changed.status.as_u16(), changed.json()["body"].clone()),
            (200, text.into())
        );
        assert!(is_time(&changed.json()["edited_at"], 6));
        for (body, refused) in [
            ("{}", r#"{"body":["can't be blank"]}"#),
            (r#"{"body":[]}"#, r#"{"body":["is invalid"]}"#),
        ] {
            let answer = house.json(method, &message, body).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (422, refused));
        }
    }
    let data = house
        .json("PATCH", &message, r#"{"data":{"k":1}}"#)
        .await
        .json();
    assert_eq!(
        (&data["body"], &data["data"]["k"]),
        (&"c".into(), &1.into())
    );
    let none = house
        .json("PATCH", &message, r#"{"data":null}"#)
        .await
        .json();
    assert_eq!(
        (
            &none["body"],
            none.get("data").filter(|data| !data.is_null())
        ),
        (&"c".into(), None)
    );
}

#[tokio::test]
async fn a_deleted_message_leaves_a_gap_and_its_number_taken() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["a", "b"]).await;
    let gone = house.delete(&format!("{chat}/messages/2")).await;
    assert_eq!((gone.status.as_u16(), gone.text()), (204, ""));
    post_all(&house, &chat, &["c"]).await;
    assert_eq!(
        numbers(&house.get(&format!("{chat}/messages")).await.json()),
        [1, 3]
    );
    assert_eq!(house.get(&chat).await.json()["messages_count"], 2);
    let all = house
        .get(&format!("{chat}/messages?tombstones=1"))
        .await
        .json();
    assert_eq!(numbers(&all), [1, 2, 3]);
    assert_eq!(all[1]["body"], "");
    assert!(is_time(&all[1]["deleted_at"], 6) && all[0].get("deleted_at").is_none());
}

#[tokio::test]
async fn an_unknown_message_is_404() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["a"]).await;
    house.delete(&format!("{chat}/messages/1")).await;
    for number in ["1", "2", "01", "x", "0", "99999999999999999999"] {
        let path = format!("{chat}/messages/{number}");
        for (method, body) in [
            ("GET", ""),
            ("PUT", "{"),
            ("PATCH", r#"{"body":"b"}"#),
            ("DELETE", ""),
        ] {
            let answer = house.json(method, &path, body).await;
            assert_eq!(answer.status, 404, "{method} {number}");
            assert_eq!(
                answer.text(),
                r#"{"error":"Message Not Found"}"#,
                "{method} {number}"
            );
        }
    }
}
