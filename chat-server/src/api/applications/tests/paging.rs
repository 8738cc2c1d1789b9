use super::*;

async fn page(house: &House, path: &str) -> (Vec<u64>, Option<String>) {
    let answer = house.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    (
        numbers(&answer.json()),
        answer.header("link").map(str::to_owned),
    )
}

#[tokio::test]
async fn pages_of_messages_link_to_their_neighbours() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["m"; 7]).await;
    let messages = format!("{chat}/messages");
    let (first, link) = page(&house, &format!("{messages}?limit=3")).await;
    assert_eq!(first, [1, 2, 3]);
    assert_eq!(
        link.unwrap(),
        format!("<{messages}?limit=3&after=3>; rel=\"next\"")
    );
    let (second, link) = page(&house, &format!("{messages}?after=3&limit=3")).await;
    assert_eq!(second, [4, 5, 6]);
    assert_eq!(
        link.unwrap(),
        format!(
            "<{messages}?limit=3&after=6>; rel=\"next\", <{messages}?limit=3&before=4>; rel=\"prev\""
        )
    );
    let (last, link) = page(&house, &format!("{messages}?after=6&limit=3")).await;
    assert_eq!(last, [7]);
    assert!(!link.unwrap().contains("next"));
    assert_eq!(
        page(&house, &format!("{messages}?before=4")).await.0,
        [1, 2, 3]
    );
    assert_eq!(
        page(&house, &format!("{messages}?around=4&limit=3"))
            .await
            .0,
        [3, 4, 5]
    );
    assert_eq!(
        page(&house, &format!("{messages}?after=0")).await.0.len(),
        7
    );
}

#[tokio::test]
async fn chats_have_pages_too() {
    let house = house().await;
    let chats = format!("{}/chats", application(&house, "X").await);
    for _ in 0..5 {
        house.post(&chats, "").await;
    }
    let (first, link) = page(&house, &format!("{chats}?limit=2&before=4")).await;
    assert_eq!(first, [2, 3]);
    assert!(link.unwrap().contains("before=2>; rel=\"prev\""));
}

#[tokio::test]
async fn a_limit_that_cannot_be_is_400_naming_it() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let chats = chat.strip_suffix("/1").unwrap();
    for list in [
        chats.to_owned(),
        format!("{chat}/messages"),
        format!("{chat}/messages/search"),
    ] {
        for limit in ["0", "1001", "x", "-1", ""] {
            let refused = house.get(&format!("{list}?limit={limit}")).await;
            assert_eq!(refused.status, 400, "{list} {limit}");
            assert!(
                refused
                    .text()
                    .contains("limit must be a number from 1 to 1000"),
                "{}",
                refused.text()
            );
        }
    }
    let two = house
        .get(&format!("{chat}/messages?after=1&before=3"))
        .await;
    assert_eq!(two.status, 400);
}
