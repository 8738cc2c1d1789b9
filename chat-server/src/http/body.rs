//! Request bodies: what a door may be sent, and reading it under limits.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use thiserror::Error;

use super::connection::Activity;

/// How much body a client may send, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Largest body in bytes.
    pub bytes: usize,
    /// From the end of the head to the end of the body.
    pub time: Duration,
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BodyFault {
    /// It is larger than the limit.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It did not come in time.
    #[error("the body did not arrive within {} s", time.as_secs_f32())]
    TimedOut {
        /// The time it had.
        time: Duration,
    },
    /// The client broke off, or sent what is no body.
    #[error("the body broke off or is malformed")]
    Broken,
}

/// Reads a whole body.
pub(super) async fn read<S, B, E>(
    headers: &HeaderMap,
    stream: S,
    limits: BodyLimits,
) -> Result<Bytes, BodyFault>
where
    S: Stream<Item = Result<B, E>>,
    B: Buf,
{
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: u64| bytes > limits.bytes as u64) {
        return Err(BodyFault::TooLarge {
            limit: limits.bytes,
        });
    }
    let mut whole = std::pin::pin!(collect(stream, limits.bytes));
    // Most bodies arrive with the head: they need no timer.
    if let Poll::Ready(whole) = futures_util::poll!(&mut whole) {
        return whole;
    }
    tokio::time::timeout(limits.time, whole)
        .await
        .unwrap_or(Err(BodyFault::TimedOut { time: limits.time }))
}

async fn collect<S, B, E>(stream: S, limit: usize) -> Result<Bytes, BodyFault>
where
    S: Stream<Item = Result<B, E>>,
    B: Buf,
{
    let mut stream = std::pin::pin!(stream);
    let mut next = async || {
        stream
            .next()
            .await
            .transpose()
            .map_err(|_| BodyFault::Broken)
    };
    // Most bodies come in one piece, which is handed on as it is.
    let Some(mut first) = next().await? else {
        return Ok(Bytes::new());
    };
    if first.remaining() > limit {
        return Err(BodyFault::TooLarge { limit });
    }
    let first = first.copy_to_bytes(first.remaining());
    let Some(second) = next().await? else {
        return Ok(first);
    };
    let mut whole = BytesMut::from(first);
    let mut piece = Some(second);
    while let Some(more) = piece {
        if whole.len() + more.remaining() > limit {
            return Err(BodyFault::TooLarge { limit });
        }
        bytes::BufMut::put(&mut whole, more);
        piece = next().await?;
    }
    Ok(whole.freeze())
}

/// The body of a request on its way to a door.
#[derive(Debug)]
pub struct RequestBody {
    source: Source,
    connection: Option<Arc<Activity>>,
}

#[derive(Debug)]
enum Source {
    Wire(Incoming),
    Memory(Full<Bytes>),
}

impl RequestBody {
    /// What arrives on a connection.
    pub fn incoming(body: Incoming, connection: Arc<Activity>) -> Self {
        Self {
            source: Source::Wire(body),
            connection: Some(connection),
        }
    }
}

impl From<Bytes> for RequestBody {
    fn from(body: Bytes) -> Self {
        Self {
            source: Source::Memory(Full::new(body)),
            connection: None,
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection
            && !self.is_end_stream()
        {
            connection.leave_unread();
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.source {
            Source::Wire(body) => Pin::new(body).poll_frame(cx),
            Source::Memory(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Wire(body) => body.is_end_stream(),
            Source::Memory(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Wire(body) => body.size_hint(),
            Source::Memory(body) => body.size_hint(),
        }
    }
}
