//! The copy that is filled beside the live index and takes its place.

use std::sync::Arc;

use super::{NONE, everywhere, found, hits, in_chat, numbers, posted, put, touched};
use crate::error::ErrorKind;
use crate::ids::{ChatId, Epoch};
use crate::page::Limit;
use crate::port::{Order, Search};

/// Its highest bit is set: an epoch is any 64 bits.
const EPOCH: Epoch = Epoch(u64::MAX - 6);

/// After the swap the index holds what the copy was filled with, and no longer what was there.
pub async fn a_swapped_in_copy_holds_what_it_was_filled_with(search: &Arc<dyn Search>) {
    put(search, &[posted(1, 1, "old"), posted(9, 1, "old")]).await;
    search.rebuild().await.expect("rebuild");
    search
        .refill(&[posted(1, 1, "new"), posted(1, 2, "new")])
        .await
        .expect("refill");
    search
        .refill(&[touched(1, 2, 1, None), posted(1, 3, "new")])
        .await
        .expect("refill");
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(found(search, 1, "new").await, [3, 1]);
    assert_eq!(found(search, 1, "old").await, NONE);
    assert_eq!(found(search, 9, "old").await, NONE);
    put(search, &[posted(1, 4, "new")]).await;
    assert_eq!(found(search, 1, "new").await, [4, 3, 1]);
}

/// While a copy is filled, the live index answers and takes documents as if there were none; the copy takes them too.
pub async fn the_live_index_answers_until_the_copy_is_swapped_in(search: &Arc<dyn Search>) {
    put(search, &[posted(1, 1, "tea")]).await;
    search.rebuild().await.expect("rebuild");
    search
        .refill(&[posted(1, 1, "coffee")])
        .await
        .expect("refill");
    put(search, &[posted(1, 2, "tea")]).await;
    assert_eq!(found(search, 1, "tea").await, [2, 1]);
    assert_eq!(found(search, 1, "coffee").await, NONE);
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(found(search, 1, "coffee").await, [1]);
    assert_eq!(found(search, 1, "tea").await, [2]);
}

/// What was changed while the copy was filled is newer than what is filled in behind it.
pub async fn a_late_refill_brings_nothing_back(search: &Arc<dyn Search>) {
    search.rebuild().await.expect("rebuild");
    put(
        search,
        &[
            touched(1, 1, 2, None),
            touched(1, 2, 3, Some("coffee")),
            posted(1, 4, "tea"),
        ],
    )
    .await;
    let before = [
        posted(1, 1, "tea"),
        posted(1, 2, "tea"),
        posted(1, 3, "tea"),
        posted(1, 4, "tea"),
    ];
    search.refill(&before).await.expect("refill");
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(found(search, 1, "tea").await, [4, 3]);
    assert_eq!(found(search, 1, "coffee").await, [2]);
    put(search, &before).await;
    assert_eq!(found(search, 1, "tea").await, [4, 3]);
}

