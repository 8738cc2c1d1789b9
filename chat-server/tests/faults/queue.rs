//! Writes that go through the queue obey the same laws.

mod full;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chat_core::ids::{ApplicationId, OperationId};
use chat_core::port::{Job, Queue as _, QueueLimits};
use chat_core::queued::LANES;
use chat_queue_redis::{Redis, RedisQueue};
use http::Request;
use http_body_util::Full;
use libtest_mimic::Trial;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::interval;

use crate::caller::{Caller, get};
use crate::engines::{address, kill, start_again, trial, url};
use crate::node::Setup;
use crate::scene::{PREFIX, Scene, outage, setups, times};

const LETTERS: &str = "/api/v1/admin/dead-letters";
/// How long it may take until a job that no commit takes is put away.
const PUT_AWAY: Duration = Duration::from_secs(30);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "queued_writes_survive_a_killed_node",
            &[],
            queued_writes_survive_a_killed_node(),
        ),
        trial(
            "queued_writes_survive_a_killed_mysql",
            &[],
            queued_writes_survive_a_killed_mysql(),
        ),
        trial(
            "queued_writes_go_around_a_killed_redis",
            &[],
            queued_writes_go_around_a_killed_redis(),
        ),
        trial(
            "two_workers_that_own_one_lane_harm_nothing",
            &[],
            two_workers_that_own_one_lane_harm_nothing(),
        ),
        trial(
            "a_job_that_no_commit_takes_harms_no_neighbour",
            &[],
            a_job_that_no_commit_takes_harms_no_neighbour(),
        ),
        trial(
            "a_queue_that_is_full_says_so_and_drains",
            &[],
            full::a_queue_that_is_full_says_so_and_drains(),
        ),
    ]
}

/// Two nodes that queue every write and work the queue.
async fn queued() -> Scene {
    let data = tempfile::tempdir().unwrap();
    let setups = queueing(data.path());
    Scene::start(setups, data).await
}

fn queueing(data: &Path) -> [Setup; 2] {
    setups(data).map(|mut setup| {
        setup.environment.push(("CHAT_WRITE", "queued".to_owned()));
        setup
    })
}

/// The same queue, as a node sees it.
fn queue() -> RedisQueue {
    let url = url("redis7").expect("the engine is there");
    let config = format!("{url}?prefix={PREFIX}").parse().expect("a URL");
    let redis = Redis::new(config).expect("a client");
    RedisQueue::new(redis, QueueLimits::default())
}

/// What it had taken comes again to the other one.
async fn queued_writes_survive_a_killed_node() {
    let mut scene = queued().await;
    for time in 0..times() / 2 {
        let node = time % 2;
        scene.nodes[node].kill();
        scene.recovers("a kill").await;
        scene.nodes[node].start_again().await;
        scene.goes_on().await;
    }
    assert!(scene.world.posts.lost() > 0, "nobody noticed");
    scene.ends("a killed node, queued").await;
}

async fn queued_writes_survive_a_killed_mysql() {
    let mut scene = queued().await;
    kill("mysql", "server");
    scene.lasts(outage() / 2).await;
    start_again("mysql").await;
    scene.recovers("MySQL answers").await;
    scene.ends("a killed MySQL, queued").await;
}

/// It comes back with its log, and so with jobs that were committed from elsewhere meanwhile.
async fn queued_writes_go_around_a_killed_redis() {
    let mut scene = queued().await;
    kill("redis7", "server");
    scene.lasts(outage() / 2).await;
    scene.goes_on().await;
    start_again("redis7").await;
    scene.recovers("Redis answers").await;
    assert_eq!(scene.world.posts.refused(), 0, "nobody is refused");
    scene.ends("a killed Redis, queued").await;
}

/// Who owns a lane is forgotten again and again, so that the other one takes it too.
async fn two_workers_that_own_one_lane_harm_nothing() {
    const OFTEN: Duration = Duration::from_millis(20);
    let mut scene = queued().await;
    let leads = (0..LANES).map(|lane| format!("{PREFIX}lead:lane-{lane}"));
    let forget = format!("DEL {}\r\n", leads.collect::<Vec<_>>().join(" "));
    let redis = TcpStream::connect(address("redis7")).await.unwrap();
    let forgotten = Arc::new(AtomicU64::new(0));
    let count = forgotten.clone();
    let forgets = tokio::spawn(async move {
        let mut redis = BufReader::new(redis);
        let mut pace = interval(OFTEN);
        loop {
            pace.tick().await;
            redis.write_all(forget.as_bytes()).await.unwrap();
            let mut answer = String::new();
            redis.read_line(&mut answer).await.unwrap();
            let keys = answer
                .trim()
                .strip_prefix(':')
                .expect("how many there were");
            count.fetch_add(keys.parse().unwrap(), Ordering::Relaxed);
        }
    });
    scene.lasts(outage()).await;
    scene.goes_on().await;
    assert!(!forgets.is_finished(), "nobody forgets any more");
    forgets.abort();
    let forgotten = forgotten.load(Ordering::Relaxed);
    assert!(forgotten > u64::from(LANES), "nobody owned anything");
    scene.note(format!("{forgotten} owners forgotten"));
    assert_eq!(scene.world.posts.refused(), 0, "nobody is refused");
    scene.ends("two owners of each lane").await;
}

async fn a_job_that_no_commit_takes_harms_no_neighbour() {
    let scene = queued().await;
    let queue = queue();
    let mut poison = Vec::new();
    for lane in 0..LANES {
        let id = OperationId::random();
        let body = b"{\"version\":1,\"request\":{}}".to_vec();
        let application = ApplicationId::ROOT;
        let job = Job {
            id,
            application,
            body,
        };
        let pushed = queue.push(lane, &job).await;
        assert!(pushed.expect("Redis is there"));
        poison.push(id.to_string());
    }
    scene.goes_on().await;
    let mut caller = Caller::new(scene.world.nodes.clone(), &scene.world.pages);
    let mut pace = interval(Duration::from_millis(200));
    let all_put_away = async {
        loop {
            pace.tick().await;
            let (status, letters) = caller.insist(0, || get(LETTERS)).await;
            assert_eq!(status, 200, "{letters}");
            let letters = letters.as_array().expect("letters").clone();
            let is_there = |id: &String| letters.iter().any(|one| one["id"] == **id);
            if poison.iter().all(is_there) {
                return letters;
            }
        }
    };
    let letters = tokio::time::timeout(PUT_AWAY, all_put_away).await;
    for letter in letters.expect("all are put away") {
        assert!(
            letter["reason"].as_str().is_some_and(|why| !why.is_empty()),
            "{letter}"
        );
    }
    scene.goes_on().await;
    for id in &poison {
        let (status, answer) = caller.insist(1, || drop_letter(id)).await;
        assert_eq!(status, 204, "{answer}");
    }
    let (_, left) = caller.insist(0, || get(LETTERS)).await;
    assert_eq!(left, Value::Array(Vec::new()));
    drop(caller);
    assert_eq!(scene.world.posts.refused(), 0, "nobody is refused");
    scene.ends("jobs that no commit takes").await;
}

fn drop_letter(id: &str) -> Request<Full<Bytes>> {
    let request = Request::delete(format!("{LETTERS}/{id}")).header("host", "localhost");
    request.body(Full::default()).unwrap()
}
