//! Search of each class against raw FTS5 that holds the same terms.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::clock::Timestamp;
use chat_core::ids::{ApplicationId, Change, ChatId, MessageNumber};
use chat_core::page::Limit;
use chat_core::port::{Document, Order, Search as _, SearchQuery, SearchScope};
use chat_core::terms::{Query, cut};
use chat_embedded::{SearchConfig, SqliteSearch};
use clap::Args;
use rusqlite::{Connection, params};

use crate::Failure;
use crate::corpus::{Dice, Ranks, Writer, word};
use crate::figures::{Latencies, Rounds, row, with_load};
use crate::raw;

const APPLICATION: ApplicationId = ApplicationId(2);
const CHATS: usize = 1_000;
const BATCH: usize = 1_024;
const HITS: usize = 20;
/// When the first message was created, and how many microseconds later the next one.
const CREATED: Timestamp = Timestamp(1_600_000_000_000_000);
const APART: i64 = 20_000;
const MOST: f64 = 1.5;
const MOST_P99_MS: f64 = 20.0;

const SCHEMA: &str = "
    CREATE TABLE docs (id INTEGER PRIMARY KEY, chat INTEGER NOT NULL, number INTEGER NOT NULL);
    CREATE VIRTUAL TABLE f USING fts5(
        terms, content = '', contentless_delete = 1, tokenize = 'ascii'
    );";
const NEWEST: &str = "SELECT d.chat, d.number FROM f CROSS JOIN docs d ON d.id = f.rowid
    WHERE f MATCH ?1 ORDER BY f.rowid DESC LIMIT ?2";

/// Search, newest first.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Messages in both indexes
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Directory where the indexes stay, to be used again [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Queries of a class a round
    #[arg(long, default_value_t = 60)]
    queries: usize,
}

