//! `chat-server migrate` of a file into MySQL against bare inserts of the same rows.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use chat_core::ids::ChatNumber;
use chat_core::port::{Store, Stores};
use chat_embedded::{SqliteStore, StoreConfig};
use clap::Args;
use rusqlite::{Connection, OpenFlags};

use crate::Failure;
use crate::engines::{self, Mysql};
use crate::figures::{Rounds, median, row, with_load};
use crate::fill::{self, TOKEN_KEY};
use crate::raw::Row;
use crate::server::Binary;

const LEAST: f64 = 0.5;
const CHATS: u64 = 100;
/// Rows a statement of the bare side, and statements a transaction: one.
const BATCH: usize = 1_000;
const ROWS: &str = "SELECT chat, number, body, author_name, created_at FROM messages \
     ORDER BY chat, number";

/// Moving a file into MySQL.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    binary: Binary,
    #[command(flatten)]
    mysql: Mysql,
    /// Messages, over 100 chats
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Directory where the file stays, to be used again [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

impl Migrate {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let temporary = tempfile::tempdir()?;
        let dir = self.dir.as_deref().unwrap_or(temporary.path());
        std::fs::create_dir_all(dir)?;
        let file = dir.join(format!("migrate-{}.db", self.messages));
        self.fill(&file).await?;
        let rows = rows(&file)?;
        let (mut moved, mut whole) = (Rounds::default(), Rounds::default());
        let mut compared = Vec::new();
        for round in 1..=self.rounds {
            let database = self.mysql.scratch().await?;
            let ours = self.migrate(&file, &database.url());
            database.remove().await?;
            let (moving, all) = ours?;
            let database = self.mysql.scratch().await?;
            let theirs = bare(&database, &rows).await;
            database.remove().await?;
            let rate = |seconds: f64| rows.len() as f64 / seconds;
            let theirs = theirs?;
            eprintln!(
                "round {round}: moved in {moving:.1} s, compared too in {all:.1} s, bare in {theirs:.1} s"
            );
            moved.push(rate(moving), rate(theirs));
            whole.push(rate(all), rate(theirs));
            compared.push(all - moving);
        }
        let note = format!(
            "{} × {} messages, from the start of the process to its end; bare: the inserts alone, \
             {BATCH} a statement and transaction, over one connection",
            self.rounds,
            rows.len()
        );
        for (what, rates, note) in [
            (
                "`migrate` sqlite → mysql",
                &moved,
                "until all is moved".to_owned(),
            ),
            ("the same until both are compared", &whole, note),
        ] {
            row([
                what,
                &format!("{:.0} messages/s", rates.ours()),
                &format!("{:.0} rows/s", rates.theirs()),
                &format!("{:.2}", rates.ratio()),
                &format!("≥ {LEAST}"),
                &with_load(&note),
            ]);
        }
        eprintln!("comparing took {:.1} s", median(&compared));
        Ok(())
    }

    async fn fill(&self, file: &Path) -> Result<(), Failure> {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(StoreConfig::new(file))?);
        let application = fill::application(&store, CHATS).await?;
        let stores = Stores::from(store);
        for number in (1..=CHATS).map(ChatNumber) {
            fill::chat(&stores, application, number, self.messages / CHATS, &[]).await?;
        }
        Ok(())
    }

    /// Seconds until all was moved, and until the end.
    fn migrate(&self, file: &Path, to: &str) -> Result<(f64, f64), Failure> {
        let start = Instant::now();
        let done = Command::new(self.binary.path()?)
            .args(["migrate", "--from", &format!("sqlite:{}", file.display())])
            .args(["--to", to, "--token-key", TOKEN_KEY])
            .stdin(Stdio::null())
            .output()?;
        let all = start.elapsed().as_secs_f64();
        let told = String::from_utf8_lossy(&done.stdout);
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            return Err(format!("migrate ended with {}: {told}{said}", done.status).into());
        }
        let moving = told.split(" moved in ").nth(1);
        let moving = moving.and_then(|rest| rest.split_once(" s,"));
        let (moving, _) = moving.ok_or("migrate did not say how long moving took")?;
        Ok((moving.parse()?, all))
    }
}

fn rows(file: &Path) -> Result<Vec<Row>, Failure> {
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut select = db.prepare(ROWS)?;
    let rows = select.query_map([], |row| {
        Ok(Row {
            chat: row.get(0)?,
            number: row.get(1)?,
            body: row.get(2)?,
            author: row.get(3)?,
            at: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Seconds that the inserts alone take, into a table like the store's.
async fn bare(database: &engines::Scratch, rows: &[Row]) -> Result<f64, Failure> {
    // The store makes its tables when it is opened.
    let config = chat_store_mysql::MysqlConfig::new(database.url());
    drop(chat_store_mysql::MysqlStore::connect(config).await?);
    let mut conn = database.connect().await?;
    let start = Instant::now();
    engines::insert(&mut conn, "messages", rows, BATCH).await?;
    Ok(start.elapsed().as_secs_f64())
}
