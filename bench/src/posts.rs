//! Durable posts over HTTP into MySQL, direct and through the queue, against bare inserts of as many rows.

use std::time::{Duration, Instant};

use clap::Args;
use tokio::task::JoinSet;

use crate::Failure;
use crate::corpus::Writer;
use crate::engines::{self, Mysql, Others, Profile, Scratch};
use crate::figures::{Latencies, Rounds, median, row, with_load};
use crate::lag::Watch;
use crate::load::{self, Answered, Pace, Requests};
use crate::process::processor_seconds;
use crate::raw::Row;
use crate::server::{Binary, Server};

const APPLICATIONS: usize = 4;
const CHATS: usize = 4;
/// As many as a node commits at once.
const WRITERS: usize = 4;
const LEAST: f64 = 0.4;
const LEAST_QUEUED: f64 = 0.5;
/// So many rows are made ready at once.
const READY: usize = 50_000;

/// Posts into MySQL.
#[derive(Debug, Args)]
pub(crate) struct Posts {
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
    /// Connections, over 4 applications with 4 chats each
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Measure posts through the queue too
    #[arg(long, requires = "redis")]
    queued: bool,
}

/// A server that is posted to.
struct Side {
    server: Server,
    posts: Vec<Requests>,
    watch: Watch,
    done: Latencies,
}

impl Side {
    async fn start(posts: &Posts, profile: &Profile, way: &str) -> Result<Self, Failure> {
        let data = tempfile::tempdir()?;
        let arguments = profile.arguments(&["--write", way]);
        let binary = posts.binary.path()?;
        let (server, _) = Server::start_with(&binary, data.path(), &arguments).await?;
        let mut chats = Vec::new();
        for application in 0..APPLICATIONS {
            let name = format!("bench {application}");
            let path = server.application(&name, CHATS).await?;
            chats.extend((1..=CHATS).map(|number| format!("{path}/chats/{number}")));
        }
        let mut writer = Writer::new(1);
        let paths = chats.iter().cycle().take(posts.connections);
        let requests = paths
            .map(|chat| Requests::new(server.address, &format!("{chat}/messages"), &mut writer));
        Ok(Self {
            posts: requests.collect(),
            watch: Watch::new(server.address, &chats).await?,
            server,
            done: Latencies::default(),
        })
    }

    async fn round(&mut self, duration: Duration) -> Result<Answered, Failure> {
        load::run(&self.posts, Pace::Closed, duration).await
    }
}

/// What was seen of the direct side.
#[derive(Default)]
struct Seen {
    batches: Vec<f64>,
    costs: Vec<f64>,
    lags: Vec<f64>,
}

