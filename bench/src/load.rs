//! Posts from many connections: closed loops, or at a given rate.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Failure;
use crate::client::{Client, post};
use crate::corpus::Writer;
use crate::figures::Latencies;

/// How many different texts a connection sends in turn.
const TEXTS: usize = 64;

/// What a connection sends, as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    address: SocketAddr,
    ready: Vec<Vec<u8>>,
}

impl Requests {
    /// Posts of differing texts to one path.
    pub(crate) fn new(address: SocketAddr, path: &str, writer: &mut Writer) -> Self {
        let ready = (0..TEXTS).map(|_| {
            let json = serde_json::json!({ "body": writer.message() });
            post(path, &json.to_string())
        });
        Self {
            address,
            ready: ready.collect(),
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    pub(crate) latencies: Latencies,
    pub(crate) seconds: f64,
}

impl Answered {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds
    }
}

/// When a connection sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As soon as the answer before is there.
    Closed,
    /// So many requests a second, all connections together, whether or not answers come: a request
    /// that starts late counts from when it should have started.
    Open(f64),
}

/// One connection for each of `all`, for as long as this.
pub(crate) async fn run(
    all: &[Requests],
    pace: Pace,
    duration: Duration,
) -> Result<Answered, Failure> {
    let mut clients = Vec::with_capacity(all.len());
    for requests in all {
        clients.push(Client::connect(requests.address).await?);
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (place, (client, requests)) in clients.into_iter().zip(all).enumerate() {
        let requests = requests.clone();
        let turns = Turns::of(pace, place, all.len());
        tasks.spawn(send(client, requests, turns, start, duration));
    }
    let mut answered = Answered::default();
    while let Some(one) = tasks.join_next().await {
        answered.latencies.extend(one??);
    }
    answered.seconds = start.elapsed().as_secs_f64();
    Ok(answered)
}

/// When one connection's requests are due.
enum Turns {
    AtOnce,
    Every { first: f64, interval: f64 },
}

impl Turns {
    fn of(pace: Pace, place: usize, connections: usize) -> Self {
        match pace {
            Pace::Closed => Self::AtOnce,
            Pace::Open(rate) => Self::Every {
                first: place as f64 / rate,
                interval: connections as f64 / rate,
            },
        }
    }
}

async fn send(
    mut client: Client,
    requests: Requests,
    turns: Turns,
    start: Instant,
    duration: Duration,
) -> Result<Latencies, Failure> {
    let mut latencies = Latencies::default();
    for (turn, request) in requests.ready.iter().cycle().enumerate() {
        let due = match turns {
            Turns::AtOnce => Instant::now(),
            Turns::Every { first, interval } => {
                let due = start + Duration::from_secs_f64(first + interval * turn as f64);
                tokio::time::sleep_until(due.into()).await;
                due
            }
        };
        if due.duration_since(start) >= duration {
            break;
        }
        let reply = client.exchange(request).await?;
        if !(200..300).contains(&reply.status) {
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            return Err(format!("a post was answered {}: {body}", reply.status).into());
        }
        latencies.push(due.elapsed());
    }
    Ok(latencies)
}
