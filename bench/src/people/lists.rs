//! The list of somebody's chats, and the latest page of one of them through two APIs.

use clap::Args;

use super::house::Ana;
use crate::Failure;
use crate::figures::{Latencies, Rounds, row, with_load};
use crate::fill::TOKEN_KEY;
use crate::server::{Binary, Server};

const SLOWEST: f64 = 10.0;
const MOST: f64 = 1.2;

/// What the one who opens the application waits for.
#[derive(Debug, Args)]
pub(crate) struct Lists {
    #[command(flatten)]
    binary: Binary,
    /// Chats that she takes part in
    #[arg(long, default_value_t = 1_000)]
    chats: usize,
    /// Messages in each, all of them unread
    #[arg(long, default_value_t = 1_000)]
    messages: u64,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Answers a round
    #[arg(long, default_value_t = 300)]
    times: usize,
}

impl Lists {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let data = tempfile::tempdir()?;
        let ana = Ana::at_home(data.path(), self.chats, self.messages).await?;
        let key = ["--token-key", TOKEN_KEY].map(str::to_owned);
        let (server, _) = Server::start_with(&self.binary.path()?, data.path(), &key).await?;
        let native = format!("/api/v1/applications/{}", ana.application);
        let (list, page) = (
            format!("{native}/me/chats"),
            format!(
                "{native}/chats/1/messages?before={}&limit=50",
                self.messages + 1
            ),
        );
        let (mut lists, mut pages) = (Latencies::default(), Rounds::default());
        for round in 0..=self.rounds {
            let ask = async |path: &str| ana.asks(server.address, path, self.times).await;
            let theirs = ask(&page).await?.within(0.5);
            let ours = ask("/conversations/1").await?.within(0.5);
            let mine = ask(&list).await?;
            // The round before the first fills the caches and does not count.
            if round > 0 {
                eprintln!("round {round}: {ours:.3} ms, native {theirs:.3} ms");
                lists.extend(mine);
                pages.push(ours, theirs);
            }
        }
        server.stop().await?;
        let total = self.chats as u64 * self.messages;
        row([
            &format!(
                "p99 of the first page of my chats with unread, of {} with {total} messages",
                self.chats
            ),
            &format!("{:.2} ms", lists.within(0.99)),
            "–",
            "–",
            &format!("≤ {SLOWEST} ms"),
            &with_load(&format!(
                "{} × {} answers, p50 {:.2} ms",
                self.rounds,
                self.times,
                lists.within(0.5)
            )),
        ]);
        row([
            "`GET /conversations/{id}`, its latest page of 50",
            &format!("{:.2} ms", pages.ours()),
            &format!("{:.2} ms (native history page)", pages.theirs()),
            &format!("{:.2}", pages.ratio()),
            &format!("≤ {MOST}"),
            &with_load(&format!("{} × {} answers", self.rounds, self.times)),
        ]);
        Ok(())
    }
}
