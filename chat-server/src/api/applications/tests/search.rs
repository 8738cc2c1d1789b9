use super::*;
use crate::api::testing::keys;

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

/// The numbers of chat and message of what a whole application has, once the index has followed.
async fn found_anywhere(house: &House, application: &str, query: &str) -> Vec<(u64, u64)> {
    loop {
        let answer = house.get(&format!("{application}/search?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let found = answer.json();
        if found["current"] == true {
            let place = |item: &Value| Some((item["chat"].as_u64()?, item["number"].as_u64()?));
            return found["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(place)
                .collect();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_application_is_searched_whole_or_chat_by_chat() {
    let house = house().await;
    let (first, second) = (
        application(&house, "A").await,
        application(&house, "B").await,
    );
    for chats in [&first, &first, &second] {
        house.post(&format!("{chats}/chats"), "").await;
    }
    post_all(&house, &format!("{first}/chats/1"), &["green tea"]).await;
    assert_eq!(found_anywhere(&house, &first, "query=tea").await, [(1, 1)]);
    post_all(&house, &format!("{first}/chats/2"), &["milk", "black tea"]).await;
    post_all(&house, &format!("{second}/chats/1"), &["white tea"]).await;
    assert_eq!(
        found_anywhere(&house, &first, "query=tea").await,
        [(2, 2), (1, 1)]
    );
    assert_eq!(
        found_anywhere(&house, &first, "query=tea&chat=1").await,
        [(1, 1)]
    );
    assert_eq!(found_anywhere(&house, &second, "query=tea").await, [(1, 1)]);
    assert_eq!(found_anywhere(&house, &first, "").await, []);
    house.delete(&format!("{first}/chats/2")).await;
    assert_eq!(found_anywhere(&house, &first, "query=tea").await, [(1, 1)]);
}

#[tokio::test]
async fn pages_over_an_application_follow_each_other() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let application = chat.strip_suffix("/chats/1").unwrap();
    house.post(&format!("{application}/chats"), "").await;
    for number in [1, 2] {
        let texts = ["tea", "milk", "tea", "tea"];
        post_all(&house, &format!("{application}/chats/{number}"), &texts).await;
    }
    let all = found_anywhere(&house, application, "query=tea").await;
    assert_eq!(all.len(), 6);
    let (mut paged, mut path) = (
        Vec::new(),
        format!("{application}/search?query=tea&limit=4"),
    );
    loop {
        let answer = house.get(&path).await;
        let page = answer.json();
        for item in page["items"].as_array().unwrap() {
            paged.push((
                item["chat"].as_u64().unwrap(),
                item["number"].as_u64().unwrap(),
            ));
        }
        let Some(next) = page["next"].as_u64() else {
            break;
        };
        path = format!("{application}/search?query=tea&limit=4&before={next}");
        assert_eq!(
            answer.header("link"),
            Some(&*format!("<{path}>; rel=\"next\""))
        );
    }
    assert_eq!(paged, all);
}

#[tokio::test]
async fn what_is_wrong_with_a_search_of_an_application_is_a_problem() {
    let house = house().await;
    let application = application(&house, "A").await;
    for (query, status, code) in [
        ("query=x&chat=1", 404, "not_found"),
        ("query=x&chat=x", 400, "invalid_parameter"),
        ("query=x&limit=0", 400, "invalid_parameter"),
        ("query=x&sort=relevance", 400, "unknown_field"),
    ] {
        let answer = house.get(&format!("{application}/search?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json()["code"], code);
    }
    assert_eq!(
        house.get(&format!("{NOBODY}/search?query=x")).await.status,
        404
    );
}

#[tokio::test]
async fn a_user_searches_his_chats_alone() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let of_alice = a_group(&house, &application, &sessions[0], &[]).await;
    let of_both = a_group(&house, &application, &sessions[0], &[2]).await;
    for group in [&of_alice, &of_both] {
        post_all(&house, group, &["green tea"]).await;
        indexed(&house, group).await;
    }
    let search = format!("{application}/search?query=tea");
    for (session, chats) in [(&sessions[0], vec![2, 1]), (&sessions[1], vec![2])] {
        let answer = by(&house, session, "GET", &search, "").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let found = answer.json()["items"].clone();
        let found = found.as_array().unwrap().iter();
        let found: Vec<u64> = found.map(|hit| hit["chat"].as_u64().unwrap()).collect();
        assert_eq!(found, chats);
    }
    let acting = request("GET", &search).header("as-user", "2");
    assert_eq!(house.send(acting).await.json()["items"][0]["chat"], 2);
    let foreign = format!("{search}&chat=1");
    assert_eq!(
        by(&house, &sessions[1], "GET", &foreign, "").await.status,
        404
    );
    let limits = by(
        &house,
        &sessions[0],
        "GET",
        &format!("{application}/limits"),
        "",
    )
    .await;
    assert_eq!(limits.status, 200, "{}", limits.text());
}

#[tokio::test]
async fn what_one_author_wrote_is_found_alone_in_one_chat_and_in_all() {
    let house = house().await;
    let (application, sessions) = people(&house, &["alice", "bob"]).await;
    let group = a_group(&house, &application, &sessions[0], &[2]).await;
    let other = a_group(&house, &application, &sessions[0], &[]).await;
    for (chat, who) in [(&group, 0), (&group, 1), (&other, 0)] {
        let path = format!("{chat}/messages");
        let posted = by(&house, &sessions[who], "POST", &path, r#"{"body":"apple"}"#).await;
        assert_eq!(posted.status, 201);
    }
    indexed(&house, &group).await;
    indexed(&house, &other).await;
    let found = async |session: usize, query: &str| {
        let path = format!("{application}/search?query=apple{query}");
        let found = by(&house, &sessions[session], "GET", &path, "").await;
        assert_eq!(found.status, 200, "{}", found.text());
        let found = found.json();
        let items = found["items"].as_array().unwrap().iter();
        let one = |item: &Value| format!("{}.{}", item["chat"], item["number"]);
        let mut found: Vec<String> = items.map(one).collect();
        found.sort();
        found
    };
    assert_eq!(found(0, "").await, ["1.1", "1.2", "2.1"]);
    assert_eq!(found(0, "&author=1").await, ["1.1", "2.1"]);
    assert_eq!(found(0, "&author=1&chat=1").await, ["1.1"]);
    assert_eq!(found(1, "&author=1").await, ["1.1"]);
    assert_eq!(found(1, "&author=9").await, [""; 0]);
    let refused = house.get(&format!("{application}/search?author=x")).await;
    assert_eq!(problem(&refused), told(400, "invalid_parameter", "author"));
}

#[tokio::test]
async fn a_page_of_hits_holds_fifty_unless_it_is_said() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["apple"; 51]).await;
    indexed(&house, &chat).await;
    assert_eq!(
        found(&house, &chat, "query=apple").await,
        (2..=51).rev().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn phrases_and_scripts_without_spaces_are_found_and_the_best_match_first() {
    let house = house().await;
    let chat = a_chat(&house).await;
    let texts = [
        "a red apple and a green pear",
        "apple",
        "green apple red pear",
        "お元気ですか",
        "안녕하세요",
        "สวัสดีครับ",
    ];
    post_all(&house, &chat, &texts).await;
    indexed(&house, &chat).await;
    assert_eq!(found(&house, &chat, "query=%22red+apple%22").await, [1]);
    for (query, number) in [("元気", 4), ("녕하", 5), ("วัสดี", 6)] {
        let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(
            found(&house, &chat, &format!("query={query}")).await,
            [number],
            "{query}"
        );
    }
    let best = found(&house, &chat, "query=apple&sort=relevance").await;
    assert_eq!((best[0], best.len()), (2, 3), "{best:?}");
}

#[tokio::test]
async fn a_search_of_one_chat_says_how_far_the_index_has_come() {
    let house = house().await;
    let chat = a_chat(&house).await;
    post_all(&house, &chat, &["apple", "pear", "apple"]).await;
    let application = chat.strip_suffix("/chats/1").unwrap();
    let query = "query=apple&chat=1";
    assert_eq!(
        found_anywhere(&house, application, query).await,
        [(1, 3), (1, 1)]
    );
    let found = house.get(&format!("{application}/search?{query}")).await;
    assert_eq!(
        keys(&found.json()),
        ["current", "indexed_through", "items", "next"]
    );
    assert_eq!(found.json()["indexed_through"], 3, "its head");
    let anywhere = house
        .get(&format!("{application}/search?query=apple"))
        .await;
    assert_eq!(anywhere.json()["indexed_through"], Value::Null);
}
