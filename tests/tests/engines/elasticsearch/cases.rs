//! Several nodes on one index.

use std::sync::Arc;

use chat_core::commit::Post;
use chat_core::error::ErrorKind;
use chat_core::ids::Epoch;
use chat_core::kit::search::swaps::{nothing_is_missing, nothing_is_missing_between_rivals};
use chat_core::kit::search::{found, posted};
use chat_core::memory::MemoryStore;
use chat_core::port::{Search, Store};
use chat_core::seal::Keyring;
use chat_core::text::Body;
use chat_core::{Chat, Parts};
use tests::scratch::Indices;

const EPOCH: Epoch = Epoch(u64::MAX - 1);

pub(crate) async fn together(engine: &'static str) {
    let indices = Indices::of(engine);
    let nodes: Vec<Arc<dyn Search>> = (0..4)
        .map(|_| Arc::new(indices.open()) as Arc<dyn Search>)
        .collect();
    let mut puts = tokio::task::JoinSet::new();
    for (number, node) in (1..).zip(nodes.clone()) {
        puts.spawn(async move { node.put(&[posted(1, number, "tea")]).await });
    }
    while let Some(put) = puts.join_next().await {
        put.expect("no panic").expect("put");
    }
    assert_eq!(indices.names().len(), 1, "{:?}", indices.names());
    nodes[0].refresh().await.expect("refresh");
    for node in &nodes {
        assert_eq!(found(node, 1, "tea").await, [4, 3, 2, 1]);
    }
}

pub(crate) async fn restart(engine: &'static str) {
    let indices = Indices::of(engine);
    let first = indices.open();
    first.rebuild().await.expect("rebuild");
    first.refill(&[posted(1, 1, "tea")]).await.expect("refill");
    first.swap(EPOCH).await.expect("swap");
    drop(first);
    let second: Arc<dyn Search> = Arc::new(indices.open());
    assert_eq!(second.built_from().await.expect("built_from"), Some(EPOCH));
    assert_eq!(found(&second, 1, "tea").await, [1]);
    assert_eq!(indices.names().len(), 1, "the old one is gone");
}

pub(crate) async fn removed(engine: &'static str) {
    let indices = Indices::of(engine);
    let search: Arc<dyn Search> = Arc::new(indices.open());
    search.rebuild().await.expect("rebuild");
    search.swap(EPOCH).await.expect("swap");
    indices.remove();
    search.put(&[posted(1, 1, "tea")]).await.expect("put");
    search.refresh().await.expect("refresh");
    assert_eq!(found(&search, 1, "tea").await, [1]);
    assert_eq!(
        search.built_from().await.expect("built_from"),
        None,
        "nobody knows what it lacks"
    );
}

pub(crate) async fn two_copies(engine: &'static str) {
    let indices = Indices::of(engine);
    let (early, late) = (indices.open(), indices.open());
    early.rebuild().await.expect("rebuild");
    late.rebuild().await.expect("rebuild");
    let refill = early.refill(&[posted(1, 1, "early")]).await;
    assert_eq!(
        refill.map_err(|error| error.kind()),
        Err(ErrorKind::NotFound)
    );
    let swap = early.swap(EPOCH).await;
    assert_eq!(swap.map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    late.refill(&[posted(1, 2, "late")]).await.expect("refill");
    late.swap(EPOCH).await.expect("swap");
    let early: Arc<dyn Search> = Arc::new(early);
    assert_eq!(found(&early, 1, "late").await, [2]);
    assert_eq!(indices.names().len(), 1, "{:?}", indices.names());
}

pub(crate) async fn lost(engine: &'static str) {
    let indices = Indices::of(engine);
    let (one, other) = two_nodes(&indices);
    let key = Keyring::random_key();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let start = async |search: &Arc<dyn Search>| {
        let parts = Parts::new(store.clone(), search.clone(), Keyring::new(key));
        Chat::start(parts).await.expect("start")
    };
    let nodes = [start(&one).await, start(&other).await];
    let [whole, no_longer] = [true, false];
    let expect = async |is_whole: bool| {
        for node in &nodes {
            let told = node.index_is_whole().await.expect("index_is_whole");
            assert_eq!(told, is_whole);
        }
    };
    expect(whole).await;
    let access = nodes[0]
        .default_application()
        .await
        .expect("it is there")
        .token
        .into();
    let chat = nodes[0]
        .create_chat(access, None, None)
        .await
        .expect("create")
        .value;
    let post = Post {
        body: Body::parse("tea").expect("a text"),
        data: None,
        reply_to: None,
    };
    nodes[1]
        .post(access, chat.number, post, None)
        .await
        .expect("post");
    indices.remove();
    expect(no_longer).await;
    nodes[0].reindex(|_| {}).await.expect("reindex");
    expect(whole).await;
    assert_eq!(found(&other, 1, "tea").await, [1]);
    for node in &nodes {
        node.stop().await;
    }
}

pub(crate) async fn swaps_of_another_node(engine: &'static str) {
    let indices = Indices::of(engine);
    let (writing, building) = two_nodes(&indices);
    nothing_is_missing(&writing, &building).await;
    assert_eq!(indices.names().len(), 1, "{:?}", indices.names());
}

pub(crate) async fn rivals(engine: &'static str) {
    let indices = Indices::of(engine);
    let (one, other) = two_nodes(&indices);
    nothing_is_missing_between_rivals(&one, &other).await;
}

fn two_nodes(indices: &Indices) -> (Arc<dyn Search>, Arc<dyn Search>) {
    (Arc::new(indices.open()), Arc::new(indices.open()))
}
