//! Sockets: several addresses, one accept loop each, and an orderly end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::RequestBody;
use super::connection::{Activity, InFlight, Patience, Place, Socket};
use super::front::Front;
use super::metrics;
use super::reply::Response;

/// The largest request head; a larger one is answered 431.
const HEAD_BYTES: usize = 64 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// Requests of one HTTP/2 connection at once.
const STREAMS: u32 = 200;
/// What was sent may wait so long for a sign that it came, or longer where a reader may take longer: no shorter than a socket that
/// never reads is kept.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(75);

/// What connections are held to.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// What a peer may take its time for.
    pub patience: Patience,
    /// What requests in flight may take when the server stops.
    pub shutdown: Duration,
}

/// An address cannot be listened on.
#[derive(Debug, Error)]
#[error("cannot listen on {address}{}", hint(source))]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            ": another program listens there; choose another address with the setting listen"
        }
        io::ErrorKind::AddrNotAvailable => {
            ": this machine has no such address; choose another with the setting listen"
        }
        io::ErrorKind::PermissionDenied => {
            ": not permitted; ports below 1024 need a privilege; choose another with the setting listen"
        }
        _ => "",
    }
}

/// Listens on an address.
///
/// # Errors
/// When the address is taken, foreign or not permitted.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    let listen = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A restart must not wait until the old connections are forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|source| BindError { address, source })
}

/// Serves until the front's `stopping` rings, then lets the requests in flight finish within the deadline. Says
/// whether all of them did.
pub async fn serve(listeners: Vec<TcpListener>, front: Arc<Front>, limits: Limits) -> bool {
    metrics::recorder();
    let upkeep = tokio::spawn(metrics::upkeep());
    let shop = Shop {
        connections: Arc::new(Semaphore::new(
            limits.connections.min(Semaphore::MAX_PERMITS),
        )),
        // Even saying no takes a moment; a crowd larger than this is dropped without a word.
        refusals: Arc::new(Semaphore::new(256)),
        tasks: TaskTracker::new(),
        front: Arc::clone(&front),
        limits,
    };
    let loops = TaskTracker::new();
    for listener in listeners {
        loops.spawn(shop.clone().accept(listener));
    }
    front.stopping().cancelled().await;
    loops.close();
    loops.wait().await;
    shop.tasks.close();
    let finished = tokio::time::timeout(limits.shutdown, shop.tasks.wait())
        .await
        .is_ok();
    if !finished {
        tracing::warn!(
            connections = shop.tasks.len(),
            "the deadline ended requests in flight"
        );
        shop.front.kill().cancel();
        shop.tasks.wait().await;
    }
    upkeep.abort();
    finished
}

#[derive(Clone)]
struct Shop {
    connections: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    tasks: TaskTracker,
    front: Arc<Front>,
    limits: Limits,
}

impl Shop {
    async fn accept(self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.front.stopping().cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.greet(stream, peer),
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    // Out of file descriptors, most likely: they come back when connections end.
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "cannot accept connections"
                    );
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn greet(&self, stream: TcpStream, peer: SocketAddr) {
        if let Ok(place) = Arc::clone(&self.connections).try_acquire_owned() {
            self.tasks.spawn(self.clone().converse(stream, peer, place));
        } else {
            ::metrics::counter!("chat_http_connections_refused_total").increment(1);
            if let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned() {
                self.tasks
                    .spawn(refuse(stream, place, self.front.stopping().clone()));
            }
        }
    }

    async fn converse(self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let place = Place::new(permit, self.tasks.token());
        if let Err(error) = tune(&stream, self.limits.patience.write) {
            tracing::debug!(%peer, %error, "the connection goes on as the system has it");
        }
        let activity = Arc::new(Activity::default());
        let socket = Socket::new(stream, Arc::clone(&activity), self.limits.patience, place);
        let front = Arc::clone(&self.front);
        let service = service_fn(move |request: http::Request<Incoming>| {
            let front = Arc::clone(&front);
            let activity = Arc::clone(&activity);
            let guard = activity.begin();
            async move {
                let request =
                    request.map(|body| RequestBody::incoming(body, Arc::clone(&activity)));
                let answer = front.answer(request, peer).await;
                if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                    activity.hand_over();
                }
                Ok::<_, Infallible>(answer.map(|body| Watched {
                    body,
                    _guard: guard,
                }))
            }
        });
        let builder = builder();
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(socket), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = self.front.stopping().cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = self.front.kill().cancelled() => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, error = &*error as &dyn std::error::Error, "the connection broke");
        }
    }
}

/// Answers are small and complete: waiting to fill a packet only delays them. Of somebody who only listens, and whose network is gone,
/// nothing else is ever heard.
fn tune(stream: &TcpStream, patience: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let longest = UNACKNOWLEDGED.max(patience.saturating_add(patience / 2));
        let millis = u32::try_from(longest.as_millis()).unwrap_or(u32::MAX);
        rustix::net::sockopt::set_tcp_user_timeout(stream, millis)?;
    }
    Ok(())
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .max_buf_size(HEAD_BYTES)
        // The socket keeps time for every phase, also before the library knows the protocol.
        .header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES as u32)
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Says that the server is full, once the client has spoken: an answer before the request would be lost to a reset.
async fn refuse(mut stream: TcpStream, place: OwnedSemaphorePermit, stopping: CancellationToken) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    const FULL: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\
        connection: close\r\n\r\n";
    let speak = async {
        let mut scratch = [0; 4096];
        if stream.read(&mut scratch).await? == 0 {
            return Ok(());
        }
        stream.write_all(FULL).await?;
        stream.shutdown().await?;
        while stream.read(&mut scratch).await? > 0 {}
        io::Result::Ok(())
    };
    tokio::select! {
        _ = tokio::time::timeout(Duration::from_secs(1), speak) => {}
        () = stopping.cancelled() => {}
    }
    drop(place);
}

type ReplyBody = <Response as HasBody>::Body;

trait HasBody {
    type Body;
}

impl<B> HasBody for http::Response<B> {
    type Body = B;
}

pin_project_lite::pin_project! {
    /// An answer's body, during which the connection is not idle.
    struct Watched {
        #[pin]
        body: ReplyBody,
        _guard: InFlight,
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = <ReplyBody as Body>::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_whose_network_is_gone_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (stream, _) = accepted.unwrap();
        for (patience, expected) in [(30, 75_000), (300, 450_000)] {
            tune(&stream, Duration::from_secs(patience)).unwrap();
            assert!(stream.nodelay().unwrap());
            let kept = rustix::net::sockopt::tcp_user_timeout(&stream).unwrap();
            assert_eq!(kept, expected);
        }
        drop(client);
    }
}
