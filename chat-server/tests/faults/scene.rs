//! Two nodes, who writes and who follows, and what goes on between them.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use crate::caller::{Caller, Tally, post};
use crate::engines::address;
use crate::follower::{Seen, follow};
use crate::laws;
use crate::node::{Node, Setup};
use crate::seeker::seek;
use crate::writers::{Told, write};
use tests::proxy::Proxy;

pub(crate) const CHATS: usize = 4;
pub(crate) const WRITERS: usize = 8;
pub(crate) const APPLICATIONS: &str = "/api/v1/applications";
/// How long it may take until everybody writes again.
const SOON: Duration = Duration::from_secs(30);

/// What all keys in Redis begin with.
pub(crate) const PREFIX: &str = "faults:";

/// The most memory that a node may ever have, in MiB.
pub(crate) const MEMORY: u64 = 160;

/// What writers and followers know.
pub(crate) struct World {
    token: String,
    pub(crate) nodes: [watch::Receiver<std::net::SocketAddr>; 2],
    done: AtomicBool,
    /// How many messages of each writer.
    pub(crate) acknowledged: watch::Sender<Vec<u64>>,
    /// What the last numbers are, once all is written.
    heads: Mutex<Option<Vec<usize>>>,
    pub(crate) posts: Tally,
    pub(crate) pages: Tally,
    pub(crate) searches: Tally,
}

impl World {
    pub(crate) fn chat(&self, chat: usize) -> String {
        format!("{APPLICATIONS}/{}/chats/{}", self.token, chat + 1)
    }

    pub(crate) fn messages(&self, chat: usize) -> String {
        format!("{}/messages", self.chat(chat))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) fn head(&self, chat: usize) -> Option<usize> {
        let heads = self.heads.lock().unwrap();
        heads.as_ref().map(|heads| heads[chat])
    }

    async fn written(&self, enough: impl Fn(&[u64]) -> bool) -> bool {
        let mut each = self.acknowledged.subscribe();
        timeout(SOON, each.wait_for(|each| enough(each)))
            .await
            .is_ok()
    }
}

/// The ways to the services of one node.
pub(crate) struct Ways {
    pub(crate) store: Proxy,
    pub(crate) search: Proxy,
    pub(crate) queue: Proxy,
}

/// An installation that is written to and followed.
pub(crate) struct Scene {
    pub(crate) nodes: [Node; 2],
    pub(crate) world: Arc<World>,
    writers: JoinSet<(usize, Vec<Told>)>,
    followers: JoinSet<(usize, Seen)>,
    seekers: JoinSet<()>,
    /// What others were told who wrote too.
    others: Vec<Vec<Told>>,
    begun: Instant,
    notes: Vec<String>,
    _data: TempDir,
}

/// How each of the nodes is started when nothing stands between it and the services.
pub(crate) fn setups(data: &Path) -> [Setup; 2] {
    let [store, search, queue] = ["mysql", "elasticsearch", "redis7"].map(address);
    [0, 1].map(|node| setup(data, node, [&store, &search, &queue]))
}

fn setup(data: &Path, node: usize, [store, search, queue]: [&str; 3]) -> Setup {
    Setup {
        data: data.join(format!("node-{node}")),
        // What is encrypted cannot be watched for COMMIT.
        store: format!("mysql://root@{store}/chat?ssl-mode=DISABLED"),
        search: format!("http://{search}/?prefix=faults"),
        queue: format!("redis://{queue}?prefix={PREFIX}"),
        environment: Vec::new(),
    }
}

impl Scene {
    /// Nodes that reach the services straight.
    pub(crate) async fn straight() -> Self {
        let data = tempfile::tempdir().unwrap();
        let setups = setups(data.path());
        Self::start(setups, data).await
    }

