//! Answers that are longer than memory: a task pumps, a bounded channel waits for the reader.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use thiserror::Error;
use tokio::sync::mpsc;

use super::call::Head;
use super::reply::{Frame, Response};
use warp::Reply;

/// Pieces that may wait for the reader.
const WAITING: usize = 4;

/// The reader went away, or took nothing for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("nobody reads the answer")]
pub struct Gone;

/// Breaks the connection, so that a reader cannot take the part for the whole.
#[derive(Debug)]
struct Aborted;

impl fmt::Display for Aborted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the answer was broken off")
    }
}

impl std::error::Error for Aborted {}

enum Piece {
    Data(Bytes),
    End,
}

/// Where the pieces of a long answer go.
#[derive(Debug)]
pub struct Pump {
    sender: mpsc::Sender<Piece>,
    patience: Duration,
}

impl Pump {
    /// Hands a piece on, as soon as the reader has taken an earlier one.
    ///
    /// # Errors
    /// When the reader is gone, or has taken nothing for as long as a reader may.
    pub async fn send(&self, piece: impl Into<Bytes>) -> Result<(), Gone> {
        self.put(Piece::Data(piece.into())).await
    }

    /// Rings when the reader is gone.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }

    async fn put(&self, piece: Piece) -> Result<(), Gone> {
        self.sender
            .send_timeout(piece, self.patience)
            .await
            .map_err(|_| Gone)
    }
}

/// An answer whose body is pumped by a task. When the task fails or ends early the connection is broken off.
pub fn pumped<F, T, E>(
    head: &Arc<Head>,
    kind: &'static str,
    patience: Duration,
    pump: F,
) -> Response
where
    F: FnOnce(Pump) -> T,
    T: Future<Output = Result<Pump, E>> + Send + 'static,
    E: Into<PumpError> + Send,
{
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let work = pump(Pump { sender, patience });
    let head = Arc::clone(head);
    tokio::spawn(async move {
        match work.await.map_err(Into::into) {
            Ok(pump) => drop(pump.put(Piece::End).await),
            Err(PumpError::Gone(Gone)) => {}
            Err(PumpError::Failed(error)) => head.log_failure(&*error),
        }
    });
    let mut ended = false;
    let pieces = stream::poll_fn(move |cx| {
        if ended {
            return std::task::Poll::Ready(None);
        }
        receiver.poll_recv(cx).map(|piece| match piece {
            Some(Piece::Data(data)) => Some(Ok(data)),
            Some(Piece::End) => {
                ended = true;
                None
            }
            None => {
                ended = true;
                Some(Err(Aborted))
            }
        })
    });
    let mut response = warp::reply::stream(pieces).into_response();
    *response.status_mut() = StatusCode::OK;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Why a pump stopped before the end.
#[derive(Debug, Error)]
pub enum PumpError {
    /// Nobody reads any more.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// What was to be sent could not be had.
    #[error("the next piece could not be had")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PumpError {
    /// A failure to have the next piece.
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}

/// A JSON array under way: opened by the first page, closed only when all is in it.
#[derive(Debug)]
pub struct ArrayPump {
    pump: Pump,
    frame: Frame,
    opened: bool,
}

impl ArrayPump {
    /// Appends the elements of one page.
    ///
    /// # Errors
    /// When nobody reads any more, or an element is no JSON.
    pub async fn page<T: Serialize>(&mut self, items: &[T]) -> Result<(), PumpError> {
        if items.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(items.len() * 128);
        for item in items {
            let before = if self.opened { "," } else { self.frame.open };
            bytes.extend_from_slice(before.as_bytes());
            self.opened = true;
            serde_json::to_writer(&mut bytes, item).map_err(PumpError::failed)?;
        }
        Ok(self.pump.send(bytes).await?)
    }

    async fn close(self) -> Result<Pump, PumpError> {
        if !self.opened {
            self.pump.send(self.frame.open).await?;
        }
        self.pump.send(self.frame.close).await?;
        Ok(self.pump)
    }
}

/// An answer that is a JSON array, pumped page by page; on a failure midway the array is never closed.
pub fn json_array<F, T>(head: &Arc<Head>, patience: Duration, frame: Frame, produce: F) -> Response
where
    F: FnOnce(ArrayPump) -> T + Send + 'static,
    T: Future<Output = Result<ArrayPump, PumpError>> + Send + 'static,
{
    pumped(head, "application/json", patience, |pump| {
        let work = produce(ArrayPump {
            pump,
            frame,
            opened: false,
        });
        async move { work.await?.close().await }
    })
}

#[cfg(test)]
mod tests;
