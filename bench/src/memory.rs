//! Anonymous resident memory: after the start, and while serving after an import.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::Failure;
use crate::client::Client;
use crate::corpus::{Dice, Writer, word};
use crate::figures::{row, with_load};
use crate::import::import;
use crate::lag::Watch;
use crate::load::{self, Pace, Requests};
use crate::process::{anonymous, mib};
use crate::server::{Binary, Server};

const MOST_AT_START_MIB: f64 = 40.0;
const MOST_SERVING_MIB: f64 = 150.0;
const CONNECTIONS: usize = 64;
const READERS: usize = 8;

/// Memory of the server.
#[derive(Debug, Args)]
pub(crate) struct Memory {
    #[command(flatten)]
    binary: Binary,
    /// What is imported
    file: PathBuf,
    /// How many seconds it serves posts, pages and searches
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

impl Memory {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let binary = self.binary.path()?;
        let temporary = tempfile::tempdir()?;
        let (empty, _) = Server::start(&binary, &temporary.path().join("empty")).await?;
        let at_start = anonymous(empty.pid())?;
        empty.stop().await?;

        let data = temporary.path().join("data");
        import(&binary, &self.file, &data, true)?;
        let (server, _) = Server::start(&binary, &data).await?;
        let ready = anonymous(server.pid())?;
        let path = server.first_application().await?;
        let chats: Vec<String> = (1..=8).map(|chat| format!("{path}/chats/{chat}")).collect();
        let most = self.serve(&server, &chats).await?;
        Watch::new(server.address, &chats).await?.drained().await?;
        let after = anonymous(server.pid())?;
        server.stop().await?;
        row([
            "anonymous resident memory after start / after the import while serving",
            &format!("{:.1} MiB / {:.1} MiB", mib(at_start), mib(most.max(after))),
            "–",
            "–",
            &format!("≤ {MOST_AT_START_MIB} MB / ≤ {MOST_SERVING_MIB} MB"),
            &with_load(&format!(
                "with the import's data {:.1} MiB at the start, {:.1} MiB at most in {} s of {} \
                 connections that post and {} that page and search, {:.1} MiB when the index had \
                 caught up",
                mib(ready),
                mib(most),
                self.seconds,
                CONNECTIONS,
                READERS,
                mib(after)
            )),
        ]);
        Ok(())
    }

    /// Posts, pages and searches for a while; the most memory that was seen.
    async fn serve(&self, server: &Server, chats: &[String]) -> Result<u64, Failure> {
        let mut writer = Writer::new(7);
        let posts: Vec<Requests> = (0..CONNECTIONS)
            .map(|place| {
                let path = format!("{}/messages", chats[place % chats.len()]);
                Requests::new(server.address, &path, &mut writer)
            })
            .collect();
        let duration = Duration::from_secs(self.seconds);
        let posting = tokio::spawn(async move { load::run(&posts, Pace::Closed, duration).await });
        let mut readers = tokio::task::JoinSet::new();
        for reader in 0..READERS {
            let mut client = Client::connect(server.address).await?;
            let chat = chats[reader % chats.len()].clone();
            readers.spawn(async move {
                let mut dice = Dice::new(reader as u64);
                loop {
                    let number = dice.below(1_000);
                    client
                        .get(&format!("{chat}/messages?after={number}&limit=50"))
                        .await?;
                    let word = word(dice.below(3_000));
                    client
                        .get(&format!("{chat}/messages/search?query={word}"))
                        .await?;
                }
                #[expect(unreachable_code, reason = "it names the type of the error")]
                Ok::<(), Failure>(())
            });
        }
        let mut most = 0;
        while !posting.is_finished() {
            most = most.max(anonymous(server.pid())?);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        posting.await??;
        readers.shutdown().await;
        Ok(most)
    }
}
