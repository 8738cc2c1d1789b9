//! A way to a server on which answers are lost.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It arrives.
    Open,
    /// The next COMMIT does not arrive, and its connection breaks; then the way is open.
    CutBeforeCommit,
    /// The next COMMIT is done, its answer is lost and its connection breaks; then the way is open.
    CutAfterCommit,
    /// The same; then the way is closed.
    CutAfterCommitAndClose,
    /// Connections break at once.
    Closed,
    /// Nothing arrives, and nobody is told.
    Silent,
}

/// As the client sends it: a text query.
const COMMIT: &[u8] = b"\x03COMMIT";

/// Listens for a client and leads it to a server, as long as it lives.
pub(crate) struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    cuts: Arc<AtomicU32>,
    listening: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (way, _) = watch::channel(Way::Open);
        let cuts = Arc::new(AtomicU32::new(0));
        let (sender, count) = (way.clone(), cuts.clone());
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (way, cuts) = (sender.clone(), count.clone());
                let server = server.clone();
                tokio::spawn(async move {
                    if *way.borrow() != Way::Closed {
                        let server = TcpStream::connect(server).await;
                        lead(client, server.expect("the server"), &way, &cuts).await;
                    }
                });
            }
        });
        Self {
            address,
            way,
            cuts,
            listening,
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// How many commits were cut.
    pub(crate) fn cuts(&self) -> u32 {
        self.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Until one side ends the connection, or it is cut.
async fn lead(
    mut client: TcpStream,
    mut server: TcpStream,
    way: &watch::Sender<Way>,
    cuts: &AtomicU32,
) {
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
        if now == Way::Silent {
            return std::future::pending().await;
        }
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
                cuts.fetch_add(1, Ordering::SeqCst);
                way.send_replace(Way::Open);
                return;
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
            cuts.fetch_add(1, Ordering::SeqCst);
            way.send_replace(then);
            return;
        }
    }
}
