//! Memory and log of the server while one long list is read slowly and posts go on.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;
use crate::client::{Client, post};
use crate::corpus::Writer;
use crate::figures::{row, with_load};
use crate::process::{anonymous, largest, mib};
use crate::server::{Binary, Server};
use crate::start::Fixture;

const MOST_LOG_MIB: f64 = 256.0;
const SLOW_BYTES_A_SECOND: usize = 100_000;
const CONNECTIONS: u64 = 16;
/// What stands once in every message of a list.
const MARK: &[u8] = b"{\"number\":";

/// A long list read slowly.
#[derive(Debug, Args)]
pub(crate) struct Bounded {
    #[command(flatten)]
    binary: Binary,
    #[command(flatten)]
    fixture: Fixture,
    /// How many seconds the list is read at 100 KB/s
    #[arg(long, default_value_t = 60)]
    slow_seconds: u64,
    /// Posts into the same chat meanwhile
    #[arg(long, default_value_t = 100_000)]
    posts: u64,
}

/// The most that was seen.
#[derive(Debug, Default)]
struct Most {
    memory: AtomicU64,
    log: AtomicU64,
    ended: AtomicBool,
}

impl Bounded {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let binary = self.binary.path()?;
        let temporary = tempfile::tempdir()?;
        let made = self.fixture.make(&binary, temporary.path()).await?;
        // The posts go into a copy, so that the fixture stays as it is.
        let data = tempfile::tempdir_in(made.parent().unwrap_or(&made))?;
        for entry in std::fs::read_dir(&made)? {
            let entry = entry?;
            std::fs::copy(entry.path(), data.path().join(entry.file_name()))?;
        }
        let (server, _) = Server::start(&binary, data.path()).await?;
        let chat = format!("{}/chats/1", server.first_application().await?);
        let before = anonymous(server.pid())?;
        let most = Most::default();
        let (read, posted, watched) = tokio::join!(
            async {
                let read = self.read(server.address, &chat).await;
                most.ended.store(true, Ordering::Relaxed);
                read
            },
            self.post(server.address, &chat),
            watch(server.pid(), data.path(), &most),
        );
        let ((bytes, messages), posts_took) = (read?, posted?);
        watched?;
        server.stop().await?;
        if messages < self.fixture.messages() as u64 {
            return Err(format!("the list had only {messages} messages").into());
        }
        let memory = mib(most.memory.into_inner());
        row([
            &format!(
                "one list of {} messages, read slowly while posts go on",
                self.fixture.messages()
            ),
            &format!("{:.1} MiB before, {memory:.1} MiB at most", mib(before)),
            "–",
            "–",
            &format!("flat, log < {MOST_LOG_MIB} MB"),
            &with_load(&format!(
                "log at most {:.0} MiB; {} s at 100 KB/s, then the rest; {messages} messages, \
                 {:.0} MiB; {} posts meanwhile in {:.1} s",
                mib(most.log.into_inner()),
                self.slow_seconds,
                mib(bytes),
                self.posts,
                posts_took.as_secs_f64()
            )),
        ]);
        Ok(())
    }

    /// Reads the list to its end; its bytes and its messages.
    async fn read(&self, address: SocketAddr, chat: &str) -> Result<(u64, u64), Failure> {
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET {chat}/messages HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let (start, slow) = (Instant::now(), Duration::from_secs(self.slow_seconds));
        let mut piece = vec![0; 64 * 1_024];
        let mut carried: Vec<u8> = Vec::new();
        let (mut bytes, mut messages) = (0, 0);
        loop {
            let is_slow = start.elapsed() < slow;
            let room = if is_slow {
                SLOW_BYTES_A_SECOND / 10
            } else {
                piece.len()
            };
            let count = stream.read(&mut piece[..room]).await?;
            if count == 0 {
                break;
            }
            bytes += count as u64;
            carried.extend_from_slice(&piece[..count]);
            messages += carried.windows(MARK.len()).filter(|at| *at == MARK).count() as u64;
            // A mark may be cut in two; a whole one is counted once.
            let keep = carried.len().min(MARK.len() - 1);
            carried.drain(..carried.len() - keep);
            if is_slow {
                let due = Duration::from_secs_f64(bytes as f64 / SLOW_BYTES_A_SECOND as f64);
                tokio::time::sleep_until((start + due).into()).await;
            }
        }
        // The last chunk is empty: an answer that broke off has none.
        if carried.ends_with(b"0\r\n\r\n") {
            Ok((bytes, messages))
        } else {
            Err("the list broke off".into())
        }
    }

    /// Posts from some connections; how long that took.
    async fn post(&self, address: SocketAddr, chat: &str) -> Result<Duration, Failure> {
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for connection in 0..CONNECTIONS {
            let mut client = Client::connect(address).await?;
            let json = serde_json::json!({ "body": Writer::new(connection).message() });
            let request = post(&format!("{chat}/messages"), &json.to_string());
            let count = (self.posts + connection) / CONNECTIONS;
            let each = Duration::from_secs(self.slow_seconds).as_secs_f64() / count.max(1) as f64;
            tasks.spawn(async move {
                for turn in 0..count {
                    // They fill the time that the list is read slowly.
                    let due = start + Duration::from_secs_f64(each * turn as f64 * 0.9);
                    tokio::time::sleep_until(due.into()).await;
                    let status = client.exchange(&request).await?.status;
                    if status != 201 {
                        return Err(format!("a post was answered {status}").into());
                    }
                }
                Ok::<(), Failure>(())
            });
        }
        while let Some(one) = tasks.join_next().await {
            one??;
        }
        Ok(start.elapsed())
    }
}

async fn watch(pid: u32, data: &Path, most: &Most) -> Result<(), Failure> {
    while !most.ended.load(Ordering::Relaxed) {
        most.memory.fetch_max(anonymous(pid)?, Ordering::Relaxed);
        most.log
            .fetch_max(largest(data, "-wal")?, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
