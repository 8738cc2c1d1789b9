//! In which order hits come, and how pages of them fit together.

use super::{HOME, everywhere, found, hits, in_chat, numbers, posted, put, touched};
use std::sync::Arc;

use crate::ids::{ChatId, MessageNumber};
use crate::page::Limit;
use crate::port::{Hit, Order, Search, SearchScope};

/// In a chat, the newest message has the highest number.
pub async fn hits_of_a_chat_come_highest_number_first(search: &Arc<dyn Search>) {
    put(
        search,
        &[
            posted(1, 1, "tea one"),
            posted(2, 1, "tea"),
            posted(1, 2, "tea two"),
        ],
    )
    .await;
    put(search, &[posted(1, 3, "coffee"), posted(1, 4, "tea four")]).await;
    assert_eq!(found(search, 1, "tea").await, [4, 2, 1]);
}

/// Across chats, the newest message is the one that was created last, whenever it was put; an edit does not move it.
pub async fn hits_of_an_application_come_last_created_first(search: &Arc<dyn Search>) {
    put(search, &[posted(7, 3, "tea"), posted(3, 6, "tea")]).await;
    put(search, &[posted(3, 4, "tea")]).await;
    put(
        search,
        &[posted(7, 5, "tea"), touched(7, 3, 1, Some("green tea"))],
    )
    .await;
    put(search, &[posted(5, 2, "tea")]).await;
    let expected = [(3, 6), (7, 5), (3, 4), (7, 3), (5, 2)];
    assert_eq!(everywhere(search, "tea", Order::Newest).await, expected);
    let mut oldest = everywhere(search, "tea", Order::Oldest).await;
    oldest.reverse();
    assert_eq!(oldest, expected);
}

/// A chat's hits are in the order of its numbers, whatever order they were put in.
pub async fn numbers_that_come_late_stand_where_they_belong(search: &Arc<dyn Search>) {
    put(search, &[posted(1, 5, "tea"), posted(1, 2, "tea")]).await;
    put(
        search,
        &[
            posted(1, 1, "tea"),
            posted(1, 3, "tea"),
            posted(1, 6, "tea"),
        ],
    )
    .await;
    assert_eq!(found(search, 1, "tea").await, [6, 5, 3, 2, 1]);
    for limit in 1..=6 {
        let newest = pages(search, in_chat(1), Order::Newest, limit).await;
        assert_eq!(numbers(&newest), [6, 5, 3, 2, 1], "pages of {limit}");
        let oldest = pages(search, in_chat(1), Order::Oldest, limit).await;
        assert_eq!(numbers(&oldest), [1, 2, 3, 5, 6], "pages of {limit}");
    }
}

/// Every page size gives the same hits in a chat, in either direction.
pub async fn pages_of_a_chat_have_no_gap_and_no_repeat(search: &Arc<dyn Search>) {
    let body = |number| if number % 3 == 0 { "milk" } else { "tea" };
    let bodies: Vec<_> = (1..=20)
        .map(|number| posted(1, number, body(number)))
        .collect();
    put(search, &bodies).await;
    let mut expected: Vec<u64> = (1..=20).filter(|number| number % 3 != 0).collect();
    for order in [Order::Oldest, Order::Newest] {
        for limit in 1..=15 {
            let all = pages(search, in_chat(1), order, limit).await;
            assert_eq!(numbers(&all), expected, "{order:?}, pages of {limit}");
        }
        expected.reverse();
    }
}

/// Every page size gives the same hits in an application, in either direction.
pub async fn pages_of_an_application_have_no_gap_and_no_repeat(search: &Arc<dyn Search>) {
    for number in 1..=6 {
        let batch = [
            posted(2, number, "tea"),
            posted(1, number, "tea"),
            posted(3, number, "milk"),
        ];
        put(search, &batch).await;
    }
    let scope = SearchScope::Application(HOME);
    for order in [Order::Newest, Order::Oldest] {
        let all = hits(search, scope, "tea", order, None, Limit::MAX).await;
        assert_eq!(all.len(), 12);
        for limit in 1..=13 {
            assert_eq!(
                pages(search, scope, order, limit).await,
                all,
                "{order:?}, pages of {limit}"
            );
        }
    }
}

/// In a chat a page may begin behind any number, one that is no hit or not there yet too.
pub async fn a_page_may_begin_behind_any_number(search: &Arc<dyn Search>) {
    put(
        search,
        &[
            posted(1, 1, "tea"),
            posted(1, 2, "milk"),
            posted(1, 4, "tea"),
        ],
    )
    .await;
    for (after, newer, older) in [
        (0, vec![1, 4], vec![]),
        (1, vec![4], vec![]),
        (2, vec![4], vec![1]),
        (3, vec![4], vec![1]),
        (4, vec![], vec![1]),
        (5, vec![], vec![4, 1]),
        (u64::MAX, vec![], vec![4, 1]),
    ] {
        let oldest = hits(
            search,
            in_chat(1),
            "tea",
            Order::Oldest,
            Some(after),
            Limit::MAX,
        )
        .await;
        assert_eq!(numbers(&oldest), newer, "above {after}");
        let newest = hits(
            search,
            in_chat(1),
            "tea",
            Order::Newest,
            Some(after),
            Limit::MAX,
        )
        .await;
        assert_eq!(numbers(&newest), older, "below {after}");
    }
}

/// By relevance there is one page; what is on it matches.
pub async fn relevance_answers_one_page_of_matches(search: &Arc<dyn Search>) {
    let there = ["tea", "milk", "tea with milk"];
    put(
        search,
        &(1..)
            .zip(there)
            .map(|(n, body)| posted(1, n, body))
            .collect::<Vec<_>>(),
    )
    .await;
    put(search, &[posted(2, 1, "tea")]).await;
    for (limit, count) in [(1, 1), (2, 2), (9, 2)] {
        let limit = Limit::new(limit).expect("a limit");
        let page = hits(search, in_chat(1), "tea", Order::Relevance, None, limit).await;
        assert_eq!(page.len(), count);
        assert!(
            page.iter()
                .all(|hit| hit.chat == ChatId(1) && hit.number != MessageNumber(2))
        );
    }
}

/// All hits, page by page.
async fn pages(
    search: &Arc<dyn Search>,
    scope: SearchScope,
    order: Order,
    limit: usize,
) -> Vec<Hit> {
    let limit = Limit::new(limit).expect("a limit");
    let mut all: Vec<Hit> = Vec::new();
    loop {
        let after = all.last().map(|hit| hit.position);
        let page = hits(search, scope, "tea", order, after, limit).await;
        let last = page.len() < limit.get();
        all.extend(page);
        if last {
            return all;
        }
    }
}