/// A kind of query, and how one of it is made.
type Class = (&'static str, fn(&mut Dice) -> String);

const CLASSES: [Class; 8] = [
    ("rare term", |dice| rare(dice)),
    ("mid term", |dice| mid(dice)),
    ("common term", |dice| common(dice)),
    ("AND common + mid", |dice| {
        format!("{} {}", common(dice), mid(dice))
    }),
    ("AND 2 common", |dice| {
        format!("{} {}", common(dice), common(dice))
    }),
    ("phrase 2 common", |dice| {
        format!("\"{} {}\"", common(dice), common(dice))
    }),
    ("part, 3 letters", |dice| {
        mid(dice).chars().take(3).collect()
    }),
    ("prefix, 2 letters", |dice| {
        mid(dice).chars().take(2).collect()
    }),
];

fn rare(dice: &mut Dice) -> String {
    word(20_000 + dice.below(20_000))
}

fn mid(dice: &mut Dice) -> String {
    word(500 + dice.below(2_500))
}

fn common(dice: &mut Dice) -> String {
    word(5 + dice.below(45))
}

/// Where one query looks.
type Place = (&'static str, fn(&mut Dice) -> SearchScope);

const PLACES: [Place; 3] = [
    ("everywhere", |_| SearchScope::Application(APPLICATION)),
    ("busy chat", |dice| {
        SearchScope::Chat(APPLICATION, ChatId(1 + dice.below(5) as i64))
    }),
    ("quiet chat", |dice| {
        let quiet = CHATS - CHATS / 10 + dice.below(CHATS / 10);
        SearchScope::Chat(APPLICATION, ChatId(1 + quiet as i64))
    }),
];

impl Search {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let temporary = tempfile::tempdir()?;
        let dir = self
            .dir
            .clone()
            .unwrap_or_else(|| temporary.path().to_owned());
        let dir = dir.join(format!("search-{}", self.messages));
        let filled = dir.join("filled");
        if !filled.exists() {
            if dir.exists() {
                std::fs::remove_dir_all(&dir)?;
            }
            std::fs::create_dir_all(&dir)?;
            self.fill(&dir).await?;
            std::fs::write(&filled, "")?;
        }
        let ours = SqliteSearch::open(SearchConfig::new(dir.join("ours.db")))?;
        let theirs = raw::open(&dir.join("theirs.db"))?;
        theirs.pragma_update(None, "cache_size", -4_096)?;
        let (mut worst, mut slowest) = (0.0_f64, 0.0_f64);
        for (class, query) in CLASSES {
            for (place, scope) in PLACES {
                let (ratio, p99) = self
                    .class(&ours, &theirs, (class, query), (place, scope))
                    .await?;
                worst = worst.max(ratio);
                slowest = slowest.max(p99);
            }
        }
        row([
            "search, the worst of all classes",
            &format!("p99 {slowest:.2} ms"),
            "",
            &format!("{worst:.2}"),
            &format!("≤ {MOST}, p99 ≤ {MOST_P99_MS} ms"),
            &with_load(&format!(
                "{} messages, {} rounds",
                self.messages, self.rounds
            )),
        ]);
        ours.close().await?;
        Ok(())
    }

    async fn class(
        &self,
        ours: &SqliteSearch,
        theirs: &Connection,
        (class, query): Class,
        (place, scope): Place,
    ) -> Result<(f64, f64), Failure> {
        let mut dice = Dice::new(5);
        let asked: Vec<SearchQuery> = (0..self.queries)
            .map(|_| {
                Ok(SearchQuery {
                    scope: scope(&mut dice),
                    query: Arc::new(Query::parse(&query(&mut dice))),
                    order: Order::Newest,
                    after: None,
                    limit: Limit::new(HITS).ok_or("a limit")?,
                })
            })
            .collect::<Result<_, Failure>>()?;
        let mut rounds = Rounds::default();
        let (mut our_times, mut their_times) = (Latencies::default(), Latencies::default());
        let mut hits = 0;
        for round in 0..=self.rounds {
            let mut mine = Latencies::default();
            hits = 0;
            for query in &asked {
                let start = Instant::now();
                hits += ours.query(query).await?.len();
                mine.push(start.elapsed());
            }
            let mut raw = Latencies::default();
            let mut raw_hits = 0;
            for query in &asked {
                let expression = expression(query);
                let (found, took) = find(theirs, &expression)?;
                raw_hits += found;
                raw.push(took);
            }
            if hits != raw_hits {
                return Err(format!("{class}, {place}: {hits} hits against {raw_hits}").into());
            }
            // The round before the first fills the caches and does not count.
            if round > 0 {
                rounds.push(mine.total(), raw.total());
                our_times.extend(mine);
                their_times.extend(raw);
            }
        }
        let p99 = our_times.within(0.99);
        row([
            &format!("search {class}, {place}"),
            &format!("p50 {:.3} ms, p99 {p99:.2} ms", our_times.within(0.5)),
            &format!(
                "p50 {:.3} ms, p99 {:.2} ms",
                their_times.within(0.5),
                their_times.within(0.99)
            ),
            &format!("{:.2}", rounds.ratio()),
            &format!("≤ {MOST}"),
            &format!("{:.1} hits", hits as f64 / self.queries as f64),
        ]);
        Ok((rounds.ratio(), p99))
    }

    async fn fill(&self, dir: &Path) -> Result<(), Failure> {
        let ours = SqliteSearch::open(SearchConfig::new(dir.join("ours.db")))?;
        let mut theirs = raw::open(&dir.join("theirs.db"))?;
        theirs.execute_batch(SCHEMA)?;
        let (mut writer, mut dice) = (Writer::new(4), Dice::new(4));
        let chats = Ranks::new(CHATS, 0.8);
        let mut last = vec![0_u64; CHATS];
        let mut written = 0;
        let (mut our_time, mut their_time) = (Duration::ZERO, Duration::ZERO);
        while written < self.messages {
            let documents: Vec<Document> = (written..self.messages.min(written + BATCH))
                .map(|turn| {
                    let chat = chats.pick(&mut dice);
                    last[chat] += 1;
                    Document {
                        application: APPLICATION,
                        chat: ChatId(chat as i64 + 1),
                        number: MessageNumber(last[chat]),
                        created_at: Timestamp(CREATED.0 + turn as i64 * APART),
                        version: Change(0),
                        body: Some(writer.message()),
                    }
                })
                .collect();
            let start = Instant::now();
            ours.put(&documents).await?;
            our_time += start.elapsed();
            let start = Instant::now();
            put(&mut theirs, &documents, written)?;
            their_time += start.elapsed();
            written += documents.len();
        }
        ours.refresh().await?;
        ours.close().await?;
        eprintln!(
            "{written} messages indexed: {:.0}/s, raw {:.0}/s",
            written as f64 / our_time.as_secs_f64(),
            written as f64 / their_time.as_secs_f64()
        );
        Ok(())
    }
}

fn put(db: &mut Connection, documents: &[Document], before: usize) -> rusqlite::Result<()> {
    let change = db.transaction()?;
    {
        let mut doc = change.prepare_cached("INSERT INTO docs VALUES (?1, ?2, ?3)")?;
        let mut terms = change.prepare_cached("INSERT INTO f (rowid, terms) VALUES (?1, ?2)")?;
        for (place, document) in documents.iter().enumerate() {
            let id = (before + place + 1) as i64;
            doc.execute(params![id, document.chat.0, document.number.0 as i64])?;
            let body = document.body.as_deref().unwrap_or_default();
            let (application, chat) = (document.application, document.chat);
            terms.execute(params![id, format!("{} p{application} r{chat}", cut(body))])?;
        }
    }
    change.commit()
}

fn find(db: &Connection, expression: &str) -> rusqlite::Result<(usize, Duration)> {
    let start = Instant::now();
    let mut statement = db.prepare_cached(NEWEST)?;
    let rows = statement.query_map(params![expression, HITS as i64], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let found = rows.collect::<rusqlite::Result<Vec<_>>>()?.len();
    Ok((found, start.elapsed()))
}

/// The query as FTS5 takes it; the order, rare before common, is the adapter's too.
fn expression(asked: &SearchQuery) -> String {
    let mut clauses = asked.query.clauses();
    clauses.sort_by_key(|clause| Reverse(clause.any[0].as_str().len()));
    let mut parts: Vec<String> = clauses
        .iter()
        .map(|clause| {
            let phrases = clause
                .any
                .iter()
                .map(|phrase| format!("\"{}\"", phrase.as_str()));
            format!("({})", phrases.collect::<Vec<_>>().join(" OR "))
        })
        .collect();
    match asked.scope {
        SearchScope::Chat(_, chat) => parts.insert(0, format!("r{chat}")),
        SearchScope::Application(application) => parts.push(format!("p{application}")),
    }
    parts.join(" AND ")
}
