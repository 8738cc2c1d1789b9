//! Server-sent events.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::call::Head;
use super::reply::Response;
use super::stream::{Gone, Pump, PumpError, pumped};

/// How often a stream says that it is alive.
const BEAT: Duration = Duration::from_secs(25);
/// What a stream begins with: after so many milliseconds a reader that lost it comes again.
const RETRY: &str = "retry: 3000\n\n";

/// Where events go.
#[derive(Debug)]
pub struct Events {
    pump: Pump,
    head: Arc<Head>,
    beat: Interval,
}

impl Events {
    /// Sends one event; a reader that reconnects sends the id back as `Last-Event-ID`.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub async fn send(&self, name: &str, id: Option<&str>, data: &str) -> Result<(), Gone> {
        let mut text = format!("event: {name}\n");
        if let Some(id) = id {
            text.push_str("id: ");
            text.push_str(id);
            text.push('\n');
        }
        for line in data.split('\n') {
            text.push_str("data: ");
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
        self.pump.send(text).await
    }

    /// Waits for news while the reader is told that the stream lives; `None` when the server stops and the stream is
    /// to end.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub async fn wait<T>(&mut self, news: impl Future<Output = T>) -> Result<Option<T>, Gone> {
        let mut news = std::pin::pin!(news);
        loop {
            tokio::select! {
                biased;
                () = self.pump.closed() => return Err(Gone),
                () = self.head.stopping.cancelled() => return Ok(None),
                news = &mut news => return Ok(Some(news)),
                _ = self.beat.tick() => self.pump.send(": alive\n\n").await?,
            }
        }
    }

    /// Ends the stream in good order.
    pub fn finish(self) -> Pump {
        self.pump
    }
}

/// An answer that is a stream of events, for as long as the work goes on.
pub fn event_stream<F, T>(head: &Arc<Head>, patience: Duration, work: F) -> Response
where
    F: FnOnce(Events) -> T + Send + 'static,
    T: Future<Output = Result<Pump, PumpError>> + Send + 'static,
{
    let own = Arc::clone(head);
    let mut response = pumped(head, "text/event-stream", patience, |pump| async move {
        pump.send(RETRY).await?;
        // One beat for the whole stream: news that come to nothing do not put it off.
        let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let head = own;
        work(Events { pump, head, beat }).await
    });
    // A proxy that collects the answer would hold every event back.
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
