//! `Store::commit` in batches as they form, against raw inserts in batches of the same sizes.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chat_core::clock::{SystemClock, Timestamp};
use chat_core::commit::{Batch, Command, Operation, Post, Request, Scope, Sink};
use chat_core::error::BackendError;
use chat_core::ids::{ChatNumber, OperationId};
use chat_core::lane::{Announce, Lane, LaneLimits};
use chat_core::memory::MemorySearch;
use chat_core::port::{self, Committed, Moved, Store};
use chat_core::seal::Keyring;
use chat_core::text::{Body, Name};
use chat_core::{Chat, Parts};
use chat_embedded::{SqliteStore, StoreConfig};
use clap::Args;
use tokio::task::JoinSet;

use crate::Failure;
use crate::corpus::Writer;
use crate::figures::{Latencies, Rounds, median, row, with_load};
use crate::raw::{self, Row};

const APPLICATIONS: usize = 4;
const CHATS: usize = 4;
const LEAST: f64 = 0.6;

/// Commits through the lane.
#[derive(Debug, Args)]
pub(crate) struct Commit {
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Rows a round
    #[arg(long, default_value_t = 200_000)]
    rows: usize,
    /// Clients that wait for an answer each
    #[arg(long, default_value_t = 256)]
    clients: usize,
}

/// Passes batches on and writes down how large they were.
struct Recorder {
    store: Arc<SqliteStore>,
    sizes: Mutex<Vec<usize>>,
}

impl Recorder {
    fn sizes(&self) -> MutexGuard<'_, Vec<usize>> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl port::Commit for Recorder {
    async fn commit(&self, batch: Arc<Batch>, now: Timestamp) -> Result<Committed, BackendError> {
        self.sizes().push(batch.requests.len());
        port::Commit::commit(&*self.store, batch, now).await
    }

    async fn operations(&self, ids: &[OperationId]) -> Result<Vec<Operation>, BackendError> {
        self.store.operations(ids).await
    }
}

struct Nobody;

impl Announce for Nobody {
    fn announce(&self, _: &[Moved]) {}
}

struct Round {
    rate: f64,
    sizes: Vec<usize>,
    latencies: Latencies,
}

impl Commit {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let mut writer = Writer::new(2);
        let bodies: Vec<String> = (0..self.rows).map(|_| writer.message()).collect();
        let bodies: Arc<[String]> = bodies.into();
        let mut rates = Rounds::default();
        let mut latencies = Latencies::default();
        let mut means = Vec::new();
        for number in 1..=self.rounds {
            let data = tempfile::tempdir()?;
            let ours = self.ours(&data.path().join("ours.db"), &bodies).await?;
            let path = data.path().join("theirs.db");
            let theirs = self.theirs(&path, &bodies, ours.sizes.clone()).await?;
            let mean = self.rows as f64 / ours.sizes.len() as f64;
            eprintln!(
                "round {number}: {:.0} rows/s in batches of {mean:.0}, raw {theirs:.0} rows/s",
                ours.rate
            );
            rates.push(ours.rate, theirs);
            latencies.extend(ours.latencies);
            means.push(mean);
        }
        row([
            &format!("`Store::commit`, {} waiting clients", self.clients),
            &format!(
                "{:.0} rows/s, p50 {:.2} ms, p99 {:.2} ms",
                rates.ours(),
                latencies.within(0.5),
                latencies.within(0.99)
            ),
            &format!("{:.0} rows/s", rates.theirs()),
            &format!("{:.2}", rates.ratio()),
            &format!("≥ {LEAST}"),
            &with_load(&format!(
                "{} × {} rows in batches of {:.0}",
                self.rounds,
                self.rows,
                median(&means)
            )),
        ]);
        Ok(())
    }

    async fn ours(&self, path: &Path, bodies: &Arc<[String]>) -> Result<Round, Failure> {
        let store = Arc::new(SqliteStore::open(StoreConfig::new(path))?);
        let scopes = applications(store.clone()).await?;
        let recorder = Arc::new(Recorder {
            store,
            sizes: Mutex::default(),
        });
        let (lane, worker) = Lane::new(
            recorder.clone(),
            Arc::new(SystemClock),
            Arc::new(Nobody),
            vec![Sink::Index],
            LaneLimits::default(),
        );
        let worker = tokio::spawn(worker.run());
        let mut clients = JoinSet::new();
        let start = Instant::now();
        for client in 0..self.clients {
            let (lane, bodies, clients_count) = (lane.clone(), bodies.clone(), self.clients);
            let scope = scopes[client % scopes.len()];
            clients.spawn(async move {
                let mut latencies = Latencies::default();
                for body in bodies.iter().skip(client).step_by(clients_count) {
                    let post = Post {
                        body: Body::parse(body)?,
                        data: None,
                        reply_to: None,
                    };
                    let chat = ChatNumber(1 + (client / APPLICATIONS % CHATS) as u64);
                    let command = Command::Post(chat, post);
                    let asked = Instant::now();
                    lane.submit(Request::new(scope, command)).await?;
                    latencies.push(asked.elapsed());
                }
                Ok::<_, Failure>(latencies)
            });
        }
        let mut latencies = Latencies::default();
        while let Some(one) = clients.join_next().await {
            latencies.extend(one??);
        }
        let rate = self.rows as f64 / start.elapsed().as_secs_f64();
        lane.close();
        worker.await?;
        let sizes = std::mem::take(&mut *recorder.sizes());
        Ok(Round {
            rate,
            sizes,
            latencies,
        })
    }

    async fn theirs(
        &self,
        path: &Path,
        bodies: &Arc<[String]>,
        sizes: Vec<usize>,
    ) -> Result<f64, Failure> {
        let chats = APPLICATIONS * CHATS;
        let rows: Vec<Row> = bodies
            .iter()
            .enumerate()
            .map(|(place, body)| Row {
                chat: (place % chats) as i64 + 1,
                number: (place / chats) as i64 + 1,
                body: body.clone(),
                author: None,
                at: 1_700_000_000_000_000 + place as i64,
            })
            .collect();
        let path = path.to_owned();
        let took = tokio::task::spawn_blocking(move || -> rusqlite::Result<Duration> {
            let mut db = raw::create(&path)?;
            let start = Instant::now();
            raw::insert(&mut db, &rows, &sizes)?;
            Ok(start.elapsed())
        });
        Ok(self.rows as f64 / took.await??.as_secs_f64())
    }
}

/// Applications with chats, each by what its token gives access to.
async fn applications(store: Arc<SqliteStore>) -> Result<Vec<Scope>, Failure> {
    let store: Arc<dyn Store> = store;
    let keyring = Keyring::new(Keyring::random_key());
    let parts = Parts::new(store, Arc::new(MemorySearch::new()), keyring);
    let chat = Chat::start(parts).await?;
    let mut scopes = Vec::new();
    for number in 0..APPLICATIONS {
        let name = Name::parse(format!("bench {number}"))?;
        let token = chat.create_application(name, true, None).await?.value.token;
        for _ in 0..CHATS {
            chat.create_chat(token.into(), None, None).await?;
        }
        scopes.push(Scope::Token(token.hash()));
    }
    chat.stop().await;
    Ok(scopes)
}
