//! A page in the middle of a long chat against the first page of a short one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use chat_core::ids::{ApplicationId, ChatId, ChatNumber, MessageNumber};
use chat_core::page::{Limit, Span};
use chat_core::port::{Store, Stores};
use chat_embedded::{SqliteStore, StoreConfig};
use clap::Args;

use crate::Failure;
use crate::corpus::Dice;
use crate::figures::{Latencies, Rounds, row, with_load};
use crate::fill;

const SHORT: u64 = 1_000;
const MOST: f64 = 1.3;
const LONG_CHAT: ChatNumber = ChatNumber(1);
const SHORT_CHAT: ChatNumber = ChatNumber(2);

/// Pages of history.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Messages of the long chat
    #[arg(long, default_value_t = 10_000_000)]
    messages: u64,
    /// Directory where the chats stay, to be used again [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Pages a round
    #[arg(long, default_value_t = 2_000)]
    pages: usize,
}

impl History {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let temporary = tempfile::tempdir()?;
        let dir = self
            .dir
            .clone()
            .unwrap_or_else(|| temporary.path().to_owned());
        std::fs::create_dir_all(&dir)?;
        let path = dir.join(format!("history-{}.db", self.messages));
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(StoreConfig::new(path))?);
        let application = self.fill(&store).await?;
        let stores = Stores::from(store);
        let mut chats = Vec::new();
        for number in [LONG_CHAT, SHORT_CHAT] {
            let chat = stores.chats.get(application, number).await?;
            chats.push(chat.ok_or("a chat is missing")?.id);
        }
        let (long, short) = (chats[0], chats[1]);
        let mut dice = Dice::new(3);
        let (mut middle, mut anywhere) = (Rounds::default(), Rounds::default());
        for round in 0..=self.rounds {
            let spans = vec![self.messages / 2; self.pages];
            let ours = self.pages_of(&stores, long, self.messages, &spans).await?;
            let first = vec![0; self.pages];
            let theirs = self.pages_of(&stores, short, SHORT, &first).await?;
            let half = self.messages as usize / 2;
            let spans: Vec<u64> = (0..self.pages)
                .map(|_| (half / 2 + dice.below(half)) as u64)
                .collect();
            let scattered = self.pages_of(&stores, long, self.messages, &spans).await?;
            // The round before the first fills the caches and does not count.
            if round > 0 {
                middle.push(ours, theirs);
                anywhere.push(scattered, theirs);
            }
        }
        row([
            &format!(
                "history page of 50 in the middle of {} messages",
                self.messages
            ),
            &format!("{:.1} µs", middle.ours()),
            &format!("{:.1} µs (first page of {SHORT})", middle.theirs()),
            &format!("{:.2}", middle.ratio()),
            &format!("≤ {MOST}"),
            &with_load(&format!(
                "{} × {} pages; a different page of the middle half each time: {:.1} µs ({:.2})",
                self.rounds,
                self.pages,
                anywhere.ours(),
                anywhere.ratio()
            )),
        ]);
        Ok(())
    }

    /// The median time of a page in microseconds.
    async fn pages_of(
        &self,
        stores: &Stores,
        chat: ChatId,
        head: u64,
        after: &[u64],
    ) -> Result<f64, Failure> {
        let mut latencies = Latencies::default();
        for number in after {
            let start = Instant::now();
            let page = stores
                .history
                .page(
                    chat,
                    Span::After(*number),
                    MessageNumber(head),
                    false,
                    Limit::DEFAULT,
                )
                .await?;
            latencies.push(start.elapsed());
            if page.items.len() != Limit::DEFAULT.get().min(head as usize) {
                return Err(format!("a page had {} messages", page.items.len()).into());
            }
        }
        Ok(latencies.within(0.5) * 1_000.0)
    }

    /// Fills both chats, going on where an earlier run stopped.
    async fn fill(&self, store: &Arc<dyn Store>) -> Result<ApplicationId, Failure> {
        let stores = Stores::from(store.clone());
        let application = fill::application(store, 2).await?;
        fill::chat(&stores, application, SHORT_CHAT, SHORT, &[]).await?;
        fill::chat(&stores, application, LONG_CHAT, self.messages, &[]).await?;
        Ok(application)
    }
}
