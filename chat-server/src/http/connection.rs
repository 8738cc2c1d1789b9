//! A socket that gives up on a peer that stops sending or taking.
//!
//! The HTTP library watches only complete requests. What a peer can hold open without ever finishing one is watched
//! here, below it and below the choice of protocol: a connection that says nothing, half a request head, an answer
//! that nobody reads.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How long a peer may keep a connection waiting.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From a request's first byte, or from the connect, to the end of its head.
    pub header: Duration,
    /// Between requests.
    pub idle: Duration,
    /// With an answer of which the peer takes nothing.
    pub write: Duration,
}

/// After an answer that leaves input unread, so long and so much of it is thrown away before the socket is closed:
/// a close with input left unread resets the connection, and the peer could lose the answer.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 * 1024 * 1024;

const TIMED_OUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What a connection's requests tell its socket.
#[derive(Debug, Default)]
pub struct Activity {
    started: AtomicUsize,
    in_flight: AtomicUsize,
    unread: AtomicBool,
    handed_over: AtomicBool,
}

impl Activity {
    /// Counts a request until the guard is dropped.
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.started.fetch_add(1, Ordering::AcqRel);
        InFlight(Arc::clone(self))
    }

    /// Notes that an answer was given before the request's body was read to its end.
    pub fn leave_unread(&self) {
        self.unread.store(true, Ordering::Release);
    }

    /// Notes that the connection speaks another protocol from now on, which keeps time by itself.
    pub fn hand_over(&self) {
        self.handed_over.store(true, Ordering::Release);
    }
}

/// A request that has not been answered to the end.
#[derive(Debug)]
pub struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What the peer is doing while no request is in flight.
#[derive(Debug, Clone, Copy)]
enum Reading {
    /// Nothing, since then.
    Idle(Option<Instant>),
    /// Sending a head, since then.
    Head(Instant),
}

/// A timer that is set on most polls and seldom needed: it is moved only when it rings too early or would ring too late.
#[derive(Debug, Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self
            .0
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        ready!(sleep.as_mut().poll(cx));
        if Instant::now() >= deadline {
            return Poll::Ready(());
        }
        sleep.as_mut().reset(deadline);
        sleep.as_mut().poll(cx)
    }
}

/// What a connection takes up for as long as it is open, whatever is spoken on it.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
    _tracked: TaskTrackerToken,
    gauge: ::metrics::Gauge,
}

impl Place {
    /// One of the connections that there may be; whoever stops the server waits for it.
    pub fn new(permit: OwnedSemaphorePermit, tracked: TaskTrackerToken) -> Self {
        let gauge = ::metrics::gauge!("chat_http_connections");
        gauge.increment(1.0);
        Self {
            _permit: permit,
            _tracked: tracked,
            gauge,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}

/// A TCP stream under the deadlines of [`Patience`].
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
    patience: Patience,
    connected: Instant,
    reading: Reading,
    seen: usize,
    multiplexed: bool,
    read_alarm: Alarm,
    write_since: Option<Instant>,
    write_alarm: Alarm,
    closing: Option<(Instant, usize)>,
    _place: Place,
}

impl Socket {
    /// Watches the stream from now on.
    pub fn new(
        stream: TcpStream,
        activity: Arc<Activity>,
        patience: Patience,
        place: Place,
    ) -> Self {
        Self {
            stream,
            activity,
            patience,
            connected: Instant::now(),
            reading: Reading::Idle(None),
            seen: 0,
            multiplexed: false,
            read_alarm: Alarm::default(),
            write_since: None,
            write_alarm: Alarm::default(),
            closing: None,
            _place: place,
        }
    }

    fn note_requests(&mut self) {
        let started = self.activity.started.load(Ordering::Acquire);
        if started != self.seen {
            self.seen = started;
            self.reading = Reading::Idle(None);
        }
    }

    fn note_bytes(&mut self, bytes: &[u8]) {
        if self.seen == 0 && bytes.starts_with(b"PRI * HTTP/2") {
            self.multiplexed = true;
        }
        if self.multiplexed {
            // Frames that are no request (pings, window updates) keep the connection alive.
            self.reading = Reading::Idle(None);
        } else if matches!(self.reading, Reading::Idle(_)) && !self.is_busy() {
            self.reading = Reading::Head(Instant::now());
        }
    }

    fn is_busy(&self) -> bool {
        self.activity.in_flight.load(Ordering::Acquire) > 0
    }

    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.activity.handed_over.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        loop {
            let busy = self.is_busy();
            let deadline = if busy {
                // Rings to look again, for the case that nobody polls this socket when the answer is done.
                self.reading = Reading::Idle(None);
                Instant::now() + self.patience.idle
            } else {
                match &mut self.reading {
                    Reading::Head(since) => *since + self.patience.header,
                    Reading::Idle(_) if self.seen == 0 && !self.multiplexed => {
                        self.connected + self.patience.header
                    }
                    Reading::Idle(since) => {
                        *since.get_or_insert_with(Instant::now) + self.patience.idle
                    }
                }
            };
            ready!(self.read_alarm.poll(cx, deadline));
            if busy {
                continue;
            }
            return Poll::Ready(match self.reading {
                Reading::Head(_) => {
                    // Nothing of an answer is under way, so these bytes stand alone; a full buffer loses a courtesy.
                    let _ = self.stream.try_write(TIMED_OUT);
                    Err(io::ErrorKind::TimedOut.into())
                }
                Reading::Idle(_) => Ok(()),
            });
        }
    }

    fn poll_write_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let since = *self.write_since.get_or_insert_with(Instant::now);
        ready!(self.write_alarm.poll(cx, since + self.patience.write));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            return self.poll_write_deadline(cx).map(Err);
        }
        self.write_since = None;
        written
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.note_requests();
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Pending => this.poll_read_deadline(cx),
            done => {
                if buffer.filled().len() > before {
                    this.note_bytes(&buffer.filled()[before..]);
                }
                done
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.after_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.after_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.note_requests();
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            let half_sent = matches!(this.reading, Reading::Head(_));
            if !half_sent && !this.activity.unread.load(Ordering::Acquire) {
                return Poll::Ready(Ok(()));
            }
            this.closing = Some((Instant::now() + LINGER, LINGER_BYTES));
        }
        let mut scratch = [0; 8192];
        while let Some((deadline, left)) = this.closing {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => {
                    ready!(this.read_alarm.poll(cx, deadline));
                    break;
                }
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    let left = left.saturating_sub(buffer.filled().len());
                    if left == 0 || Instant::now() >= deadline {
                        break;
                    }
                    this.closing = Some((deadline, left));
                }
                Poll::Ready(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
