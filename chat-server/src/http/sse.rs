//! Server-sent events.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::time::{Instant, MissedTickBehavior};

use super::call::Head;
use super::reply::Response;
use super::stream::{Gone, Pump, PumpError, pumped};

/// How often a silent stream says that it is alive.
const BEAT: Duration = Duration::from_secs(15);

/// Where events go.
#[derive(Debug)]
pub struct Events {
    pump: Pump,
    head: Arc<Head>,
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
    pub async fn wait<T>(&self, news: impl Future<Output = T>) -> Result<Option<T>, Gone> {
        let mut news = std::pin::pin!(news);
        let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.pump.closed() => return Err(Gone),
                () = self.head.stopping.cancelled() => return Ok(None),
                news = &mut news => return Ok(Some(news)),
                _ = beat.tick() => self.pump.send(": alive\n\n").await?,
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
    F: FnOnce(Events) -> T,
    T: Future<Output = Result<Pump, PumpError>> + Send + 'static,
{
    let own = Arc::clone(head);
    let mut response = pumped(head, "text/event-stream", patience, |pump| {
        work(Events { pump, head: own })
    });
    // A proxy that collects the answer would hold every event back.
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
