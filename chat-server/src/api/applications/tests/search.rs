use super::*;

/// The index lags: what was posted is found once it has followed.
async fn indexed(house: &House, chat: &str) {
    let last = house.get(chat).await.json()["messages_count"]
        .as_u64()
        .unwrap();
    loop {
        let answer = house.get(&format!("{chat}/messages/search?query=x")).await;
        if answer
            .header("x-indexed-through")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= last
        {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn found(house: &House, chat: &str, query: &str) -> Vec<u64> {
    let answer = house.get(&format!("{chat}/messages/search?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    numbers(&answer.json())
}

#[tokio::test]
async fn words_and_parts_of_words_are_found_newest_first() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(
        &house,
        &chat,
        &["Hello World", "a héllo again", "wonderland", "東京都庁"],
    )
    .await;
    indexed(&house, &chat).await;
    assert_eq!(found(&house, &chat, "query=hello").await, [2, 1]);
    assert_eq!(found(&house, &chat, "query=HELLO+world").await, [1]);
    assert_eq!(found(&house, &chat, "query=onder").await, [3]);
    assert_eq!(
        found(&house, &chat, "query=%22world+hello%22").await,
        [0u64; 0]
    );
    assert_eq!(found(&house, &chat, "query=%E4%BA%AC").await, [4]);
    assert_eq!(
        found(&house, &chat, "query=hello&sort=relevance")
            .await
            .len(),
        2
    );
    assert_eq!(found(&house, &chat, "query=").await, [0u64; 0]);
    assert_eq!(found(&house, &chat, "").await, [0u64; 0]);
}

#[tokio::test]
async fn pages_of_hits_run_down_by_link() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["word"; 5]).await;
    indexed(&house, &chat).await;
    let search = format!("{chat}/messages/search");
    let answer = house.get(&format!("{search}?query=word&limit=2")).await;
    assert_eq!(numbers(&answer.json()), [5, 4]);
    let link = answer.header("link").unwrap().to_owned();
    assert_eq!(
        link,
        format!("<{search}?query=word&limit=2&before=4>; rel=\"next\"")
    );
    assert_eq!(
        found(&house, &chat, "query=word&limit=2&before=4").await,
        [3, 2]
    );
}

#[tokio::test]
async fn what_was_deleted_or_changed_is_not_found_any_more() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["word", "word"]).await;
    indexed(&house, &chat).await;
    house.delete(&format!("{chat}/messages/1")).await;
    house
        .json("PUT", &format!("{chat}/messages/2"), r#"{"body":"other"}"#)
        .await;
    assert_eq!(found(&house, &chat, "query=word").await, [0u64; 0]);
}

#[tokio::test]
async fn a_search_of_one_chat_finds_nothing_of_another() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let chats = chat.strip_suffix("/1").unwrap();
    house.post(chats, "").await;
    post_all(&house, &format!("{chats}/2"), &["word"]).await;
    indexed(&house, &format!("{chats}/2")).await;
    assert_eq!(found(&house, &chat, "query=word").await, [0u64; 0]);
}

#[tokio::test]
async fn a_parameter_that_cannot_be_is_400() {
    let house = house().await;
    let chat = a_chat(&house).await;
    for query in [
        "query=x&limit=0",
        "query=x&before=x",
        "query=x&sort=oldest",
        "query=%ff",
    ] {
        assert_eq!(
            house
                .get(&format!("{chat}/messages/search?{query}"))
                .await
                .status,
            400,
            "{query}"
        );
    }
}