/// Messages that reach the copy before those below them stand where they belong.
pub async fn a_copy_is_in_order_whatever_came_first(search: &Arc<dyn Search>) {
    search.rebuild().await.expect("rebuild");
    search
        .refill(&[posted(1, 1, "tea"), posted(1, 2, "tea")])
        .await
        .expect("refill");
    put(search, &[posted(1, 6, "tea"), posted(1, 7, "tea")]).await;
    put(
        search,
        &[posted(2, 9, "tea"), touched(1, 7, 1, Some("tea"))],
    )
    .await;
    put(search, &[posted(3, 1, "tea"), posted(3, 9, "tea")]).await;
    search.erase(ChatId(3)).await.expect("erase");
    let rest: Vec<_> = (3..=6).map(|number| posted(1, number, "tea")).collect();
    search.refill(&rest).await.expect("refill");
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(found(search, 1, "tea").await, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(found(search, 2, "tea").await, [9]);
    assert_eq!(found(search, 3, "tea").await, NONE);
    let oldest = hits(
        search,
        in_chat(1),
        "tea",
        Order::Oldest,
        Some(4),
        Limit::MAX,
    )
    .await;
    assert_eq!(numbers(&oldest), [5, 6, 7]);
}

/// A copy is filled chat by chat, and its application is found in the order that it had before.
pub async fn a_copy_has_an_application_in_the_same_order(search: &Arc<dyn Search>) {
    let turns: Vec<_> = (1..=9_u32)
        .map(|turn| posted(i64::from(turn % 3) + 1, u64::from(turn), "tea"))
        .collect();
    put(search, &turns[..7]).await;
    search.rebuild().await.expect("rebuild");
    put(search, &[touched(1, 3, 1, Some("green tea"))]).await;
    for chat in 1..=3 {
        put(search, &turns[7..]).await;
        let mut page = turns[..7].to_vec();
        page.retain(|document| document.chat == ChatId(chat));
        search.refill(&page).await.expect("refill");
    }
    let before = everywhere(search, "tea", Order::Newest).await;
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(everywhere(search, "tea", Order::Newest).await, before);
    let numbers: Vec<u64> = before.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
}

/// Versions count in the copy as they do in the live index.
pub async fn a_copy_takes_documents_as_the_live_index_does(search: &Arc<dyn Search>) {
    put(search, &[touched(1, 1, 9, Some("old"))]).await;
    search.rebuild().await.expect("rebuild");
    search
        .refill(&[touched(1, 2, 2, None), touched(1, 1, 1, Some("tea"))])
        .await
        .expect("refill");
    search
        .refill(&[posted(1, 1, "milk"), posted(1, 2, "milk")])
        .await
        .expect("refill");
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(found(search, 1, "tea").await, [1]);
    assert_eq!(found(search, 1, "milk").await, NONE);
}

/// An erasure reaches the copy; what is filled in after it stays.
pub async fn what_is_erased_is_erased_in_the_copy_too(search: &Arc<dyn Search>) {
    put(search, &[posted(1, 1, "tea"), posted(2, 1, "tea")]).await;
    search.rebuild().await.expect("rebuild");
    search
        .refill(&[posted(1, 1, "tea"), posted(2, 1, "tea")])
        .await
        .expect("refill");
    search.erase(ChatId(1)).await.expect("erase");
    search.refill(&[posted(1, 2, "tea")]).await.expect("refill");
    assert_eq!(found(search, 1, "tea").await, NONE);
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(found(search, 1, "tea").await, [2]);
    assert_eq!(found(search, 2, "tea").await, [1]);
}

/// A copy that was begun before leaves no trace.
pub async fn a_new_copy_throws_the_old_one_away(search: &Arc<dyn Search>) {
    search.rebuild().await.expect("rebuild");
    search.refill(&[posted(1, 1, "tea")]).await.expect("refill");
    put(search, &[posted(1, 3, "tea")]).await;
    search.rebuild().await.expect("rebuild");
    search.refill(&[posted(1, 2, "tea")]).await.expect("refill");
    put(search, &[posted(1, 4, "tea")]).await;
    assert_eq!(found(search, 1, "tea").await, [4, 3]);
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(found(search, 1, "tea").await, [4, 2]);
}

/// Only a copy that was begun can be filled and swapped in, once.
pub async fn without_a_copy_there_is_nothing_to_fill_or_swap(search: &Arc<dyn Search>) {
    put(search, &[posted(1, 1, "tea")]).await;
    let refill = search
        .refill(&[posted(1, 2, "tea")])
        .await
        .map_err(|error| error.kind());
    assert_eq!(refill, Err(ErrorKind::NotFound));
    assert_eq!(
        search.swap(EPOCH).await.map_err(|error| error.kind()),
        Err(ErrorKind::NotFound)
    );
    search.rebuild().await.expect("rebuild");
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(
        search.swap(EPOCH).await.map_err(|error| error.kind()),
        Err(ErrorKind::NotFound)
    );
    assert_eq!(found(search, 1, "tea").await, NONE);
}

/// An index is told to be whole by the swap alone, and over which store it is.
pub async fn an_index_knows_which_store_it_was_built_from(search: &Arc<dyn Search>) {
    let built_from = async || search.built_from().await.expect("built_from");
    assert_eq!(built_from().await, None);
    put(search, &[posted(1, 1, "tea")]).await;
    search.rebuild().await.expect("rebuild");
    search.refill(&[posted(1, 1, "tea")]).await.expect("refill");
    assert_eq!(built_from().await, None, "the copy is not in its place yet");
    search.swap(EPOCH).await.expect("swap");
    assert_eq!(built_from().await, Some(EPOCH));
    search.rebuild().await.expect("rebuild");
    assert_eq!(built_from().await, Some(EPOCH), "the old one serves");
    put(search, &[posted(1, 2, "tea")]).await;
    search.erase(ChatId(1)).await.expect("erase");
    search.swap(Epoch(0)).await.expect("swap");
    assert_eq!(built_from().await, Some(Epoch(0)));
}