    /// Nodes that reach each service through a proxy of their own.
    pub(crate) async fn through_proxies() -> (Self, [Ways; 2]) {
        let data = tempfile::tempdir().unwrap();
        let ways = [ways().await, ways().await];
        let setups = [0, 1].map(|node| {
            let Ways {
                store,
                search,
                queue,
            } = &ways[node];
            let through = [store, search, queue].map(|proxy| proxy.address().to_string());
            setup(data.path(), node, through.each_ref().map(String::as_str))
        });
        (Self::start(setups, data).await, ways)
    }

    /// Nodes as they are told; `data` is theirs.
    pub(crate) async fn start(setups: [Setup; 2], data: TempDir) -> Self {
        let [one, other] = setups;
        let nodes = [Node::start(one).await, Node::start(other).await];
        let (acknowledged, _) = watch::channel(vec![0; WRITERS]);
        let addresses = || nodes.each_ref().map(Node::address);
        let (token, cursors) = prepare(addresses()).await;
        let world = Arc::new(World {
            token,
            nodes: addresses(),
            done: AtomicBool::new(false),
            acknowledged,
            heads: Mutex::default(),
            posts: Tally::default(),
            pages: Tally::default(),
            searches: Tally::default(),
        });
        let (mut writers, mut followers) = (JoinSet::new(), JoinSet::new());
        for writer in 0..WRITERS {
            let world = world.clone();
            writers.spawn(async move { (writer, write(world, writer).await) });
        }
        for (chat, cursor) in cursors.into_iter().enumerate() {
            let world = world.clone();
            followers.spawn(async move { (chat, follow(world, chat, cursor).await) });
        }
        let mut seekers = JoinSet::new();
        seekers.spawn(seek(world.clone()));
        let begun = Instant::now();
        let scene = Self {
            nodes,
            world,
            writers,
            followers,
            seekers,
            others: Vec::new(),
            begun,
            notes: Vec::new(),
            _data: data,
        };
        scene.goes_on().await;
        scene
    }

    /// Waits until every writer was acknowledged a few messages more.
    pub(crate) async fn goes_on(&self) {
        let before = self.world.acknowledged.borrow().clone();
        let all = |each: &[u64]| {
            each.iter()
                .zip(&before)
                .all(|(now, then)| *now >= then + 10)
        };
        assert!(
            self.world.written(all).await,
            "a writer waits since {before:?}"
        );
    }

    /// Waits until every writer was acknowledged something that it began after this.
    pub(crate) async fn moves(&self) {
        let before = self.world.acknowledged.borrow().clone();
        // The first may have been under way already.
        let all = |each: &[u64]| each.iter().zip(&before).all(|(now, then)| *now >= then + 2);
        assert!(
            self.world.written(all).await,
            "a writer waits since {before:?}"
        );
    }

    /// As [`Scene::goes_on`] after what was broken is whole again; notes how long it took until each had one.
    pub(crate) async fn recovers(&mut self, what: &str) {
        let whole = Instant::now();
        self.moves().await;
        let took = whole.elapsed().as_secs_f64();
        self.note(format!("all write {took:.1} s after {what}"));
        self.goes_on().await;
    }

    /// Waits until a search is answered again.
    pub(crate) async fn searches_again(&mut self, what: &str) {
        let whole = Instant::now();
        let before = self.world.searches.answered();
        // Each acknowledgement is an occasion to look.
        let answered = self
            .world
            .written(|_| self.world.searches.answered() > before);
        assert!(answered.await, "no search is answered since {what}");
        let took = whole.elapsed().as_secs_f64();
        self.note(format!("a search is answered {took:.1} s after {what}"));
    }

