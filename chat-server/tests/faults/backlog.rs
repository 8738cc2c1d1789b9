//! Much is written while the search is away: nothing of it is kept in memory, and the index catches up by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::caller::{Caller, Tally, post};
use crate::engines::{kill, start_again, trial};
use crate::node::Node;
use crate::scene::{APPLICATIONS, CHATS, MEMORY, is_long, prepare, setups};
use crate::seeker::{follows, hits};

/// A word that every message has.
const WORD: &str = "backlog";
const WRITERS: usize = 32;
/// The long form writes so many messages, the short one as many as fit into a time.
const MANY: u64 = 200_000;
const SHORT: Duration = Duration::from_secs(8);
/// How fast the index must be at least, in messages a second, and how long it may take to begin.
const FOLLOWS: u64 = 250;
const BEGINS: Duration = Duration::from_secs(60);

type Addresses = [watch::Receiver<std::net::SocketAddr>; 2];

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "a_backlog_of_the_index_fills_no_memory",
        &[],
        a_backlog_of_the_index_fills_no_memory(),
    )]
}

async fn a_backlog_of_the_index_fills_no_memory() {
    let data = tempfile::tempdir().unwrap();
    let [one, other] = setups(data.path());
    let mut nodes = [Node::start(one).await, Node::start(other).await];
    let addresses = || nodes.each_ref().map(Node::address);
    let (token, _) = prepare(addresses()).await;
    let before = nodes.each_ref().map(|node| node.peak() / 1024);
    kill("elasticsearch", "node");
    let begun = Instant::now();
    let heads = write(&addresses(), &token, begun).await;
    let (all, wrote) = (heads.iter().sum::<u64>(), begun.elapsed());
    let written = nodes.each_ref().map(|node| node.peak() / 1024);
    start_again("elasticsearch").await;
    let back = Instant::now();
    let end = back + BEGINS + Duration::from_secs(all / FOLLOWS);
    let tally = Tally::default();
    let mut caller = Caller::new(addresses(), &tally);
    for (chat, head) in heads.iter().enumerate() {
        follows(&mut caller, &messages(&token, chat), WORD, *head, end).await;
    }
    let caught_up = back.elapsed();
    for (chat, head) in heads.iter().enumerate() {
        let found = hits(&mut caller, &messages(&token, chat), WORD).await;
        assert!(found.into_iter().rev().eq(1..=*head), "chat {chat}");
    }
    let peaks = nodes.each_ref().map(|node| node.peak() / 1024);
    assert!(peaks.iter().all(|peak| *peak < MEMORY), "{peaks:?} MiB");
    for node in &mut nodes {
        assert!(node.stop(), "a node did not stop well");
    }
    println!(
        "a backlog: {all} messages in {:.0} s without Elasticsearch, all found {:.1} s after it is back; peak memory {before:?} \
         MiB at first, {written:?} MiB when all was written, {peaks:?} MiB at the end",
        wrote.as_secs_f64(),
        caught_up.as_secs_f64(),
    );
}

fn messages(token: &str, chat: usize) -> String {
    format!("{APPLICATIONS}/{token}/chats/{}/messages", chat + 1)
}

/// Writes until it is enough, and says how many messages each chat has.
async fn write(nodes: &Addresses, token: &str, begun: Instant) -> Vec<u64> {
    let (next, tally) = (Arc::new(AtomicU64::new(0)), Arc::new(Tally::default()));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (nodes, next, tally) = (nodes.clone(), next.clone(), tally.clone());
        let messages = messages(token, writer % CHATS);
        writers.spawn(async move {
            let mut caller = Caller::new(nodes, &tally);
            let mut highest = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let is_enough = match is_long() {
                    true => number >= MANY,
                    false => begun.elapsed() >= SHORT,
                };
                if is_enough {
                    return (writer % CHATS, highest);
                }
                let body = json!({"body": format!("a {WORD} of {number} letters waits at the post office")});
                let key = format!("backlog-{number}");
                let request = || post(&messages, &key, &body);
                let (status, made) = caller.insist(writer / CHATS % 2, request).await;
                assert_eq!(status, 201, "{made}");
                highest = made["number"].as_u64().unwrap().max(highest);
            }
        });
    }
    let mut heads = vec![0; CHATS];
    for (chat, highest) in writers.join_all().await {
        heads[chat] = highest.max(heads[chat]);
    }
    assert_eq!(tally.refused(), 0, "posting goes on");
    heads
}
