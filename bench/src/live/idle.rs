//! Memory of sockets on which nothing happens.

use std::time::Duration;

use clap::Args;

use super::followers;
use crate::Failure;
use crate::figures::{row, with_load};
use crate::process::{anonymous, mib};
use crate::server::{Binary, Server};

const MOST_KIB: f64 = 16.0;

/// Memory of sockets on which nothing happens.
#[derive(Debug, Args)]
pub(super) struct Idle {
    #[command(flatten)]
    binary: Binary,
    /// Sockets
    #[arg(long, default_value_t = 10_000)]
    sockets: usize,
    /// Chats, of which each socket follows some
    #[arg(long, default_value_t = 300)]
    chats: usize,
    /// How many chats a socket follows
    #[arg(long, default_value_t = 3)]
    follows: usize,
    /// Seconds until it is measured, a heartbeat among them
    #[arg(long, default_value_t = 40)]
    seconds: u64,
}

impl Idle {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let data = tempfile::tempdir()?;
        let more = ["--max-connections".into(), (self.sockets + 100).to_string()];
        let path = self.binary.path()?;
        let (server, _) = Server::start_with(&path, data.path(), &more).await?;
        let application = server.application("bench", self.chats).await?;
        let before = anonymous(server.pid())?;
        let (chats, follows) = (self.chats, self.follows);
        let mine = |place: usize| {
            let first = place * follows;
            (first..first + follows)
                .map(|chat| 1 + chat % chats)
                .collect()
        };
        let sockets = followers(server.address, &application, self.sockets, mine).await?;
        let opened = anonymous(server.pid())?;
        let mut reading = tokio::task::JoinSet::new();
        for mut socket in sockets {
            reading.spawn(async move { while socket.text().await.is_ok() {} });
        }
        tokio::time::sleep(Duration::from_secs(self.seconds)).await;
        let during = anonymous(server.pid())?;
        if let Some(closed) = reading.try_join_next() {
            closed?;
            return Err("a socket was closed".into());
        }
        drop(reading);
        tokio::time::sleep(Duration::from_secs(5)).await;
        let after = anonymous(server.pid())?;
        server.stop().await?;
        let each = |bytes: u64| bytes.saturating_sub(before) as f64 / self.sockets as f64 / 1_024.0;
        row([
            &format!(
                "memory of an idle socket that follows {follows} chats, at {}",
                self.sockets
            ),
            &format!("{:.1} KiB", each(during.max(opened))),
            "–",
            "–",
            &format!("≤ {MOST_KIB} KiB"),
            &with_load(&format!(
                "anonymous, the server's; {:.1} KiB when all were open, {:.1} KiB after {} s with a heartbeat; {:.0} MiB \
                 before, {:.0} MiB after they are gone",
                each(opened),
                each(during),
                self.seconds,
                mib(before),
                mib(after)
            )),
        ]);
        Ok(())
    }
}
