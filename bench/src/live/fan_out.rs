//! Deliveries of one chat to many sockets.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::socket::{Socket, holds};
use super::{AT_ONCE, followers, text};
use crate::Failure;
use crate::client::{Client, post};
use crate::figures::{Rounds, median, row, with_load};
use crate::server::{Binary, Server};

const LEAST: f64 = 0.5;
/// Connections that post.
const POSTERS: usize = 16;
const LAST: &str = "~last~";

/// Deliveries of one chat to many sockets against a bare broadcast.
#[derive(Debug, Args)]
pub(super) struct FanOut {
    #[command(flatten)]
    binary: Binary,
    /// Sockets
    #[arg(long, default_value_t = 1_000)]
    sockets: usize,
    /// Messages a round
    #[arg(long, default_value_t = 1_000)]
    messages: usize,
    /// Bytes of a message
    #[arg(long, default_value_t = 256)]
    bytes: usize,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// What the sockets of one round took.
struct Taken {
    /// What one of them was told, frame by frame.
    frames: Vec<String>,
    /// How many frames all of them were told.
    all: usize,
    took: Duration,
}

impl FanOut {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let data = tempfile::tempdir()?;
        let (server, _) = Server::start(&self.binary.path()?, data.path()).await?;
        let application = server.application("bench", 1).await?;
        let bare = Server::broadcast()?;
        let messages = (self.messages * self.sockets) as f64;
        let (mut rates, mut frames) = (Rounds::default(), Vec::new());
        for round in 1..=self.rounds {
            let ours = self.ours(&server, &application).await?;
            let theirs = self.theirs(bare.address, &ours.frames).await?;
            let rate = |took: Duration| messages / took.as_secs_f64();
            eprintln!(
                "round {round}: {:.0}/s in {:.0} frames a socket, bare {:.0}/s in {}",
                rate(ours.took),
                ours.all as f64 / self.sockets as f64,
                rate(theirs.took),
                theirs.all / self.sockets,
            );
            frames.push(ours.all as f64 / self.sockets as f64);
            rates.push(rate(ours.took), rate(theirs.took));
        }
        server.stop().await?;
        row([
            &format!(
                "fan-out: one chat, {} sockets, {} B",
                self.sockets, self.bytes
            ),
            &format!("{:.0} deliveries/s", rates.ours()),
            &format!("{:.0}/s", rates.theirs()),
            &format!("{:.2}", rates.ratio()),
            &format!("≥ {LEAST}"),
            &with_load(&format!(
                "{} × {} durable messages from {POSTERS} connections, in {:.0} frames; the bare side relays the same frames",
                self.rounds,
                self.messages,
                median(&frames),
            )),
        ]);
        Ok(())
    }

    async fn ours(&self, server: &Server, application: &str) -> Result<Taken, Failure> {
        let address = server.address;
        let sockets = followers(address, application, self.sockets, |_| vec![1]).await?;
        let path = format!("{application}/chats/1/messages");
        take(sockets, async {
            let mut posters = JoinSet::new();
            for poster in 0..POSTERS {
                let request = post(&path, &body(&text("", self.bytes)));
                let share = (self.messages - 1) / POSTERS
                    + usize::from(poster < (self.messages - 1) % POSTERS);
                posters.spawn(async move {
                    let mut client = Client::connect(address).await?;
                    for _ in 0..share {
                        client.exchange(&request).await?;
                    }
                    Ok::<_, Failure>(())
                });
            }
            while let Some(done) = posters.join_next().await {
                done??;
            }
            let mut client = Client::connect(address).await?;
            client.post(&path, &body(&text(LAST, self.bytes))).await?;
            Ok(())
        })
        .await
    }

    async fn theirs(&self, address: SocketAddr, frames: &[String]) -> Result<Taken, Failure> {
        let mut sockets = Vec::new();
        while sockets.len() < self.sockets {
            let some = AT_ONCE.min(self.sockets - sockets.len());
            let open = (0..some).map(|_| Socket::open(address, "/"));
            sockets.extend(futures_util::future::try_join_all(open).await?);
        }
        let mut speaker = Socket::open(address, "/").await?;
        take(sockets, async {
            for frame in frames {
                speaker.say(frame).await?;
            }
            // What is told to the one who speaks too has to be taken.
            speaker.until(LAST).await?;
            Ok(())
        })
        .await
    }
}

fn body(text: &str) -> String {
    serde_json::json!({ "body": text }).to_string()
}

/// Reads on all sockets up to the last message while `speaking` goes on.
async fn take(
    sockets: Vec<Socket>,
    speaking: impl Future<Output = Result<(), Failure>>,
) -> Result<Taken, Failure> {
    let ready = Arc::new(Barrier::new(sockets.len() + 1));
    let mut readers = JoinSet::new();
    for (place, mut socket) in sockets.into_iter().enumerate() {
        let ready = Arc::clone(&ready);
        readers.spawn(async move {
            ready.wait().await;
            let (mut frames, mut count) = (Vec::new(), 0);
            loop {
                let text = socket.text().await?;
                if holds(text, r#""type":"heads""#) {
                    continue;
                }
                count += 1;
                if place == 0 {
                    frames.push(String::from_utf8_lossy(text).into_owned());
                }
                if holds(text, LAST) {
                    return Ok::<_, io::Error>((frames, count, Instant::now(), socket));
                }
            }
        });
    }
    ready.wait().await;
    let start = Instant::now();
    speaking.await?;
    let (mut told, mut all, mut took, mut open) = (Vec::new(), 0, Duration::ZERO, Vec::new());
    while let Some(one) = readers.join_next().await {
        let (frames, count, at, socket) = one??;
        all += count;
        took = took.max(at - start);
        told.extend(frames);
        // None goes while others are told.
        open.push(socket);
    }
    Ok(Taken {
        frames: told,
        all,
        took,
    })
}
