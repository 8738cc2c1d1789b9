//! More is asked for than the queue has room for, while nobody works it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chat_core::port::QueueLimits;
use http::header::{HeaderValue, LOCATION};
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::queueing;
use crate::caller::{Caller, Said, Tally, get, post};
use crate::node::{Setup, Worker};
use crate::scene::{APPLICATIONS, CHATS, Scene, WRITERS, World, is_long, outage, prepare};
use crate::writers::{Told, message};

/// Who ask for more than there is room for.
const FLOODERS: usize = 16;
/// A queue that is full says so at once.
const AT_ONCE: Duration = Duration::from_secs(2);
/// How long it may take until a writer comes to a chat whose lane is full.
const NOTICED: Duration = Duration::from_secs(30);
/// How long it may take until all that waited is committed and heard of: so long, and so long for each job.
const DRAINED: Duration = Duration::from_secs(30);
const DRAINED_EACH: Duration = Duration::from_millis(10);

/// The worker is killed, and who does not wait for answers fills the queue.
pub(super) async fn a_queue_that_is_full_says_so_and_drains() {
    let data = tempfile::tempdir().unwrap();
    let setups = queueing(data.path()).map(|mut setup| {
        setup.environment.push(("CHAT_WORK", "false".to_owned()));
        setup
    });
    let works = Setup {
        data: data.path().join("worker"),
        ..setups[0].clone()
    };
    let worker = Worker::start(works.clone()).await;
    let mut scene = Scene::start(setups, data).await;
    let (neighbour, _) = prepare(scene.world.nodes.clone()).await;
    drop(worker);
    let begun = Instant::now();
    let accepted = flood(&scene.world).await;
    let filled = begun.elapsed().as_secs_f64();
    let jobs: usize = accepted.iter().map(Vec::len).sum();
    assert!(
        is_full(&scene.world).await,
        "{jobs} jobs, and there is room"
    );
    refuses(&mut scene, &accepted).await;
    let beside = others_have_room(&scene.world, &neighbour).await;
    scene.lasts(outage() / 2).await;
    noticed(&scene.world).await;
    let worker = Worker::start(works).await;
    let back = Instant::now();
    scene.recovers("a worker works").await;
    let in_time = DRAINED + DRAINED_EACH * u32::try_from(jobs).expect("not that many");
    let told = timeout(in_time, told(&scene.world, accepted)).await;
    let drained = back.elapsed().as_secs_f64();
    scene.tells(told.expect("all that waited is committed"));
    numbers(&scene.world, &beside).await;
    scene.note(format!("{jobs} jobs filled it in {filled:.1} s"));
    scene.note(format!("all committed {drained:.1} s later"));
    assert_eq!(scene.world.posts.refused(), 0, "no other refusal");
    assert_eq!(scene.world.pages.refused(), 0, "reading goes on");
    scene.ends("a full queue").await;
    assert!(worker.stop(), "the worker did not stop well");
}

/// The chats whose lanes are filled.
fn flooded() -> usize {
    if is_long() { CHATS } else { 1 }
}

/// Asks for messages without waiting for their outcomes until there is no room; where each flooder hears what became of its.
async fn flood(world: &Arc<World>) -> Vec<Vec<String>> {
    let mut flooders = JoinSet::new();
    for flooder in 0..FLOODERS {
        let world = world.clone();
        flooders.spawn(async move {
            let tally = Tally::default();
            let mut caller = Caller::new(world.nodes.clone(), &tally);
            let mut accepted = Vec::new();
            loop {
                let request = one_more(&world, flooder, accepted.len());
                match caller.ask(flooder / flooded() % 2, request).await {
                    Said::Answer(answer) => accepted.push(place(&answer)),
                    Said::Full(_) => return (flooder, accepted),
                    said => panic!("{said:?}"),
                }
            }
        });
    }
    let mut accepted = flooders.join_all().await;
    accepted.sort_unstable();
    accepted.into_iter().map(|(_, places)| places).collect()
}

fn one_more(world: &World, flooder: usize, at: usize) -> Request<Full<Bytes>> {
    hasty(message(world, flooder % flooded(), WRITERS + flooder, at))
}

/// The same by somebody who does not wait.
fn hasty(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let wish = HeaderValue::from_static("respond-async");
    request.headers_mut().insert("prefer", wish);
    request
}

