use super::*;

async fn found(house: &House, uuid: &str, body: &'static str, query: &str) -> Vec<u64> {
    let search = request("GET", &format!("/messages/{uuid}/1/search{query}"));
    let answer = house
        .send(search.header("content-type", "application/json").body(body))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["number"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_search_stands_in_the_body_or_in_the_query_and_finds_the_oldest_first() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    post_all(&house, &uuid, &["Hello World", "say héllo", "other"]).await;
    // The index lags: it is asked until it has followed.
    while found(&house, &uuid, "", "?message=other").await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        found(&house, &uuid, r#"{"message":"hello"}"#, "").await,
        [1, 2]
    );
    assert_eq!(found(&house, &uuid, "", "?message=ELL").await, [1, 2]);
    assert_eq!(
        found(&house, &uuid, r#"{"message":"world"}"#, "?message=other").await,
        [1],
        "the body wins"
    );
    assert_eq!(
        found(&house, &uuid, r#"{"message":"nothing such"}"#, "").await,
        [0u64; 0]
    );
}

#[tokio::test]
async fn a_search_for_nothing_is_400() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    for (body, query, words) in [
        ("", "", "can't be blank"),
        ("{}", "", "can't be blank"),
        ("", "?other=1", "can't be blank"),
        (r#"{"message":" "}"#, "", "can't be blank"),
        (r#"{"message":7}"#, "", "is invalid"),
        ("{", "?message=x", "is invalid"),
    ] {
        let refused = house
            .json("GET", &format!("/messages/{uuid}/1/search{query}"), body)
            .await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()),
            (400, failed(json!({"message": [words]}))),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_search_says_up_to_where_the_index_is_current() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    post_all(&house, &uuid, &["one", "two"]).await;
    let path = format!("/messages/{uuid}/1/search?message=one");
    loop {
        let answer = house.get(&path).await;
        let through: u64 = answer.header("x-indexed-through").unwrap().parse().unwrap();
        assert!(through <= 2);
        if through == 2 {
            assert_eq!(answer.json().as_array().unwrap().len(), 1);
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn all_that_matches_is_found_at_once() {
    let house = house().await;
    let uuid = with_chat(&house).await;
    post_all(&house, &uuid, &["apple"; 450]).await;
    post_all(&house, &uuid, &["last"]).await;
    while found(&house, &uuid, "", "?message=last").await.is_empty() {
        tokio::task::yield_now().await;
    }
    let all = found(&house, &uuid, "", "?message=apple").await;
    assert_eq!(all, (1..=450).collect::<Vec<_>>());
}
