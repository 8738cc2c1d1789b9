//! Who asks the nodes: every answer comes in time, and a refusal is a proper one.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::process::Client;

/// No answer may take longer, whatever is broken.
const LIMIT: Duration = Duration::from_secs(20);
const PROBLEM: &str = "application/problem+json";

/// What was seen of the answers to one kind of request.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    answered: AtomicU64,
    refused: AtomicU64,
    full: AtomicU64,
    lost: AtomicU64,
    longest: Mutex<Duration>,
}

impl Tally {
    fn took(&self, time: Duration) {
        let mut longest = self.longest.lock().unwrap();
        *longest = time.max(*longest);
    }

    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many were refused because too much waits.
    pub(crate) fn full(&self) -> u64 {
        self.full.load(Ordering::Relaxed)
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn longest(&self) -> Duration {
        *self.longest.lock().unwrap()
    }

    pub(crate) fn report(&self) -> String {
        format!(
            "{} answered, {} refused, {} too many, {} lost, longest {:.1} s",
            self.answered(),
            self.refused(),
            self.full(),
            self.lost(),
            self.longest().as_secs_f64()
        )
    }
}

/// What a request came to.
#[derive(Debug)]
pub(crate) enum Said {
    /// This is the answer.
    Answer(Response<Bytes>),
    /// A proper refusal: come back after this time.
    Later(Duration),
    /// Too much waits already: come back after this time.
    Full(Duration),
    /// No answer: the node died, or was dead.
    Lost,
}

/// A client that knows both nodes.
pub(crate) struct Caller<'t> {
    nodes: [watch::Receiver<SocketAddr>; 2],
    open: [Option<Client>; 2],
    tally: &'t Tally,
}

impl<'t> Caller<'t> {
    pub(crate) fn new(nodes: [watch::Receiver<SocketAddr>; 2], tally: &'t Tally) -> Self {
        Self {
            nodes,
            open: [None, None],
            tally,
        }
    }

    /// Asks one of the nodes once.
    pub(crate) async fn ask(&mut self, node: usize, request: Request<Full<Bytes>>) -> Said {
        let what = format!("{} {}", request.method(), request.uri());
        let begun = Instant::now();
        let answer = timeout(LIMIT, self.send(node, request)).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer in {LIMIT:?}: {what}"));
        let Some(answer) = answer else {
            self.open[node] = None;
            self.tally.lost.fetch_add(1, Ordering::Relaxed);
            return Said::Lost;
        };
        self.tally.took(begun.elapsed());
        let (count, said) = match answer.status() {
            StatusCode::SERVICE_UNAVAILABLE => {
                let time = refusal(&answer, &["unavailable", "outcome_unknown"]);
                (&self.tally.refused, Said::Later(time))
            }
            StatusCode::TOO_MANY_REQUESTS => {
                let time = refusal(&answer, &["busy"]);
                (&self.tally.full, Said::Full(time))
            }
            _ => (&self.tally.answered, Said::Answer(answer)),
        };
        count.fetch_add(1, Ordering::Relaxed);
        said
    }

    /// Asks until there is an answer: after a loss at the other node, after a refusal there and later.
    pub(crate) async fn insist(
        &mut self,
        node: usize,
        request: impl Fn() -> Request<Full<Bytes>>,
    ) -> (StatusCode, Value) {
        let answer = self.answer(node, request).await;
        let body = serde_json::from_slice(answer.body());
        (answer.status(), body.unwrap_or(Value::Null))
    }

    /// The same, with its head.
    pub(crate) async fn answer(
        &mut self,
        mut node: usize,
        request: impl Fn() -> Request<Full<Bytes>>,
    ) -> Response<Bytes> {
        loop {
            match self.ask(node, request()).await {
                Said::Answer(answer) => return answer,
                Said::Later(time) | Said::Full(time) => self.comes_back(node, time).await,
                Said::Lost => {}
            }
            node = 1 - node;
        }
    }

    /// Waits until a node listens anew, or for as long as it asked to be left alone.
    async fn comes_back(&self, node: usize, at_most: Duration) {
        let mut place = self.nodes[node].clone();
        // Either way it is asked again.
        let _ = timeout(at_most, place.changed()).await;
    }

    async fn send(
        &mut self,
        node: usize,
        request: Request<Full<Bytes>>,
    ) -> Option<Response<Bytes>> {
        let open = &mut self.open[node];
        // Where it listens now; a connection to where it was is lost anyway.
        if self.nodes[node].has_changed().unwrap_or(false) {
            *open = None;
        }
        if open.is_none() {
            let address = *self.nodes[node].borrow_and_update();
            *open = Some(Client::connect(address).await.ok()?);
        }
        open.as_mut()?.send(request).await.ok()
    }
}

/// A refusal says why, and when to come back.
fn refusal(answer: &Response<Bytes>, codes: &[&str]) -> Duration {
    let header = |name| answer.headers().get(name).and_then(|one| one.to_str().ok());
    assert_eq!(header("content-type"), Some(PROBLEM), "{answer:?}");
    let problem: Value = serde_json::from_slice(answer.body()).unwrap();
    let code = problem["code"].as_str().unwrap();
    assert!(codes.contains(&code), "{problem}");
    let seconds = header("retry-after").and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or_else(|| panic!("no time to come back: {answer:?}")))
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    let request = Request::get(path).header("host", "localhost");
    let request = request.header("accept", PROBLEM);
    request.body(Full::default()).unwrap()
}

pub(crate) fn post(path: &str, key: &str, body: &Value) -> Request<Full<Bytes>> {
    Request::post(path)
        .header("host", "localhost")
        .header("accept", PROBLEM)
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Full::from(Bytes::from(body.to_string())))
        .unwrap()
}
