//! What is found, and what is not any more.

use super::{NONE, agrees_with_the_matcher, found, hits, posted, put, touched};
use std::sync::Arc;

use crate::ids::{ApplicationId, ChatId};
use crate::page::Limit;
use crate::port::{Document, Order, Search, SearchScope};

/// What was put is found, and nothing else.
pub async fn what_is_put_is_found(search: &Arc<dyn Search>) {
    put(
        search,
        &[posted(1, 1, "hello world"), posted(1, 2, "goodbye")],
    )
    .await;
    assert_eq!(found(search, 1, "hello").await, [1]);
    assert_eq!(found(search, 1, "good").await, [2]);
    assert_eq!(found(search, 1, "missing").await, NONE);
}

/// An index finds what the matcher accepts, in any script, however odd the text.
pub async fn bodies_are_found_by_what_matches_them(search: &Arc<dyn Search>) {
    let long = "abcdefghij".repeat(500);
    let bodies = [
        "Édouard opened src/main.rs",
        "ПРИВЕТ, мой ёж",
        "Οδυσσέας",
        "مُحَمَّد قال",
        "שָׁלוֹם עולם",
        "東京、大阪 3月に",
        "ｽｰﾊﾟｰ iPhone15を買った",
        "한국 사람은",
        "ภาษาไทยง่าย",
        "👍🏽 C++ $5 🇩🇪",
        "a AND \"b\" OR NOT (c*) NEAR/2 ^d:e -f",
        "nul \0 and \u{1}",
        "",
        "?!",
        "p1 r1",
        &long,
    ];
    let queries = [
        "EDOUARD",
        "ened",
        "main.rs",
        "\"main\"",
        "\"mai\"",
        "мой еж",
        "мои",
        "οδυσσ",
        "محمد",
        "שלום",
        "京",
        "大阪",
        "京大",
        "は3月",
        "3月",
        "スーパー",
        "買った",
        "사람",
        "ไทย",
        "👍",
        "c++",
        "$5",
        "\"b\" or",
        "near/2",
        "c*",
        "^d:e",
        "nul and",
        "a",
        "p1",
        "r1",
        "ghijabc",
        "*",
        "\"",
        "NOT",
        "'; drop",
    ];
    let owned = |texts: &[&str]| {
        texts
            .iter()
            .map(|&text| text.to_owned())
            .collect::<Vec<_>>()
    };
    agrees_with_the_matcher(search, 1, &owned(&bodies), &owned(&queries)).await;
}

/// Who asks for nothing gets nothing.
pub async fn an_empty_query_finds_nothing(search: &Arc<dyn Search>) {
    put(search, &[posted(1, 1, "hello ?!")]).await;
    for query in ["", " ", "?!", "\"\""] {
        assert_eq!(found(search, 1, query).await, NONE, "{query:?}");
    }
}

/// Neither a chat nor an application shows what is another's.
pub async fn a_scope_holds_nothing_of_others(search: &Arc<dyn Search>) {
    let other = Document {
        application: ApplicationId(12),
        ..posted(11, 1, "tea p1 r1")
    };
    put(search, &[posted(1, 1, "tea"), other]).await;
    assert_eq!(found(search, 1, "tea").await, [1]);
    for (application, chats) in [(1, vec![1]), (12, vec![11]), (2, vec![])] {
        let scope = SearchScope::Application(ApplicationId(application));
        let hits = hits(search, scope, "tea", Order::Newest, None, Limit::MAX).await;
        assert_eq!(hits.iter().map(|hit| hit.chat.0).collect::<Vec<_>>(), chats);
    }
}

/// After an edit the new text is found and the old one is not.
pub async fn an_edit_takes_the_place_of_the_text(search: &Arc<dyn Search>) {
    put(search, &[posted(1, 1, "tea"), posted(1, 2, "tea")]).await;
    put(search, &[touched(1, 1, 1, Some("coffee"))]).await;
    assert_eq!(found(search, 1, "tea").await, [2]);
    assert_eq!(found(search, 1, "coffee").await, [1]);
    put(search, &[touched(1, 1, 2, Some("tea again"))]).await;
    assert_eq!(found(search, 1, "tea").await, [2, 1]);
}