/// Where to hear what becomes of what was accepted.
fn place(answer: &http::Response<Bytes>) -> String {
    assert_eq!(answer.status(), StatusCode::ACCEPTED, "{answer:?}");
    let place = answer.headers().get(LOCATION).expect("a place");
    place.to_str().unwrap().to_owned()
}

/// Whether an application has its share of a lane.
async fn is_full(world: &World) -> bool {
    let mut caller = Caller::new(world.nodes.clone(), &world.pages);
    let (status, jobs) = caller.insist(0, || get("/api/v1/admin/jobs")).await;
    assert_eq!(status, 200, "{jobs}");
    let held = |lane: &serde_json::Value| lane["waiting"].as_u64().zip(lane["taken"].as_u64());
    let mut lanes = jobs["lanes"]
        .as_array()
        .expect("lanes")
        .iter()
        .filter_map(held);
    let share = QueueLimits::default().application as u64;
    lanes.any(|(waiting, taken)| waiting + taken >= share)
}

/// Both nodes refuse, each time and at once.
async fn refuses(scene: &mut Scene, accepted: &[Vec<String>]) {
    let tally = Tally::default();
    let mut caller = Caller::new(scene.world.nodes.clone(), &tally);
    for (flooder, accepted) in accepted.iter().enumerate() {
        for node in [0, 1] {
            let request = one_more(&scene.world, flooder, accepted.len());
            let said = caller.ask(node, request).await;
            assert!(matches!(said, Said::Full(_)), "{said:?}");
        }
    }
    assert!(tally.longest() < AT_ONCE, "{}", tally.report());
    scene.note(format!("refusals: {}", tally.report()));
}

/// Waits until somebody is refused who waits for his answers: before that he may wait once for each of the other chats.
async fn noticed(world: &World) {
    let mut pace = interval(Duration::from_millis(100));
    let noticed = async {
        while world.posts.full() == 0 {
            pace.tick().await;
        }
    };
    timeout(NOTICED, noticed).await.expect("nobody noticed");
}

/// What fills the queue leaves room for other applications, in every chat.
async fn others_have_room(world: &World, token: &str) -> Vec<String> {
    let tally = Tally::default();
    let mut caller = Caller::new(world.nodes.clone(), &tally);
    let mut accepted = Vec::new();
    for chat in 1..=CHATS {
        let path = format!("{APPLICATIONS}/{token}/chats/{chat}/messages");
        let request = post(&path, &format!("beside-{chat}"), &json!({"body": "beside"}));
        match caller.ask(chat % 2, hasty(request)).await {
            Said::Answer(answer) => accepted.push(place(&answer)),
            said => panic!("{said:?}"),
        }
    }
    accepted
}

/// What the flooders are told in the end.
async fn told(world: &Arc<World>, accepted: Vec<Vec<String>>) -> Vec<Vec<Told>> {
    let mut hearing = JoinSet::new();
    for (flooder, places) in accepted.into_iter().enumerate() {
        let world = world.clone();
        hearing.spawn(async move {
            let chat = flooder % flooded();
            let numbers = numbers(&world, &places).await;
            let told = numbers.into_iter().map(|number| Told { chat, number });
            (flooder, told.collect::<Vec<_>>())
        });
    }
    let mut told = hearing.join_all().await;
    told.sort_unstable_by_key(|(flooder, _)| *flooder);
    told.into_iter().map(|(_, told)| told).collect()
}

/// The numbers of the messages that were made in the end.
async fn numbers(world: &World, places: &[String]) -> Vec<u64> {
    let tally = Tally::default();
    let mut caller = Caller::new(world.nodes.clone(), &tally);
    let mut pace = interval(Duration::from_millis(500));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut numbers = Vec::new();
    for (at, place) in places.iter().enumerate() {
        loop {
            let (status, operation) = caller.insist(at % 2, || get(place)).await;
            assert_eq!(status, 200, "{operation}");
            if operation["state"] != "pending" {
                assert_eq!(operation["state"], "done", "{operation}");
                numbers.push(operation["result"]["number"].as_u64().expect("a number"));
                break;
            }
            pace.tick().await;
        }
    }
    numbers
}
