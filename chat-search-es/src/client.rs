//! Requests, and patience with a server that is busy.

use std::time::Duration;

use bytes::Bytes;
use chat_core::error::{BackendError, ErrorKind};
use elasticsearch::http::Method;
use elasticsearch::http::headers::HeaderMap;
use elasticsearch::http::transport::Transport;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use crate::config::{ConfigError, EsConfig};
use crate::error::{BUSY, failure, refused, unanswered};

/// The pause after the first refusal; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// One request.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    pub(crate) body: Bytes,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(method: Method, path: &'a str) -> Self {
        Self {
            method,
            path,
            parameters: &[],
            body: Bytes::new(),
        }
    }

    pub(crate) fn with(mut self, parameters: &'a [(&'a str, &'a str)]) -> Self {
        self.parameters = parameters;
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = Bytes::from(body.to_string());
        self
    }
}

/// A connection, with limits on how long things may take.
pub(crate) struct Client {
    transport: Transport,
    timeout: Duration,
    patience: Duration,
}

impl Client {
    pub(crate) fn new(config: &EsConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            transport: config.transport()?,
            timeout: config.timeout,
            patience: config.patience,
        })
    }

    /// An operation that begins now and may take as long as patience lasts.
    pub(crate) fn operation(&self, name: &'static str) -> Operation<'_> {
        self.within(name, self.patience)
    }

    /// An operation that somebody waits for: it may take no longer than one request.
    pub(crate) fn question(&self, name: &'static str) -> Operation<'_> {
        self.within(name, self.timeout.min(self.patience))
    }

    fn within(&self, name: &'static str, limit: Duration) -> Operation<'_> {
        Operation {
            client: self,
            name,
            end: Instant::now() + limit,
        }
    }

    async fn once(&self, op: &'static str, ask: &Ask<'_>) -> Result<(u16, Value), BackendError> {
        let body = (!ask.body.is_empty()).then(|| ask.body.clone());
        let answer = self
            .transport
            .send(
                ask.method,
                ask.path,
                HeaderMap::new(),
                Some(ask.parameters),
                body,
                None,
            )
            .await
            .map_err(unanswered(op))?;
        let status = answer.status_code().as_u16();
        let body = answer.bytes().await.map_err(unanswered(op))?;
        match serde_json::from_slice(&body) {
            Ok(body) => Ok((status, body)),
            // A proxy on the way has words of its own.
            Err(_) if !(200..=299).contains(&status) => Ok((status, Value::Null)),
            Err(_) if body.is_empty() => Ok((status, Value::Null)),
            Err(error) => Err(failure(ErrorKind::Internal, op).with_source(error)),
        }
    }
}

/// What a caller asked for, as many requests as it takes: all of them end by the same moment.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'a> {
    client: &'a Client,
    /// What is done, for errors.
    pub(crate) name: &'static str,
    end: Instant,
}

impl Operation<'_> {
    /// What a request is answered; a busy server is asked again.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Value, BackendError> {
        let mut pauses = self.pauses();
        loop {
            let answer = timeout_at(self.end, self.client.once(self.name, &ask));
            let (status, body) = answer
                .await
                .map_err(|late| self.failure(ErrorKind::Unavailable).with_source(late))??;
            match status {
                200..=299 => return Ok(body),
                BUSY if pauses.pause().await => {}
                status => return Err(refused(self.name, status, &body)),
            }
        }
    }

    /// Pauses between tries, as long as there is time.
    pub(crate) const fn pauses(&self) -> Pauses {
        Pauses {
            end: self.end,
            next: FIRST_PAUSE,
        }
    }

    /// A failure of this operation.
    pub(crate) const fn failure(&self, kind: ErrorKind) -> BackendError {
        failure(kind, self.name)
    }
}

/// Until when a try may be repeated, and how long the next pause before it is.
pub(crate) struct Pauses {
    end: Instant,
    next: Duration,
}

impl Pauses {
    /// Waits a while, longer each time; `false`, and at once, when the time would be over before.
    pub(crate) async fn pause(&mut self) -> bool {
        if Instant::now() + self.next >= self.end {
            return false;
        }
        sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        true
    }
}
