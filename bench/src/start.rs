//! Size of the binary, and how long it takes to be ready on an existing file.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::Failure;
use crate::corpus::Writer;
use crate::figures::{median, row, with_load};
use crate::import::import;
use crate::lag::Watch;
use crate::process::mib;
use crate::server::{Binary, Server};

const MOST_MIB: f64 = 25.0;
const MOST_MS: f64 = 200.0;

/// Start of the server.
#[derive(Debug, Args)]
pub(crate) struct Start {
    #[command(flatten)]
    binary: Binary,
    #[command(flatten)]
    fixture: Fixture,
    /// How often it is started
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// A server's directory with one long chat, fully indexed.
#[derive(Debug, Args)]
pub(crate) struct Fixture {
    /// Messages of the chat
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Directory where the data stays, to be used again [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Start {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let binary = self.binary.path()?;
        let temporary = tempfile::tempdir()?;
        let data = self.fixture.make(&binary, temporary.path()).await?;
        let mut times = Vec::new();
        for _ in 0..self.rounds {
            let (server, ready) = Server::start(&binary, &data).await?;
            times.push(ready.as_secs_f64() * 1_000.0);
            server.stop().await?;
        }
        let size = mib(std::fs::metadata(&binary)?.len());
        row([
            "binary size, start to ready",
            &format!("{size:.1} MiB, {:.0} ms", median(&times)),
            "–",
            "–",
            &format!("≤ {MOST_MIB} MB, ≤ {MOST_MS} ms"),
            &with_load(&format!(
                "{} messages, {} starts, slowest {:.0} ms",
                self.fixture.messages,
                self.rounds,
                times.iter().copied().fold(0.0, f64::max)
            )),
        ]);
        Ok(())
    }
}

impl Fixture {
    pub(crate) const fn messages(&self) -> usize {
        self.messages
    }

    /// The directory, made when it is not there.
    pub(crate) async fn make(&self, binary: &Path, temporary: &Path) -> Result<PathBuf, Failure> {
        let dir = self.dir.as_deref().unwrap_or(temporary);
        let data = dir.join(format!("server-{}", self.messages));
        let filled = dir.join(format!("server-{}.filled", self.messages));
        if filled.exists() {
            return Ok(data);
        }
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        std::fs::create_dir_all(dir)?;
        let file = dir.join(format!("server-{}.jsonl.gz", self.messages));
        self.write(&file)?;
        let took = import(binary, &file, &data, true)?;
        eprintln!("imported in {:.1} s", took.as_secs_f64());
        let (server, _) = Server::start(binary, &data).await?;
        let application = server.first_application().await?;
        let mut watch = Watch::new(server.address, &[format!("{application}/chats/1")]).await?;
        eprintln!("indexed in {:.1} s", watch.drained().await?.as_secs_f64());
        server.stop().await?;
        std::fs::write(&filled, "")?;
        Ok(data)
    }

    fn write(&self, path: &Path) -> Result<(), Failure> {
        let file = BufWriter::new(std::fs::File::create(path)?);
        let mut out = GzEncoder::new(file, Compression::fast());
        let mut writer = Writer::new(6);
        for _ in 0..self.messages {
            let body = writer.message();
            writeln!(
                out,
                r#"{{"chat":"long","at":"2024-01-01T00:00:00Z","author":"bench","body":"{body}"}}"#
            )?;
        }
        out.finish()?.flush()?;
        Ok(())
    }
}
