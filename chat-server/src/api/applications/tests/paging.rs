use chat_core::ids::{Token, UserNumber};
use chat_core::service::{Access, NewChat};

use super::*;
use crate::api::testing::crowd::crowd;

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

#[tokio::test]
async fn applications_have_pages_that_are_read_forward() {
    let house = house().await;
    for name in ["A", "B", "C", "D", "E"] {
        application(&house, name).await;
    }
    let mut path = format!("{ROOT}?limit=2");
    let mut pages = Vec::new();
    loop {
        let answer = house.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        let list = answer.json();
        let names = list.as_array().unwrap().iter();
        pages.push(names.map(|one| one["name"].clone()).collect::<Vec<_>>());
        let Some(link) = answer.header("link") else {
            break;
        };
        let next = link.strip_suffix(">; rel=\"next\"").unwrap();
        path = next.strip_prefix('<').unwrap().to_owned();
        assert!(
            path.starts_with(&format!("{ROOT}?limit=2&after=")),
            "{path}"
        );
    }
    assert_eq!(
        serde_json::json!(pages),
        serde_json::json!([["A", "B"], ["C", "D"], ["E"]])
    );
    let count = async |query: &str| {
        let answer = house.get(&format!("{ROOT}?{query}")).await;
        answer.json().as_array().unwrap().len()
    };
    assert_eq!(count("after=0").await, 5);
    assert_eq!(count("limit=1000").await, 5);
    assert_eq!(count(&format!("after={}", i64::MAX)).await, 0);
}

#[tokio::test]
async fn a_page_of_applications_that_cannot_be_is_400_naming_the_parameter() {
    let house = house().await;
    for (query, word) in [
        ("limit=0", "limit must be a number from 1 to 1000"),
        ("limit=1001", "limit must be a number from 1 to 1000"),
        ("after=x", "after is not a number"),
        ("after=9223372036854775808", "after must be a number from 0"),
        ("before=3", "before is not for this list"),
        ("around=3&limit=2", "around is not for this list"),
    ] {
        let refused = house.get(&format!("{ROOT}?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.text().contains(word), "{}", refused.text());
    }
}

#[tokio::test]
async fn a_page_around_a_message_is_full_wherever_in_the_chat_it_is() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["m"; 9]).await;
    let messages = format!("{chat}/messages");
    for (around, limit, whole) in [
        (0, 4, 1..=4),
        (1, 4, 1..=4),
        (2, 4, 1..=4),
        (3, 4, 1..=4),
        (4, 4, 2..=5),
        (8, 4, 6..=9),
        (9, 4, 6..=9),
        (99, 4, 6..=9),
        (99, 1, 9..=9),
        (5, 9, 1..=9),
        (9, 50, 1..=9),
    ] {
        let path = format!("{messages}?around={around}&limit={limit}");
        let (found, link) = page(&house, &path).await;
        assert_eq!(found, whole.clone().collect::<Vec<u64>>(), "{path}");
        let link = link.unwrap_or_default();
        assert_eq!(link.contains("prev"), *whole.start() > 1, "{path}: {link}");
        assert_eq!(link.contains("next"), *whole.end() < 9, "{path}: {link}");
    }
}

#[tokio::test]
async fn a_page_holds_fifty_unless_it_is_said() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["x"; 51]).await;
    let (numbers, link) = page(&house, &format!("{chat}/messages?after=0")).await;
    assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
    assert!(link.unwrap().contains("limit=50&after=50"));
    let (numbers, _) = page(&house, &format!("{chat}/messages?before=52")).await;
    assert_eq!(numbers, (2..=51).collect::<Vec<_>>());
}

#[tokio::test]
async fn whole_lists_of_people_are_longer_than_any_page() {
    let house = house().await;
    let application = application(&house, "X").await;
    let token: Token = application.rsplit('/').next().unwrap().parse().unwrap();
    let (chat, access) = (&house.chat, Access::from(token));
    let all = crowd(chat, access, 1_001).await;
    let group = NewChat::group(None, all.clone());
    chat.make_chat(access, group, None).await.unwrap();
    for (list, field) in [("users", "number"), ("chats/1/members", "user")] {
        let whole = house.get(&format!("{application}/{list}")).await;
        assert_eq!((whole.status.as_u16(), whole.header("link")), (200, None));
        let whole = whole.json();
        let found = whole.as_array().unwrap().iter();
        let found: Vec<_> = found
            .map(|one| UserNumber(one[field].as_u64().unwrap()))
            .collect();
        assert_eq!(found, all, "{list}");
    }
}
