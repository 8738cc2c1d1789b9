//! Posts of a quiet application, alone and while another is flooded.

use std::time::Duration;

use clap::Args;

use crate::Failure;
use crate::corpus::Writer;
use crate::figures::{Rounds, median, row, with_load};
use crate::load::{self, Answered, Pace, Requests};
use crate::server::{Binary, Server};

const MOST: f64 = 3.0;

/// A quiet application beside a flooded one.
#[derive(Debug, Args)]
pub(crate) struct Isolation {
    #[command(flatten)]
    binary: Binary,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds a round
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections that flood the other application
    #[arg(long, default_value_t = 256)]
    flood: usize,
    /// Posts a second of the quiet one
    #[arg(long, default_value_t = 100.0)]
    rate: f64,
}

impl Isolation {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let data = tempfile::tempdir()?;
        let (server, _) = Server::start(&self.binary.path()?, data.path()).await?;
        let (quiet, busy) = (
            server.application("quiet", 1).await?,
            server.application("busy", 4).await?,
        );
        let mut writer = Writer::new(8);
        let quiet = vec![Requests::new(
            server.address,
            &format!("{quiet}/chats/1/messages"),
            &mut writer,
        )];
        let flood: Vec<Requests> = (0..self.flood)
            .map(|place| {
                let path = format!("{busy}/chats/{}/messages", 1 + place % 4);
                Requests::new(server.address, &path, &mut writer)
            })
            .collect();
        let mut p99 = Rounds::default();
        let (mut medians, mut rates) = (Vec::new(), Vec::new());
        for round in 1..=self.rounds {
            let mut alone = self.quiet(quiet.clone()).await?;
            let flooding = tokio::spawn({
                let (flood, seconds) = (flood.clone(), self.seconds + 2);
                async move { load::run(&flood, Pace::Closed, Duration::from_secs(seconds)).await }
            });
            // The flood has begun when the quiet one starts, and ends after it.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let mut beside = self.quiet(quiet.clone()).await?;
            let flooded = flooding.await??;
            let both = (beside.latencies.within(0.99), alone.latencies.within(0.99));
            eprintln!(
                "round {round}: p99 {:.2} ms beside {:.0} posts/s, {:.2} ms alone",
                both.0,
                flooded.rate(),
                both.1
            );
            p99.push(both.0, both.1);
            medians.push(beside.latencies.within(0.5));
            rates.push(flooded.rate());
        }
        server.stop().await?;
        row([
            &format!(
                "p99 of a quiet application beside {} flooding connections",
                self.flood
            ),
            &format!("{:.2} ms", p99.ours()),
            &format!("{:.2} ms (alone)", p99.theirs()),
            &format!("{:.2}", p99.ratio()),
            &format!("≤ {MOST}"),
            &with_load(&format!(
                "{} × {} s at {} posts/s; p50 beside the flood {:.2} ms; the flood {:.0} posts/s",
                self.rounds,
                self.seconds,
                self.rate,
                median(&medians),
                median(&rates)
            )),
        ]);
        Ok(())
    }

    /// On a thread of its own, so that the flood's clients do not delay it within this process.
    async fn quiet(&self, quiet: Vec<Requests>) -> Result<Answered, Failure> {
        let (pace, duration) = (Pace::Open(self.rate), Duration::from_secs(self.seconds));
        let done = tokio::task::spawn_blocking(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(load::run(&quiet, pace, duration))
        });
        done.await?
    }
}
