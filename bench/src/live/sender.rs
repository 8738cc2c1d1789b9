//! Acknowledged messages of one sender whose chat many sockets follow.

use std::time::Duration;

use clap::Args;

use super::followers;
use crate::Failure;
use crate::corpus::Writer;
use crate::figures::{Latencies, Rounds, row, with_load};
use crate::load::{self, Pace, Requests};
use crate::server::{Binary, Server};

const LEAST: f64 = 0.5;

/// Acknowledged messages of one sender whose chat many sockets follow.
#[derive(Debug, Args)]
pub(super) struct Sender {
    #[command(flatten)]
    binary: Binary,
    /// Sockets
    #[arg(long, default_value_t = 1_000)]
    sockets: usize,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds a round
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

impl Sender {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let data = tempfile::tempdir()?;
        let (server, _) = Server::start(&self.binary.path()?, data.path()).await?;
        let application = server.application("bench", 2).await?;
        let sockets = followers(server.address, &application, self.sockets, |_| vec![1]).await?;
        let mut reading = tokio::task::JoinSet::new();
        for mut socket in sockets {
            reading.spawn(async move {
                loop {
                    if let Err(error) = socket.text().await {
                        return error;
                    }
                }
            });
        }
        let mut writer = Writer::new(1);
        let mut posts = |chat: usize| {
            let path = format!("{application}/chats/{chat}/messages");
            [Requests::new(server.address, &path, &mut writer)]
        };
        let (followed, quiet) = (posts(1), posts(2));
        let duration = Duration::from_secs(self.seconds);
        let mut rates = Rounds::default();
        let (mut ours, mut theirs) = (Latencies::default(), Latencies::default());
        for round in 1..=self.rounds {
            let with = load::run(&followed, Pace::Closed, duration).await?;
            let without = load::run(&quiet, Pace::Closed, duration).await?;
            eprintln!(
                "round {round}: {:.0}/s followed, {:.0}/s not",
                with.rate(),
                without.rate()
            );
            rates.push(with.rate(), without.rate());
            ours.extend(with.latencies);
            theirs.extend(without.latencies);
        }
        if let Some(closed) = reading.try_join_next() {
            return Err(format!("a socket was closed: {}", closed?).into());
        }
        server.stop().await?;
        row([
            &format!("one sender, {} sockets follow the chat", self.sockets),
            &format!("{:.0}/s, p99 {:.2} ms", rates.ours(), ours.within(0.99)),
            &format!(
                "{:.0}/s, p99 {:.2} ms without",
                rates.theirs(),
                theirs.within(0.99)
            ),
            &format!("{:.2}", rates.ratio()),
            &format!("≥ {LEAST}"),
            &with_load(&format!(
                "{} × {} s, closed loop, durable",
                self.rounds, self.seconds
            )),
        ]);
        Ok(())
    }
}
