//! `chat-server import` of a file against raw inserts of the same rows.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chat_core::clock::Timestamp;
use clap::Args;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use crate::Failure;
use crate::figures::{Rounds, row, with_load};
use crate::raw::{self, Row};
use crate::server::Binary;

const LEAST: f64 = 0.4;
/// The size of a batch of the raw side.
const BATCH: usize = 1_024;

/// Import of a file.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    binary: Binary,
    /// What is imported: `.jsonl` or `.jsonl.gz`
    file: PathBuf,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[derive(Debug, Deserialize)]
struct Line {
    chat: String,
    at: Option<String>,
    author: Option<String>,
    body: String,
}

impl Import {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let binary = self.binary.path()?;
        let rows = rows(&self.file)?;
        let sizes = vec![BATCH; rows.len().div_ceil(BATCH)];
        let (mut stored, mut indexed) = (Rounds::default(), Rounds::default());
        for round in 1..=self.rounds {
            let data = tempfile::tempdir()?;
            let rate = |took: Duration| rows.len() as f64 / took.as_secs_f64();
            let store = rate(import(
                &binary,
                &self.file,
                &data.path().join("stored"),
                false,
            )?);
            let mut db = raw::create(&data.path().join("raw.db"))?;
            let start = Instant::now();
            raw::insert(&mut db, &rows, &sizes)?;
            let theirs = rate(start.elapsed());
            let index = rate(import(
                &binary,
                &self.file,
                &data.path().join("indexed"),
                true,
            )?);
            eprintln!(
                "round {round}: {store:.0} messages/s, indexed {index:.0}, raw {theirs:.0} rows/s"
            );
            stored.push(store, theirs);
            indexed.push(index, theirs);
        }
        self.row("`import --no-index`", &stored, rows.len());
        self.row("`import`, until all is indexed", &indexed, rows.len());
        Ok(())
    }

    fn row(&self, what: &str, rates: &Rounds, messages: usize) {
        row([
            what,
            &format!("{:.0} messages/s", rates.ours()),
            &format!("{:.0} rows/s", rates.theirs()),
            &format!("{:.2}", rates.ratio()),
            &format!("≥ {LEAST}"),
            &with_load(&format!(
                "{} × {messages} messages, from the start of the process to its end; raw: the \
                 inserts alone, in batches of {BATCH}",
                self.rounds
            )),
        ]);
    }
}

/// Imports a file into a directory and says how long the command took.
pub(crate) fn import(
    binary: &Path,
    file: &Path,
    data: &Path,
    index: bool,
) -> Result<Duration, Failure> {
    let start = Instant::now();
    let mut command = Command::new(binary);
    command.arg("import").arg(file).arg("--data").arg(data);
    if !index {
        command.arg("--no-index");
    }
    let done = command.stdin(Stdio::null()).output()?;
    let took = start.elapsed();
    if done.status.success() {
        return Ok(took);
    }
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    Err(format!("import ended with {}: {said}", done.status).into())
}

fn rows(path: &Path) -> Result<Vec<Row>, Failure> {
    let file = File::open(path)?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|end| end == "gz") {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut chats: HashMap<String, (i64, i64)> = HashMap::new();
    let mut rows = Vec::new();
    for line in BufReader::new(reader).lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let next = chats.len() as i64 + 1;
        let (chat, number) = chats.entry(line.chat).or_insert((next, 0));
        *number += 1;
        rows.push(Row {
            chat: *chat,
            number: *number,
            body: line.body,
            author: line.author,
            at: line
                .at
                .and_then(|at| Timestamp::parse(&at))
                .map_or(0, |at| at.0),
        });
    }
    Ok(rows)
}
