//! From the post to the last socket that is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::socket::Socket;
use super::{SOCKETS, figure, followers, text};
use crate::Failure;
use crate::client::Client;
use crate::figures::{Latencies, row, with_load};
use crate::server::{Binary, Server};

const MOST_MS: f64 = 20.0;
/// So many times the quiet value it may be beside sockets that never read.
const MOST_BESIDE: f64 = 2.0;
/// What the number of a message stands behind.
const MARK: &[u8] = b"\"body\":\"";
const DIGITS: usize = 8;
/// Connections that post in turn, so that one answer need not wait for another.
const POSTERS: usize = 8;

/// From the post to the last socket that is told.
#[derive(Debug, Args)]
pub(super) struct Delivery {
    #[command(flatten)]
    binary: Binary,
    /// Sockets
    #[arg(long, default_value_t = 100)]
    sockets: usize,
    /// Messages a second
    #[arg(long, default_value_t = 100)]
    rate: usize,
    /// Bytes of a message
    #[arg(long, default_value_t = 256)]
    bytes: usize,
    /// How many seconds
    #[arg(long, default_value_t = 60)]
    seconds: usize,
    /// Further sockets that never read: it is measured without them, then beside them
    #[arg(long, default_value_t = 0)]
    slow: usize,
}

impl Delivery {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let (mut late, _) = self.measured(0).await?;
        let how = with_load(&format!(
            "open loop, {} s, durable, {} B; at most {:.1} ms",
            self.seconds,
            self.bytes,
            late.within(1.0)
        ));
        let what = format!(
            "publish to last delivery, {} sockets, {} messages/s",
            self.sockets, self.rate
        );
        let quiet = late.within(0.99);
        let shown = format!("p50 {:.2} ms, p99 {quiet:.2} ms", late.within(0.5));
        row([
            &what,
            &shown,
            "–",
            "–",
            &format!("p99 ≤ {MOST_MS} ms"),
            &how,
        ]);
        if self.slow > 0 {
            let (mut late, left) = self.measured(self.slow).await?;
            let beside = late.within(0.99);
            row([
                &format!("the same beside {} sockets that never read", self.slow),
                &format!("p99 {beside:.2} ms"),
                &format!("{quiet:.2} ms"),
                &format!("{:.2}", beside / quiet),
                &format!("≤ {MOST_BESIDE}"),
                &with_load(&format!("{left} of {} are left", self.sockets + self.slow)),
            ]);
        }
        Ok(())
    }

    /// How late each message was beside so many that never read, and how many sockets the server has at the end.
    async fn measured(&self, slow: usize) -> Result<(Latencies, u64), Failure> {
        let data = tempfile::tempdir()?;
        let (server, _) = Server::start(&self.binary.path()?, data.path()).await?;
        let application = server.application("bench", 1).await?;
        let sockets = followers(server.address, &application, self.sockets, |_| vec![1]).await?;
        let silent = followers(server.address, &application, slow, |_| vec![1]).await?;
        let (tell, mut told) = unbounded_channel();
        for socket in sockets {
            tokio::spawn(read(socket, tell.clone()));
        }
        drop(tell);
        let messages = self.rate * self.seconds;
        let path: Arc<str> = format!("{application}/chats/1/messages").into();
        let start = Instant::now() + Duration::from_millis(100);
        let due =
            |message: usize| start + Duration::from_secs(1) * message as u32 / self.rate as u32;
        let mut posting = tokio::task::JoinSet::new();
        for poster in 0..POSTERS {
            let (path, address, bytes) = (Arc::clone(&path), server.address, self.bytes);
            let turns: Vec<_> = (poster..messages)
                .step_by(POSTERS)
                .map(|message| (message, due(message)))
                .collect();
            posting.spawn(async move {
                let mut client = Client::connect(address).await?;
                for (message, due) in turns {
                    tokio::time::sleep_until(due.into()).await;
                    let body = text(&format!("{message:0DIGITS$}"), bytes);
                    let json = serde_json::json!({ "body": body }).to_string();
                    let reply = client.post(&path, &json).await?;
                    if reply.status != 201 {
                        return Err(format!("a post was answered {}", reply.status).into());
                    }
                }
                Ok::<_, Failure>(())
            });
        }
        // The last socket that is told counts, from when the post was due.
        let (mut open, mut late) = (vec![self.sockets; messages], Latencies::default());
        while late.len() < messages {
            let Some((message, at)) = told.recv().await else {
                return Err("a socket was closed".into());
            };
            open[message] -= 1;
            if open[message] == 0 {
                late.push(at.saturating_duration_since(due(message)));
            }
        }
        while let Some(done) = posting.join_next().await {
            done??;
        }
        let left = figure(&mut Client::connect(server.address).await?, SOCKETS).await?;
        drop(silent);
        server.stop().await?;
        Ok((late, left))
    }
}

/// Tells of each message when it came; ends with the socket.
async fn read(mut socket: Socket, tell: UnboundedSender<(usize, Instant)>) {
    while let Ok(text) = socket.text().await {
        let at = Instant::now();
        let places = text.windows(MARK.len()).enumerate();
        for (place, _) in places.filter(|(_, window)| *window == MARK) {
            let from = place + MARK.len();
            let digits = text.get(from..from + DIGITS).unwrap_or_default();
            let number = std::str::from_utf8(digits).ok();
            if let Some(message) = number.and_then(|number| number.parse().ok())
                && tell.send((message, at)).is_err()
            {
                return;
            }
        }
    }
}