/// A put of the same state again, or of an older one, is ignored.
pub async fn what_is_not_newer_changes_nothing(search: &Arc<dyn Search>) {
    put(search, &[touched(1, 1, 5, Some("tea"))]).await;
    for stale in [
        touched(1, 1, 5, Some("milk")),
        touched(1, 1, 4, None),
        posted(1, 1, "milk"),
    ] {
        put(search, &[stale]).await;
        assert_eq!(found(search, 1, "tea").await, [1]);
        assert_eq!(found(search, 1, "milk").await, NONE);
    }
}

/// A tombstone takes the text away.
pub async fn a_deleted_message_is_not_found(search: &Arc<dyn Search>) {
    put(search, &[posted(1, 1, "tea"), posted(1, 2, "tea")]).await;
    put(search, &[touched(1, 2, 1, None)]).await;
    assert_eq!(found(search, 1, "tea").await, [1]);
}

/// A tombstone stands, whether the text came before or comes after it.
pub async fn a_late_put_does_not_bring_a_deleted_message_back(search: &Arc<dyn Search>) {
    put(
        search,
        &[
            posted(1, 1, "tea"),
            touched(1, 1, 2, None),
            touched(1, 2, 3, None),
        ],
    )
    .await;
    put(
        search,
        &[
            posted(1, 1, "tea"),
            touched(1, 1, 1, Some("tea")),
            posted(1, 2, "tea"),
        ],
    )
    .await;
    assert_eq!(found(search, 1, "tea").await, NONE);
}

/// Within a batch too, the newest state stands.
pub async fn one_batch_may_hold_several_states_of_a_message(search: &Arc<dyn Search>) {
    put(
        search,
        &[
            posted(1, 1, "tea"),
            touched(1, 1, 2, Some("coffee")),
            touched(1, 1, 1, Some("milk")),
            posted(1, 2, "milk"),
            touched(1, 2, 3, None),
            posted(1, 3, "water"),
        ],
    )
    .await;
    for (query, expected) in [
        ("tea", vec![]),
        ("coffee", vec![1]),
        ("milk", vec![]),
        ("water", vec![3]),
        ("wine", vec![]),
    ] {
        assert_eq!(found(search, 1, query).await, expected, "{query}");
    }
}

/// Erasing takes a whole chat away and no other.
pub async fn an_erased_chat_is_not_found(search: &Arc<dyn Search>) {
    let many: Vec<_> = (1..=4_500).map(|number| posted(1, number, "tea")).collect();
    put(search, &many).await;
    put(search, &[posted(2, 1, "tea")]).await;
    search.erase(ChatId(1)).await.expect("erase");
    search
        .erase(ChatId(3))
        .await
        .expect("erase what is not there");
    search.refresh().await.expect("refresh");
    assert_eq!(found(search, 1, "tea").await, NONE);
    assert_eq!(found(search, 2, "tea").await, [1]);
}

/// What was erased has no version any more: neither an edit nor a tombstone keeps a put out.
pub async fn an_erased_chat_takes_documents_again(search: &Arc<dyn Search>) {
    let before = [
        touched(1, 1, 7, Some("milk")),
        touched(1, 2, 3, None),
        posted(1, 3, "tea"),
    ];
    put(search, &before).await;
    search.erase(ChatId(1)).await.expect("erase");
    put(search, &[posted(1, 1, "tea"), posted(1, 2, "tea")]).await;
    assert_eq!(found(search, 1, "tea").await, [2, 1]);
    assert_eq!(found(search, 1, "milk").await, NONE);
}

/// Puts of several callers at once are all taken.
pub async fn puts_at_the_same_time_are_all_found(search: &Arc<dyn Search>) {
    let writer = |chat: i64| async move {
        for number in 1..=50 {
            search
                .put(&[posted(chat, number, "tea")])
                .await
                .expect("put");
        }
    };
    tokio::join!(
        writer(1),
        writer(2),
        writer(3),
        writer(4),
        writer(5),
        writer(6),
        writer(7),
        writer(8)
    );
    search.refresh().await.expect("refresh");
    let all: Vec<u64> = (1..=50).rev().collect();
    for chat in 1..=8 {
        assert_eq!(found(search, chat, "tea").await, all, "chat {chat}");
    }
}

/// An index that works says so.
pub async fn an_index_in_use_is_ready(search: &Arc<dyn Search>) {
    search.ready().await.expect("ready before the first put");
    put(search, &[posted(1, 1, "tea")]).await;
    search.ready().await.expect("ready after it");
}