impl Posts {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let direct = Profile::create(&self.mysql, &self.others, false).await?;
        let done = match self.queued {
            true => {
                let queued = Profile::create(&self.mysql, &self.others, true).await?;
                let done = self.measure(&direct, Some(&queued)).await;
                queued.remove().await?;
                done
            }
            false => self.measure(&direct, None).await,
        };
        direct.remove().await?;
        done
    }

    async fn measure(&self, direct: &Profile, queued: Option<&Profile>) -> Result<(), Failure> {
        let database = direct.database();
        let mut ours = Side::start(self, direct, "direct").await?;
        let mut theirs = match queued {
            Some(profile) => Some(Side::start(self, profile, "queued").await?),
            None => None,
        };
        database.run("CREATE TABLE bare LIKE messages").await?;
        // A short round of each that does not count: connections are made, caches filled.
        for side in [Some(&mut ours), theirs.as_mut()].into_iter().flatten() {
            side.round(Duration::from_secs(2)).await?;
            side.watch.drained().await?;
        }
        let (mut rates, mut queues) = (Rounds::default(), Rounds::default());
        let mut seen = Seen::default();
        for round in 1..=self.rounds {
            let answered = self.direct(&mut ours, database, &mut seen).await?;
            let (rate, posts) = (answered.rate(), answered.latencies.len());
            ours.done.extend(answered.latencies);
            let batch = seen.batches[round - 1];
            let bare = bare(database, posts, batch.round().max(1.0) as usize).await?;
            let mut through = f64::NAN;
            if let Some(side) = &mut theirs {
                let answered = side.round(Duration::from_secs(self.seconds)).await?;
                through = answered.rate();
                side.done.extend(answered.latencies);
                side.watch.drained().await?;
            }
            eprintln!(
                "round {round}: {rate:.0} posts/s in batches of {batch:.1}, bare {bare:.0} rows/s, \
                 queued {through:.0} posts/s"
            );
            rates.push(rate, bare);
            queues.push(through, rate);
        }
        self.tell(direct, &rates, &mut ours.done, &seen);
        if let Some(side) = &mut theirs {
            row([
                "the same, queued through Redis",
                &told(queues.ours(), &mut side.done),
                &format!("{:.0} posts/s direct", queues.theirs()),
                &format!("{:.2}", queues.ratio()),
                &format!("≥ {LEAST_QUEUED}"),
                &with_load(""),
            ]);
        }
        ours.server.stop().await?;
        if let Some(side) = theirs {
            side.server.stop().await?;
        }
        Ok(())
    }

    async fn direct(
        &self,
        side: &mut Side,
        database: &Scratch,
        seen: &mut Seen,
    ) -> Result<Answered, Failure> {
        let spent = processor_seconds(side.server.pid())?;
        let commits = database.commits().await?;
        let answered = side.round(Duration::from_secs(self.seconds)).await?;
        let commits = database.commits().await? - commits;
        let spent = processor_seconds(side.server.pid())? - spent;
        let posts = answered.latencies.len() as f64;
        seen.batches.push(posts / commits as f64);
        seen.costs.push(spent * 1e6 / posts);
        seen.lags.push(side.watch.look().await?.messages as f64);
        side.watch.drained().await?;
        Ok(answered)
    }

    fn tell(&self, profile: &Profile, rates: &Rounds, done: &mut Latencies, seen: &Seen) {
        row([
            &format!(
                "POST messages into MySQL, {}, {} connections",
                profile.index(),
                self.connections
            ),
            &told(rates.ours(), done),
            &format!("{:.0} rows/s", rates.theirs()),
            &format!("{:.2}", rates.ratio()),
            &format!("≥ {LEAST}"),
            &with_load(&format!(
                "{} × {} s in batches of {:.1}; bare: as many rows over {WRITERS} connections; \
                 {:.0} µs of processor a post; index behind by {:.0} at the end of a round",
                self.rounds,
                self.seconds,
                median(&seen.batches),
                median(&seen.costs),
                median(&seen.lags),
            )),
        ]);
    }
}

fn told(rate: f64, done: &mut Latencies) -> String {
    format!(
        "{rate:.0} posts/s, p50 {:.1} ms, p99 {:.1} ms",
        done.within(0.5),
        done.within(0.99)
    )
}

/// Rows a second of bare inserts over several connections.
async fn bare(database: &Scratch, posts: usize, size: usize) -> Result<f64, Failure> {
    database.run("TRUNCATE TABLE bare").await?;
    let mut writers = JoinSet::new();
    for place in 0..WRITERS {
        let mut conn = database.connect().await?;
        let mut texts = Writer::new(place as u64);
        let chats = (APPLICATIONS * CHATS / WRITERS) as i64;
        let bodies: Vec<String> = (0..READY.min(posts)).map(|_| texts.message()).collect();
        let count = (posts / WRITERS) as i64;
        let rows: Vec<Row> = (0..count)
            .map(|n| Row {
                chat: place as i64 * chats + n % chats,
                number: n / chats + 1,
                body: bodies[n as usize % bodies.len()].clone(),
                author: None,
                at: 1_700_000_000_000_000 + n,
            })
            .collect();
        // The statement is prepared before the clock runs.
        let first = rows.len().min(size);
        engines::insert(&mut conn, "bare", &rows[..first], size).await?;
        writers.spawn(async move {
            let start = Instant::now();
            engines::insert(&mut conn, "bare", &rows[first..], size).await?;
            Ok::<_, Failure>((rows.len() - first, start.elapsed()))
        });
    }
    let mut rate = 0.0;
    while let Some(done) = writers.join_next().await {
        let (rows, took) = done??;
        rate += rows as f64 / took.as_secs_f64();
    }
    Ok(rate)
}
