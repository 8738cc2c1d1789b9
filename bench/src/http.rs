//! Durable posts over HTTP against a bare warp echo, both with the same client.

use std::time::Duration;

use clap::Args;

use crate::Failure;
use crate::corpus::Writer;
use crate::figures::{Latencies, Rounds, median, row, with_load};
use crate::lag::Watch;
use crate::load::{self, Answered, Pace, Requests};
use crate::process::processor_seconds;
use crate::server::{Binary, Server};

const APPLICATIONS: usize = 4;
const CHATS: usize = 4;
const LEAST: f64 = 0.35;
const SUSTAINED: f64 = 0.2;
const SUSTAINED_LAG_SECONDS: f64 = 5.0;
const HALF_P99_MS: f64 = 10.0;

/// Durable posts over HTTP.
#[derive(Debug, Args)]
pub(crate) struct Http {
    #[command(flatten)]
    binary: Binary,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds a round
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Connections, over 4 applications with 4 chats each
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Afterwards post at half of the rate that was reached
    #[arg(long)]
    rate_half: bool,
    /// Afterwards post at 0.2 of the echo's rate and watch the index
    #[arg(long)]
    sustained: bool,
    /// Seconds of each of these two
    #[arg(long, default_value_t = 60)]
    steady_seconds: u64,
}

/// What both sides are asked.
struct Sides {
    server: Server,
    posts: Vec<Requests>,
    echoes: Vec<Requests>,
    watch: Watch,
}

impl Http {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let data = tempfile::tempdir()?;
        let (server, _) = Server::start(&self.binary.path()?, data.path()).await?;
        let echo = Server::echo()?;
        let mut sides = self.sides(server, &echo).await?;
        let rates = self.closed(&mut sides).await?;
        if self.rate_half {
            self.half(&mut sides, rates.ours()).await?;
        }
        if self.sustained {
            self.sustain(&mut sides, rates.theirs()).await?;
        }
        sides.server.stop().await?;
        Ok(())
    }

    async fn sides(&self, server: Server, echo: &Server) -> Result<Sides, Failure> {
        let mut chats = Vec::new();
        for application in 0..APPLICATIONS {
            let path = server
                .application(&format!("bench {application}"), CHATS)
                .await?;
            chats.extend((1..=CHATS).map(|number| format!("{path}/chats/{number}")));
        }
        let requests = |address, seed| {
            let mut writer = Writer::new(seed);
            // Connections go round the chats so that every application has the same share.
            let paths = chats.iter().cycle().take(self.connections);
            let all =
                paths.map(|chat| Requests::new(address, &format!("{chat}/messages"), &mut writer));
            all.collect::<Vec<_>>()
        };
        Ok(Sides {
            posts: requests(server.address, 1),
            echoes: requests(echo.address, 1),
            watch: Watch::new(server.address, &chats).await?,
            server,
        })
    }

    async fn closed(&self, sides: &mut Sides) -> Result<Rounds, Failure> {
        let duration = Duration::from_secs(self.seconds);
        let mut rates = Rounds::default();
        let (mut posts, mut echoes) = (Latencies::default(), Latencies::default());
        let (mut lags, mut drains, mut costs) = (Vec::new(), Vec::new(), Vec::new());
        // One short round that does not count: files are made, caches filled.
        load::run(&sides.posts, Pace::Closed, Duration::from_secs(1)).await?;
        sides.watch.drained().await?;
        for round in 1..=self.rounds {
            let spent = processor_seconds(sides.server.pid())?;
            let ours = load::run(&sides.posts, Pace::Closed, duration).await?;
            let spent = processor_seconds(sides.server.pid())? - spent;
            lags.push(sides.watch.look().await?.messages as f64);
            drains.push(sides.watch.drained().await?.as_secs_f64());
            costs.push(spent * 1e6 / ours.latencies.len() as f64);
            let theirs = load::run(&sides.echoes, Pace::Closed, duration).await?;
            eprintln!(
                "round {round}: {:.0} posts/s, {:.0} echoes/s, behind {:.0}, drained in {:.1} s",
                ours.rate(),
                theirs.rate(),
                lags[round - 1],
                drains[round - 1],
            );
            rates.push(ours.rate(), theirs.rate());
            posts.extend(ours.latencies);
            echoes.extend(theirs.latencies);
        }
        let note = format!(
            "{} × {} s; {:.0} µs of processor a post; index behind by {:.0} at the end of a round, \
             drained in {:.1} s",
            self.rounds,
            self.seconds,
            median(&costs),
            median(&lags),
            median(&drains),
        );
        row([
            &format!("POST messages, durable, {} connections", self.connections),
            &side(rates.ours(), &mut posts),
            &side(rates.theirs(), &mut echoes),
            &format!("{:.2}", rates.ratio()),
            &format!("≥ {LEAST}"),
            &with_load(&note),
        ]);
        Ok(rates)
    }

    async fn half(&self, sides: &mut Sides, most: f64) -> Result<(), Failure> {
        let duration = Duration::from_secs(self.steady_seconds);
        let mut done = load::run(&sides.posts, Pace::Open(most / 2.0), duration).await?;
        let lag = sides.watch.look().await?.messages;
        let drained = sides.watch.drained().await?.as_secs_f64();
        row([
            "the same at half of its maximum",
            &side(done.rate(), &mut done.latencies),
            "–",
            "–",
            &format!("p99 ≤ {HALF_P99_MS} ms"),
            &with_load(&format!(
                "open loop, {} s; index behind by {lag}, drained in {drained:.1} s",
                self.steady_seconds
            )),
        ]);
        Ok(())
    }

    async fn sustain(&self, sides: &mut Sides, echo_rate: f64) -> Result<(), Failure> {
        let duration = Duration::from_secs(self.steady_seconds);
        let pace = Pace::Open(echo_rate * SUSTAINED);
        let load = load::run(&sides.posts, pace, duration);
        tokio::pin!(load);
        let (mut oldest, mut most) = (0.0_f64, 0);
        let mut done: Answered = loop {
            tokio::select! {
                done = &mut load => break done?,
                () = tokio::time::sleep(Duration::from_millis(200)) => {
                    let lag = sides.watch.look().await?;
                    oldest = oldest.max(lag.seconds);
                    most = most.max(lag.messages);
                }
            }
        };
        let drained = sides.watch.drained().await?.as_secs_f64();
        row([
            "the same sustained",
            &side(done.rate(), &mut done.latencies),
            &format!("{echo_rate:.0}/s"),
            &format!("{:.2}", done.rate() / echo_rate),
            &format!("≥ {SUSTAINED}, lag ≤ {SUSTAINED_LAG_SECONDS} s"),
            &with_load(&format!(
                "open loop, {} s; lag at most {oldest:.1} s ({most} messages), drained in \
                 {drained:.1} s",
                self.steady_seconds
            )),
        ]);
        Ok(())
    }
}

fn side(rate: f64, latencies: &mut Latencies) -> String {
    format!(
        "{rate:.0}/s, p50 {:.2} ms, p99 {:.2} ms",
        latencies.within(0.5),
        latencies.within(0.99)
    )
}
