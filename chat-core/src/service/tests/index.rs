//! The index as a whole.

use std::collections::HashMap;

use super::*;
use crate::error::ChatError;
use crate::memory::MemorySearch;
use crate::port::{MockQueue, Search};

/// Somebody puts an index of another store in the place.
async fn lose(search: &dyn Search) {
    search.rebuild().await.unwrap();
    search.swap(Epoch(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_index_that_is_lost_under_a_running_node_is_noticed() {
    let parts = Parts::in_memory();
    let search = parts.search.clone();
    let (chat, shop, room) = start_with(parts).await;
    chat.post(shop.token.into(), room.number, post("tea"), None)
        .await
        .unwrap();
    indexed(&chat).await;
    assert!(chat.index_is_whole().await.unwrap());
    lose(&*search).await;
    assert!(!chat.index_is_whole().await.unwrap());
    chat.reindex(|_| {}).await.unwrap();
    assert!(chat.index_is_whole().await.unwrap());
    lose(&*search).await;
    // Nobody asks but those who search.
    tokio::time::advance(Duration::from_secs(5)).await;
    let reader = chat.chat(shop.token.into(), room.number).await.unwrap();
    let found = reader.search(&request("tea", 5)).await.unwrap();
    assert!(found.items.is_empty() && found.indexed_through == Head::START);
    chat.reindex(|_| {}).await.unwrap();
    let found = reader.search(&request("tea", 5)).await.unwrap();
    assert_eq!((found.items.len(), found.indexed_through.number.0), (1, 1));
}

/// A node whose queue says whether it leads.
async fn node(leads: fn() -> Result<bool, BackendError>) -> (Chat, Arc<dyn Search>) {
    let mut queue = MockQueue::new();
    queue.expect_lead().returning(move |_, _| leads());
    let search: Arc<dyn Search> = Arc::new(MemorySearch::new());
    let parts = Parts {
        search: search.clone(),
        queueing: Some(Queueing {
            queue: Arc::new(queue),
            routes: Routes {
                default: WriteMode::Direct,
                own: HashMap::new(),
            },
            works: false,
        }),
        ..Parts::in_memory()
    };
    let chat = Chat::start(parts).await.unwrap();
    lose(&*search).await;
    (chat, search)
}

#[tokio::test]
async fn a_node_leaves_the_rebuild_to_the_one_that_leads() {
    let (chat, search) = node(|| Ok(false)).await;
    let refused = chat.reindex(|_| {}).await;
    assert!(
        matches!(refused, Err(ChatError::Busy { .. })),
        "{refused:?}"
    );
    assert_eq!(search.built_from().await.unwrap(), Some(Epoch(1)));
    // Where nobody can tell who leads, it does what is to be done.
    let down = || Err(BackendError::new(ErrorKind::Unavailable, "mock", "lead"));
    let (chat, _) = node(down).await;
    chat.reindex(|_| {}).await.unwrap();
    assert!(chat.index_is_whole().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_the_index_has_yet_to_follow_is_told_with_its_age() {
    let down = || BackendError::new(ErrorKind::Unavailable, "mock", "search");
    let mut search = MockSearch::new();
    search.expect_built_from().returning(move || Err(down()));
    search.expect_rebuild().returning(move || Err(down()));
    search.expect_put().returning(move |_| Err(down()));
    let parts = Parts {
        search: Arc::new(search),
        ..Parts::in_memory()
    };
    let (chat, shop, room) = start_with(parts).await;
    let lag = async || {
        let SinkLag { chats, longest } = chat.index_lag().await.unwrap();
        (chats, longest.as_secs())
    };
    let first = lag().await;
    assert_eq!(first.1, 0);
    tokio::time::advance(Duration::from_secs(7)).await;
    let second = chat
        .create_chat(shop.token.into(), None, None)
        .await
        .unwrap()
        .value;
    for room in [room.number, second.number] {
        chat.post(shop.token.into(), room, post("tea"), None)
            .await
            .unwrap();
    }
    let waiting = lag().await;
    assert_eq!(waiting.0, 2);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(lag().await, (2, waiting.1 + 5));
}
