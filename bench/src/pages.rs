//! Pages of a long chat on MySQL through the port, against the same SQL by hand.

use std::sync::Arc;
use std::time::Instant;

use chat_core::ids::{ChatId, ChatNumber, MessageNumber};
use chat_core::page::{Limit, Span};
use chat_core::port::{Store, Stores};
use chat_store_mysql::{MysqlConfig, MysqlStore};
use clap::Args;
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use sqlx::{query, query_as, query_scalar};

use crate::Failure;
use crate::corpus::{Dice, Writer};
use crate::engines::{self, Mysql, Scratch};
use crate::figures::{Rounds, row, with_load};
use crate::fill;
use crate::raw::Row;

const LEAST: f64 = 0.7;
/// Rows a statement while the chat is filled.
const PART: u64 = 2_000;
/// What the port reads of a message, where its chat and application are there.
const PAGE: &str = "SELECT m.number, m.body, m.author_name, m.data, m.reply_to, m.ext_id, \
     m.created_at, m.edited_at, m.deleted_at, m.change_no \
     FROM chats c STRAIGHT_JOIN applications a ON a.id = c.application \
     STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.chat = c.id \
     WHERE c.id = ? AND a.closed_at IS NULL AND c.closed_at IS NULL \
     AND m.number > ? AND m.number <= ? ORDER BY m.number LIMIT ?";
const LAST: &str = "SELECT COALESCE(MAX(number), 0) FROM messages WHERE chat = ?";
const HEAD: &str = "UPDATE chats SET last_number = ?, live = ? WHERE id = ?";

/// A row as it comes.
type Found = (
    i64,
    String,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    i64,
    Option<i64>,
    Option<i64>,
    i64,
);

/// Pages of history on MySQL.
#[derive(Debug, Args)]
pub(crate) struct Pages {
    #[command(flatten)]
    mysql: Mysql,
    /// Messages of the chat
    #[arg(long, default_value_t = 10_000_000)]
    messages: u64,
    /// Leave the database there, to be used again
    #[arg(long)]
    keep: bool,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Pages a round
    #[arg(long, default_value_t = 3_000)]
    pages: usize,
}

impl Pages {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let name = format!("chat_bench_pages_{}", self.messages);
        let database = self.mysql.kept(&name).await?;
        let done = self.measure(&database).await;
        if !self.keep {
            database.remove().await?;
        }
        done
    }

    async fn measure(&self, database: &Scratch) -> Result<(), Failure> {
        let store: Arc<dyn Store> =
            Arc::new(MysqlStore::connect(MysqlConfig::new(database.url())).await?);
        let chat = self.fill(&store, database).await?;
        let stores = Stores::from(store);
        let pool = MySqlPoolOptions::new().connect(&database.url()).await?;
        let mut dice = Dice::new(3);
        let mut rates = Rounds::default();
        for round in 0..=self.rounds {
            let reach = self.messages.saturating_sub(Limit::DEFAULT.get() as u64) as usize;
            let places: Vec<u64> = (0..self.pages).map(|_| dice.below(reach) as u64).collect();
            // Both sides read the same pages, and who begins changes.
            let (ours, theirs);
            if round % 2 == 0 {
                ours = self.by_port(&stores, chat, &places).await?;
                theirs = self.by_hand(&pool, chat, &places).await?;
            } else {
                theirs = self.by_hand(&pool, chat, &places).await?;
                ours = self.by_port(&stores, chat, &places).await?;
            }
            // The round before the first fills the caches and does not count.
            if round > 0 {
                eprintln!("round {round}: {ours:.0} pages/s, by hand {theirs:.0}");
                rates.push(ours, theirs);
            }
        }
        row([
            &format!(
                "history page of 50 anywhere in {} messages on MySQL",
                self.messages
            ),
            &format!("{:.0} pages/s", rates.ours()),
            &format!("{:.0} pages/s", rates.theirs()),
            &format!("{:.2}", rates.ratio()),
            &format!("≥ {LEAST}"),
            &with_load(&format!(
                "{} × {} pages, one after the other",
                self.rounds, self.pages
            )),
        ]);
        Ok(())
    }

    async fn by_port(&self, stores: &Stores, chat: ChatId, places: &[u64]) -> Result<f64, Failure> {
        let head = MessageNumber(self.messages);
        let start = Instant::now();
        for after in places {
            let span = Span::After(*after);
            let page = stores.history.page(chat, span, head, false, Limit::DEFAULT);
            whole(page.await?.items.len())?;
        }
        Ok(places.len() as f64 / start.elapsed().as_secs_f64())
    }

    async fn by_hand(
        &self,
        pool: &MySqlPool,
        chat: ChatId,
        places: &[u64],
    ) -> Result<f64, Failure> {
        let start = Instant::now();
        for after in places {
            let page: Vec<Found> = query_as(PAGE)
                .bind(chat.0)
                .bind(*after as i64)
                .bind(self.messages as i64)
                .bind(Limit::DEFAULT.get() as i64)
                .fetch_all(pool)
                .await?;
            whole(page.len())?;
        }
        Ok(places.len() as f64 / start.elapsed().as_secs_f64())
    }

    /// The chat, filled by many rows a statement, going on where an earlier run stopped.
    async fn fill(&self, store: &Arc<dyn Store>, database: &Scratch) -> Result<ChatId, Failure> {
        let stores = Stores::from(store.clone());
        let application = fill::application(store, 1).await?;
        let chat = stores.chats.get(application, ChatNumber(1)).await?;
        let chat = chat.ok_or("the chat is missing")?.id;
        let mut conn = database.connect().await?;
        let last: i64 = query_scalar(LAST).bind(chat.0).fetch_one(&mut conn).await?;
        let mut last = last as u64;
        let mut writer = Writer::new(last);
        while last < self.messages {
            let to = (last + PART).min(self.messages);
            let rows: Vec<Row> = (last + 1..=to)
                .map(|number| Row {
                    chat: chat.0,
                    number: number as i64,
                    body: writer.message(),
                    author: None,
                    at: 1_700_000_000_000_000 + number as i64,
                })
                .collect();
            engines::insert(&mut conn, "messages", &rows, rows.len()).await?;
            last = to;
            if last.is_multiple_of(1_000_000) {
                eprintln!("{last} of {} messages written", self.messages);
            }
        }
        let count = self.messages as i64;
        query(HEAD)
            .bind(count)
            .bind(count)
            .bind(chat.0)
            .execute(&mut conn)
            .await?;
        Ok(chat)
    }
}

fn whole(rows: usize) -> Result<(), Failure> {
    match rows {
        50 => Ok(()),
        _ => Err(format!("a page had {rows} messages").into()),
    }
}
