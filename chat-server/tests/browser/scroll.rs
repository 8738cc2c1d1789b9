//! A long history, scrolled through to its beginning.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Place;
use super::chrome::Wire;
use super::person::{PASSWORD, Person};
use crate::process::Client;

const MESSAGES: u64 = 10_000;
/// So many write at once, each on a connection of its own.
const WRITERS: u64 = 32;
/// A screen of the window that is looked at holds some twenty rows; the page keeps eight of them.
const MOST_ROWS: u64 = 200;
/// What one task of the page may take of the processor: three frames of a slow machine. It is the processor's time and not the
/// clock's, so what else runs beside the test does not count.
const LONGEST_TASK_MS: f64 = 200.0;

/// Scrolls up by so much a frame until this many messages have come in or the beginning is reached; says how many rows were in the
/// document at most, the lowest number, and how many frames came to a stop because nothing was there yet.
const SCROLL: &str = "(async (count) => {
    const view = document.querySelector('.timeline');
    const lowest = () => Number(view.querySelector('.messages .row').dataset.number);
    const from = lowest();
    const seen = { rows: 0, frames: 0, holes: 0 };
    while (from - lowest() < count && !(lowest() === 1 && view.scrollTop === 0)) {
        view.scrollTop -= 600;
        seen.frames += 1;
        await new Promise(requestAnimationFrame);
        const numbers = [...view.querySelectorAll('.messages .row')].map((row) => Number(row.dataset.number));
        seen.rows = Math.max(seen.rows, numbers.length);
        seen.holes += numbers.filter((number, at) => at > 0 && number !== numbers[at - 1] + 1).length;
    }
    return { ...seen, lowest: lowest() };
})";

pub async fn ten_thousand(place: Place) {
    let (ana, ben) = (place.person().await, place.person().await);
    ben.register("ben").await;
    ana.register("ana").await;
    ana.start_chat(&["ben"], "").await;
    ana.say("message 1").await;
    ana.until("document.querySelectorAll('.sending .row').length === 0")
        .await;
    fill(&place).await;
    let last = format!(".row[data-number='{MESSAGES}']");
    ana.sees(&last, "").await;

    let trace = Trace::start(&place.chrome.wire).await;
    let start = scroll(&ana, 1_000).await;
    let middle = scroll(&ana, MESSAGES).await;
    let longest = trace.longest_task().await;
    println!("longest task {longest:.0} ms of the processor; {start} and {middle}");
    for part in [&start, &middle] {
        assert!(part["rows"].as_u64().unwrap() <= MOST_ROWS, "{part}");
        assert_eq!(part["holes"], 0, "{part}");
    }
    assert_eq!(middle["lowest"], 1, "{middle}");
    assert!(longest <= LONGEST_TASK_MS, "{longest} ms");

    // And back where one talks.
    ana.click(".jump", "Latest").await;
    ana.sees(&last, "").await;
    ana.say("that was long").await;
    ana.sees(".row.own", "that was long").await;
    assert_eq!(ana.complaints(), Vec::<String>::new());
}

/// What the browser did, task by task.
struct Trace {
    wire: Arc<Wire>,
    events: UnboundedReceiver<Value>,
}

impl Trace {
    async fn start(wire: &Arc<Wire>) -> Self {
        let events = wire.listen("");
        let categories = json!({ "includedCategories": ["toplevel"], "excludedCategories": ["*"] });
        let config = json!({ "traceConfig": categories });
        wire.call("", "Tracing.start", config).await;
        Self {
            wire: Arc::clone(wire),
            events,
        }
    }

    /// The longest task of any page, in milliseconds of the processor.
    async fn longest_task(mut self) -> f64 {
        self.wire.call("", "Tracing.end", json!({})).await;
        let mut all: Vec<Value> = Vec::new();
        while let Some(mut event) = self.events.recv().await {
            match event["method"].as_str() {
                Some("Tracing.dataCollected") => {
                    let part = event["params"]["value"].take();
                    all.extend(serde_json::from_value::<Vec<Value>>(part).unwrap());
                }
                Some("Tracing.tracingComplete") => break,
                _ => {}
            }
        }
        let thread = |event: &Value| (event["pid"].as_u64(), event["tid"].as_u64());
        let pages: HashSet<_> = all
            .iter()
            .filter(|event| event["args"]["name"] == "CrRendererMain")
            .map(thread)
            .collect();
        let tasks = all
            .iter()
            .filter(|event| event["name"] == "ThreadControllerImpl::RunTask")
            .filter(|event| pages.contains(&thread(event)))
            .filter_map(|event| event["tdur"].as_f64());
        let (count, longest) = tasks.fold((0, 0.0), |(count, longest), micros| {
            (count + 1, f64::max(longest, micros))
        });
        assert!(count > 1_000, "the trace has {count} tasks");
        longest / 1_000.0
    }
}

async fn scroll(person: &Person, count: u64) -> Value {
    // In parts, since no call waits for ever.
    let mut whole = json!({ "rows": 0, "frames": 0, "holes": 0, "lowest": 0 });
    let mut left = count;
    loop {
        let part = left.min(500);
        let seen = person.eval(&format!("{SCROLL}({part})")).await;
        let most = whole["rows"].as_u64().max(seen["rows"].as_u64());
        for sum in ["frames", "holes"] {
            whole[sum] = (whole[sum].as_u64().unwrap() + seen[sum].as_u64().unwrap()).into();
        }
        (whole["rows"], whole["lowest"]) = (most.into(), seen["lowest"].clone());
        left -= part;
        if left == 0 || seen["lowest"] == 1 {
            return whole;
        }
    }
}

/// Messages of all lengths, past the page.
async fn fill(place: &Place) {
    let address = place.server.address;
    let mut client = Client::connect(address).await.unwrap();
    let (_, told) = client.get("/api/v1/capabilities").await.unwrap();
    let home = told["default_application"].as_str().unwrap();
    let home = format!("/api/v1/applications/{home}");
    let account = json!({ "username": "ana", "password": PASSWORD });
    let login = client
        .post(&format!("{home}/sessions"), &account, None)
        .await;
    let token = login.unwrap().1["token"].as_str().unwrap().to_owned();
    let next = Arc::new(AtomicU64::new(2));
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (home, token, next) = (home.clone(), token.clone(), Arc::clone(&next));
        writers.spawn(async move {
            let mut client = Client::connect(address).await.unwrap();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > MESSAGES {
                    return;
                }
                let words = 1 + number * 7919 % 60;
                let body = format!("message {}", "quick brown ".repeat(words as usize));
                let request = http::Request::post(format!("{home}/chats/1/messages"))
                    .header("host", "localhost")
                    .header("content-type", "application/json")
                    .header("authorization", format!("Bearer {token}"))
                    .body(json!({ "body": body }).to_string().into())
                    .unwrap();
                let answer = client.send(request).await.unwrap();
                assert_eq!(answer.status(), 201);
            }
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
}
