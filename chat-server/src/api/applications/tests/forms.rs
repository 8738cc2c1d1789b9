use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn what_changes_something_may_be_a_form_or_stand_in_the_query() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["a"]).await;
    let application = chat.strip_suffix("/chats/1").unwrap();
    let message = format!("{chat}/messages/1");
    for (path, object, key) in [
        (application, "application", "name"),
        (&*message, "message", "body"),
    ] {
        for (at, (method, query, kind, body)) in [
            ("PUT", String::new(), FORM, format!("{key}=caf%C3%A9+0")),
            (
                "PATCH",
                String::new(),
                FORM,
                format!("{object}[{key}]=café 1"),
            ),
            ("PUT", format!("?{key}=caf%C3%A9+2"), FORM, String::new()),
            (
                "PATCH",
                format!("?{object}[{key}]=caf%C3%A9+3"),
                "application/json",
                String::new(),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let sent = request(method, &format!("{path}{query}")).header("content-type", kind);
            let changed = house.send(sent.body(body)).await;
            assert_eq!(changed.status, 200, "{method} {query}: {}", changed.text());
            assert_eq!(changed.json()[key], format!("café {at}"));
            assert_eq!(house.get(path).await.json(), changed.json());
        }
        let xml = request("PUT", path).header("content-type", "text/xml");
        assert_eq!(house.send(xml.body("<name>X</name>")).await.status, 415);
        assert_eq!(house.json("PUT", path, "").await.status, 400, "neither");
    }
}
