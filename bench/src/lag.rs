//! How far the search index is behind what was posted.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Failure;
use crate::client::Client;

const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Debug, Deserialize)]
struct Chat {
    messages_count: u64,
}

/// Looks at the index of some chats.
#[derive(Debug)]
pub(crate) struct Watch {
    client: Client,
    chats: Vec<(String, VecDeque<(Instant, u64)>)>,
}

/// What one look showed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Lag {
    /// Messages that are not in the index yet.
    pub(crate) messages: u64,
    /// At most so old is the oldest of them.
    pub(crate) seconds: f64,
}

impl Watch {
    /// Looks at these chats, each by its path.
    pub(crate) async fn new(address: SocketAddr, chats: &[String]) -> Result<Self, Failure> {
        let chats = chats.iter().map(|path| (path.clone(), VecDeque::new()));
        Ok(Self {
            client: Client::connect(address).await?,
            chats: chats.collect(),
        })
    }

    /// How far the index is behind now; the age needs looks in a row.
    pub(crate) async fn look(&mut self) -> Result<Lag, Failure> {
        let mut lag = Lag::default();
        for (path, heads) in &mut self.chats {
            let before = Instant::now();
            let chat = self.client.get(path).await?;
            let head = serde_json::from_slice::<Chat>(&chat.body)?.messages_count;
            heads.push_back((before, head));
            let found = self
                .client
                .get(&format!("{path}/messages/search?query=qzxjqzxj&limit=1"))
                .await?;
            let through = found
                .indexed_through
                .ok_or("a search did not say how far it saw")?;
            while heads.get(1).is_some_and(|(_, head)| *head <= through) {
                heads.pop_front();
            }
            if through < head {
                lag.messages += head - through;
                let age = heads
                    .front()
                    .map_or(0.0, |(at, _)| at.elapsed().as_secs_f64());
                lag.seconds = lag.seconds.max(age);
            }
        }
        Ok(lag)
    }

    /// Waits until the index has everything, and says how long that took.
    pub(crate) async fn drained(&mut self) -> Result<Duration, Failure> {
        let start = Instant::now();
        while self.look().await?.messages > 0 {
            if start.elapsed() > PATIENCE {
                return Err("the index did not catch up".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(start.elapsed())
    }
}
