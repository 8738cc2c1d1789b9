//! One socket: what happens goes out, frames come in, one task for both.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use chat_core::live::{Bye, News};
use futures_util::future::OptionFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::talk::{Guest, Said, Talk, Work};
use super::{Over, Pace};

/// So many news are told before what is written is sent.
const AT_ONCE: usize = 32;
/// So many bytes are.
const BYTES_AT_ONCE: usize = 128 << 10;

/// Speaks on a socket, beginning with `first`, until it is over: with a goodbye once `stopping` is told, without one once `kill` is.
pub(crate) async fn converse<S, T>(
    socket: WebSocketStream<S>,
    talk: T,
    first: Said,
    pace: Pace,
    (stopping, kill): (CancellationToken, CancellationToken),
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    T: Talk,
{
    let gauge = ::metrics::gauge!("chat_live_sockets");
    gauge.increment(1.0);
    let conversation = Conversation {
        socket,
        talk,
        guest: None,
        work: None,
        alarm: Box::pin(tokio::time::sleep(pace.hello)),
        heard_at: Instant::now(),
        pace,
        stopping,
    };
    tokio::select! {
        () = conversation.run(first) => {}
        () = kill.cancelled() => {}
    }
    gauge.decrement(1.0);
}

struct Conversation<S, T> {
    socket: WebSocketStream<S>,
    talk: T,
    guest: Option<Arc<Guest>>,
    work: Option<Work>,
    /// The end of the time for a hello, then the next heartbeat.
    alarm: Pin<Box<Sleep>>,
    heard_at: Instant,
    pace: Pace,
    stopping: CancellationToken,
}

/// What comes next.
enum Next {
    Over(Over),
    News(News),
    Done(Said),
    Frame(Option<Result<Message, Error>>),
    Alarm,
}

impl<S, T> Conversation<S, T>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    T: Talk,
{
    async fn run(mut self, first: Said) {
        let mut step = self.say(first).await;
        let over = loop {
            match step {
                Ok(()) => step = self.step().await,
                Err(over) => break over,
            }
        };
        let code = over.code().unwrap_or("left");
        ::metrics::counter!("chat_live_sockets_closed_total", "code" => code).increment(1);
        self.end(over).await;
    }

    async fn step(&mut self) -> Result<(), Over> {
        let next = tokio::select! {
            () = self.stopping.cancelled() => Next::Over(Over::Bye(Bye::Stopping)),
            news = news(self.guest.as_deref()) => Next::News(news),
            Some(said) = OptionFuture::from(self.work.as_mut()), if self.work.is_some() => Next::Done(said),
            // One thing after the other: the client waits, as does what it goes on to send.
            frame = self.socket.next(), if self.work.is_none() => Next::Frame(frame),
            // Whoever is being listened to has said something in time.
            () = &mut self.alarm, if self.guest.is_some() || self.work.is_none() => Next::Alarm,
        };
        match next {
            Next::Over(over) => Err(over),
            Next::News(news) => self.tell(news).await,
            Next::Done(said) => {
                self.work = None;
                // Meanwhile nobody listened to it.
                self.heard_at = Instant::now();
                self.say(said).await
            }
            Next::Frame(frame) => self.hear(frame).await,
            Next::Alarm => self.beat().await,
        }
    }

    /// Tells these news, and those that wait behind them.
    async fn tell(&mut self, first: News) -> Result<(), Over> {
        let Some(guest) = self.guest.clone() else {
            return Ok(());
        };
        let (mut news, mut bytes) = (first, 0);
        for left in (0..AT_ONCE).rev() {
            if let News::Bye(bye) = news {
                return Err(Over::Bye(bye));
            }
            let said = self.talk.told(news, &guest).await;
            bytes += said.frames.iter().map(|frame| frame.len()).sum::<usize>();
            self.write(said).await?;
            if left == 0 || bytes > BYTES_AT_ONCE {
                break;
            }
            // What is taken here is told.
            match guest.listener.next().now_or_never() {
                Some(more) => news = more,
                None => break,
            }
        }
        self.send().await
    }

    async fn hear(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), Over> {
        let Some(frame) = frame else {
            return Err(Over::Gone);
        };
        self.heard_at = Instant::now();
        match frame? {
            Message::Text(text) => {
                self.work = Some(self.talk.heard(&text, self.guest.as_ref()));
                Ok(())
            }
            Message::Binary(_) => {
                let puzzled = self.talk.puzzled();
                self.say(Said::frame(puzzled)).await
            }
            Message::Close(_) => Err(Over::Left),
            // The library answers pings by itself.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(()),
        }
    }

    async fn beat(&mut self) -> Result<(), Over> {
        let Some(guest) = self.guest.clone() else {
            let guest = self.talk.unheard().ok_or(Over::NoHello)?;
            return self.write(Said::guest(guest)).await;
        };
        if self.work.is_none() && self.pace.is_over(self.heard_at.elapsed()) {
            return Err(Over::Silent);
        }
        self.alarm
            .as_mut()
            .reset(Instant::now() + self.pace.heartbeat);
        self.put(Message::Ping(Bytes::new())).await?;
        let beat = self.talk.beat(&guest);
        self.say(beat.into()).await
    }

    /// Writes and sends.
    async fn say(&mut self, said: Said) -> Result<(), Over> {
        self.write(said).await?;
        self.send().await
    }

    async fn write(&mut self, said: Said) -> Result<(), Over> {
        if let Some(guest) = said.guest {
            self.guest = Some(guest);
            let first = Instant::now() + self.pace.first_heartbeat();
            self.alarm.as_mut().reset(first);
        }
        for frame in said.frames {
            self.put(Message::Text(frame)).await?;
        }
        said.over.map_or(Ok(()), Err)
    }

    async fn put(&mut self, message: Message) -> Result<(), Over> {
        let over = over(self.guest.as_deref(), &self.stopping);
        unless(over, self.socket.feed(message)).await
    }

    async fn send(&mut self) -> Result<(), Over> {
        let over = over(self.guest.as_deref(), &self.stopping);
        unless(over, self.socket.flush()).await
    }

    /// Ends what is under way, says goodbye, and sees that it gets there, as far as there is time for it.
    async fn end(self, over: Over) {
        let Self {
            mut socket,
            mut talk,
            guest,
            work,
            pace,
            ..
        } = self;
        // Nothing is told any more.
        drop(guest);
        let bye = talk.bye(over);
        let farewell = async {
            if over == Over::Left {
                // What is left to say is the answer to the client's goodbye.
                while let Some(Ok(_)) = socket.next().await {}
                return Ok(());
            }
            let done = match work {
                Some(work) => work.await.frames,
                None => Vec::new(),
            };
            for frame in done.into_iter().chain(bye) {
                socket.feed(Message::Text(frame)).await?;
            }
            let close = CloseFrame {
                code: over.close_code(),
                reason: Utf8Bytes::from_static(over.code().unwrap_or_default()),
            };
            socket.send(Message::Close(Some(close))).await
        };
        match over {
            Over::Gone => drop(farewell),
            // Who does not take it in time has the cursors to go on from.
            _ => drop(timeout(pace.farewell, farewell).await),
        }
        let mut stream = socket.into_inner();
        let _ = timeout(pace.farewell, stream.shutdown()).await;
    }
}

async fn news(guest: Option<&Guest>) -> News {
    match guest {
        Some(guest) => guest.listener.next().await,
        None => pending().await,
    }
}

/// Returns when it is over, while something else is waited for.
async fn over(guest: Option<&Guest>, stopping: &CancellationToken) -> Over {
    let bye = async {
        match guest {
            Some(guest) => guest.listener.over().await,
            None => pending().await,
        }
    };
    tokio::select! {
        bye = bye => Over::Bye(bye),
        () = stopping.cancelled() => Over::Bye(Bye::Stopping),
    }
}

/// Writes, unless it is over before the client takes what was written.
async fn unless(
    over: impl Future<Output = Over>,
    writing: impl Future<Output = Result<(), Error>>,
) -> Result<(), Over> {
    tokio::select! {
        biased;
        written = writing => written.map_err(Over::from),
        over = over => Err(over),
    }
}