    /// Lets it go on for a time; nobody gives up.
    pub(crate) async fn lasts(&mut self, time: Duration) {
        let ended = timeout(time, async {
            tokio::select! {
                Some(ended) = self.writers.join_next() => ended.err(),
                Some(ended) = self.followers.join_next() => ended.err(),
                Some(ended) = self.seekers.join_next() => ended.err(),
            }
        });
        if let Ok(ended) = ended.await {
            panic!("a writer or a follower gave up: {ended:?}");
        }
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// What others were told, the first of whom calls himself writer [`WRITERS`].
    pub(crate) fn tells(&mut self, others: Vec<Vec<Told>>) {
        self.others = others;
    }

    /// Ends writing, holds everything to the laws, and says what was seen.
    pub(crate) async fn ends(mut self, name: &str) {
        self.world.done.store(true, Ordering::Relaxed);
        let all = async { std::mem::take(&mut self.writers).join_all().await };
        let mut told = timeout(SOON, all).await.expect("the last answers");
        told.sort_by_key(|(writer, _)| *writer);
        let all = async { std::mem::take(&mut self.seekers).join_all().await };
        timeout(SOON, all).await.expect("the last search");
        let told: Vec<_> = told
            .into_iter()
            .map(|(_, told)| told)
            .chain(std::mem::take(&mut self.others))
            .collect();
        let stored = laws::whole(&self.world, &told).await;
        *self.world.heads.lock().unwrap() = Some(stored.iter().map(Vec::len).collect());
        let all = async { std::mem::take(&mut self.followers).join_all().await };
        for (chat, seen) in timeout(SOON, all).await.expect("the followers arrive") {
            assert!(
                seen.texts == stored[chat],
                "chat {chat} was followed wrongly"
            );
        }
        let written = Instant::now();
        laws::found(&self.world, &stored).await;
        let found = written.elapsed().as_secs_f64();
        self.note(format!("all found {found:.1} s after the end"));
        let peaks = self.nodes.each_ref().map(|node| node.peak() / 1024);
        assert!(peaks.iter().all(|peak| *peak < MEMORY), "{peaks:?} MiB");
        for node in &mut self.nodes {
            assert!(node.stop(), "a node did not stop well");
        }
        println!(
            "{name}: {} messages in {:.0} s: 0 lost, 0 doubled, 0 gaps, 0 renumbered, all followed, all found; posts: {}; \
             changes: {}; searches: {}; {}; peak memory {peaks:?} MiB",
            stored.iter().map(Vec::len).sum::<usize>(),
            self.begun.elapsed().as_secs_f64(),
            self.world.posts.report(),
            self.world.pages.report(),
            self.world.searches.report(),
            self.notes.join(", "),
        );
    }
}

async fn ways() -> Ways {
    Ways {
        store: Proxy::to(address("mysql")).await,
        search: Proxy::to(address("elasticsearch")).await,
        queue: Proxy::to(address("redis7")).await,
    }
}

/// Makes an application with its chats, and tells their cursors.
pub(crate) async fn prepare(
    nodes: [watch::Receiver<std::net::SocketAddr>; 2],
) -> (String, Vec<String>) {
    let tally = Tally::default();
    let mut caller = Caller::new(nodes, &tally);
    let name = Uuid::new_v4().to_string();
    let body = json!({ "name": name });
    let request = || post(APPLICATIONS, &name, &body);
    let (status, made) = caller.insist(0, request).await;
    assert_eq!(status, 201, "{made}");
    let token = made["token"].as_str().unwrap().to_owned();
    let chats = format!("{APPLICATIONS}/{token}/chats");
    let mut cursors = Vec::new();
    for chat in 0..CHATS {
        let key = format!("chat-{chat}");
        let request = || post(&chats, &key, &json!({}));
        let (status, made) = caller.insist(1, request).await;
        assert_eq!(status, 201, "{made}");
        cursors.push(made["cursor"].as_str().unwrap().to_owned());
    }
    (token, cursors)
}

/// How long a service is away.
pub(crate) fn outage() -> Duration {
    Duration::from_secs(if is_long() { 60 } else { 6 })
}

/// So many times something short happens.
pub(crate) fn times() -> usize {
    if is_long() { 30 } else { 4 }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to test is no setting of the server"
)]
pub(crate) fn is_long() -> bool {
    std::env::var_os("CHAT_FAULTS_LONG").is_some()
}
