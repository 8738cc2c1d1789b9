//! A way to a server on which answers are lost, and round trips are counted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It arrives.
    Open,
    /// The next COMMIT does not arrive, and its connection breaks; then the way is open.
    CutBeforeCommit,
    /// The next COMMIT is done, its answer is lost and its connection breaks; then the way is open.
    CutAfterCommit,
    /// The same; then the way is closed.
    CutAfterCommitAndClose,
    /// The next COMMIT does not arrive, and nobody is told; then nothing arrives.
    SilentOnCommit,
    /// Connections break at once.
    Closed,
    /// Nothing arrives, and nobody is told.
    Silent,
    /// An answer comes so much later.
    Slow(Duration),
    /// Nothing arrives until the way is another, then all that was sent does, late as it is.
    Held,
}

/// What was seen on the way.
#[derive(Debug, Default)]
struct Seen {
    cuts: AtomicU32,
    trips: AtomicU32,
}

/// As the client sends it: a text query.
const COMMIT: &[u8] = b"\x03COMMIT";

/// Listens for clients and leads them to a server, as long as it lives.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    seen: Arc<Seen>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// One that leads to this address, on a port of its own; the way is open.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (way, _) = watch::channel(Way::Open);
        let seen = Arc::new(Seen::default());
        let (sender, count) = (way.clone(), seen.clone());
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (way, seen) = (sender.clone(), count.clone());
                let server = server.clone();
                tokio::spawn(async move {
                    if *way.borrow() == Way::Closed {
                        return;
                    }
                    // A server that is down refuses whoever comes.
                    if let Ok(server) = TcpStream::connect(server).await {
                        lead(client, server, &way, &seen).await;
                    }
                });
            }
        });
        Self {
            address,
            way,
            seen,
            listening,
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the way, for connections that there are and those to come.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Waits until the way is this one: cuts change it.
    ///
    /// # Panics
    /// Never: it holds the other end itself.
    pub async fn becomes(&self, this: Way) {
        let mut way = self.way.subscribe();
        let is = way.wait_for(|way| *way == this).await;
        is.expect("the proxy holds the other end");
    }

    /// How many commits were cut.
    #[must_use]
    pub fn cuts(&self) -> u32 {
        self.seen.cuts.load(Ordering::SeqCst)
    }

    /// How many times something was asked, and so waited for, since this was called last.
    pub fn trips(&self) -> u32 {
        self.seen.trips.swap(0, Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Until one side ends the connection, or it is cut.
async fn lead(mut client: TcpStream, mut server: TcpStream, way: &watch::Sender<Way>, seen: &Seen) {
    let mut asking = false;
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut changes = way.subscribe();
    loop {
        let (from_client, length) = tokio::select! {
            length = client.read(&mut asked) => (true, length.unwrap_or(0)),
            length = server.read(&mut answered) => (false, length.unwrap_or(0)),
            closed = changes.wait_for(|way| *way == Way::Closed) => {
                drop(closed);
                return;
            }
        };
        if length == 0 {
            return;
        }
        let now = *way.borrow();
        match now {
            Way::Silent => return std::future::pending().await,
            // An answer in parts is late once.
            Way::Slow(late) if asking && !from_client => tokio::time::sleep(late).await,
            Way::Held => drop(changes.wait_for(|way| *way != Way::Held).await),
            _ => {}
        }
        if from_client && !asking {
            seen.trips.fetch_add(1, Ordering::SeqCst);
        }
        asking = from_client;
        if !from_client {
            if client.write_all(&answered[..length]).await.is_err() {
                return;
            }
            continue;
        }
        let asks = &asked[..length];
        let commits = asks.windows(COMMIT.len()).any(|part| part == COMMIT);
        let then = match now {
            Way::CutBeforeCommit if commits => {
                seen.cuts.fetch_add(1, Ordering::SeqCst);
                way.send_replace(Way::Open);
                return;
            }
            Way::SilentOnCommit if commits => {
                way.send_replace(Way::Silent);
                return std::future::pending().await;
            }
            Way::CutAfterCommit if commits => Some(Way::Open),
            Way::CutAfterCommitAndClose if commits => Some(Way::Closed),
            _ => None,
        };
        if server.write_all(asks).await.is_err() {
            return;
        }
        if let Some(then) = then {
            let answer = server.read(&mut answered).await.expect("the answer");
            assert!(answer > 0, "the server has committed");
            seen.cuts.fetch_add(1, Ordering::SeqCst);
            way.send_replace(then);
            return;
        }
    }
}
