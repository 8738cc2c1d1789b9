//! Posts into one chat: over two nodes against over one.

use std::time::Duration;

use clap::Args;

use crate::Failure;
use crate::corpus::Writer;
use crate::engines::{Mysql, Others, Profile};
use crate::figures::{Latencies, Rounds, row, with_load};
use crate::lag::Watch;
use crate::load::{self, Pace, Requests};
use crate::server::{Binary, Server};

const LEAST: f64 = 0.8;

/// Two nodes on one chat.
#[derive(Debug, Args)]
pub(crate) struct Nodes {
    #[command(flatten)]
    binary: Binary,
    #[command(flatten)]
    mysql: Mysql,
    #[command(flatten)]
    others: Others,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds a round
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Connections, all posting into the same chat
    #[arg(long, default_value_t = 64)]
    connections: usize,
}

impl Nodes {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let profile = Profile::create(&self.mysql, &self.others, true).await?;
        let done = self.measure(&profile).await;
        profile.remove().await?;
        done
    }

    async fn measure(&self, profile: &Profile) -> Result<(), Failure> {
        let (binary, data) = (self.binary.path()?, tempfile::tempdir()?);
        let mut nodes = Vec::new();
        for _ in 0..2 {
            let arguments = profile.arguments(&[]);
            nodes.push(
                Server::start_with(&binary, data.path(), &arguments)
                    .await?
                    .0,
            );
        }
        let chat = format!("{}/chats/1", nodes[0].application("bench", 1).await?);
        let mut watch = Watch::new(nodes[0].address, std::slice::from_ref(&chat)).await?;
        let mut writer = Writer::new(1);
        let mut requests = |count: usize| -> Vec<Requests> {
            let nodes = nodes.iter().take(count).cycle().take(self.connections);
            let path = format!("{chat}/messages");
            nodes
                .map(|node| Requests::new(node.address, &path, &mut writer))
                .collect()
        };
        let (two, one) = (requests(2), requests(1));
        let duration = Duration::from_secs(self.seconds);
        let mut rates = Rounds::default();
        let (mut both, mut alone) = (Latencies::default(), Latencies::default());
        for round in 0..=self.rounds {
            // The round before the first makes connections and does not count.
            let duration = if round == 0 {
                Duration::from_secs(2)
            } else {
                duration
            };
            let ours = load::run(&two, Pace::Closed, duration).await?;
            watch.drained().await?;
            let theirs = load::run(&one, Pace::Closed, duration).await?;
            watch.drained().await?;
            if round > 0 {
                eprintln!(
                    "round {round}: {:.0} posts/s over two nodes, {:.0} over one",
                    ours.rate(),
                    theirs.rate()
                );
                rates.push(ours.rate(), theirs.rate());
                both.extend(ours.latencies);
                alone.extend(theirs.latencies);
            }
        }
        let side = |rate: f64, done: &mut Latencies| {
            format!("{rate:.0} posts/s, p99 {:.1} ms", done.within(0.99))
        };
        row([
            &format!("two nodes on one chat, {} connections", self.connections),
            &side(rates.ours(), &mut both),
            &format!("{} over one node", side(rates.theirs(), &mut alone)),
            &format!("{:.2}", rates.ratio()),
            &format!("≥ {LEAST}"),
            &with_load(&format!(
                "{} × {} s; {}",
                self.rounds,
                self.seconds,
                profile.index()
            )),
        ]);
        for node in nodes {
            node.stop().await?;
        }
        Ok(())
    }
}
