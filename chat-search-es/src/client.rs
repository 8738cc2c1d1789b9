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
    /// Who asks, for errors.
    pub(crate) op: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    pub(crate) body: Bytes,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(op: &'static str, method: Method, path: &'a str) -> Self {
        Self {
            op,
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
    patience: Duration,
}

impl Client {
    pub(crate) fn new(config: &EsConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            transport: config.transport()?,
            patience: config.patience,
        })
    }

    /// The end of the patience with an operation that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline {
            end: Instant::now() + self.patience,
            pause: FIRST_PAUSE,
        }
    }

    /// What a request is answered; a busy server is asked again.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Value, BackendError> {
        self.ask_until(&ask, &mut self.deadline()).await
    }

    /// As [`Client::ask`], as one of several requests.
    pub(crate) async fn ask_until(
        &self,
        ask: &Ask<'_>,
        deadline: &mut Deadline,
    ) -> Result<Value, BackendError> {
        loop {
            let (status, body) = timeout_at(deadline.end, self.once(ask))
                .await
                .map_err(|late| failure(ErrorKind::Unavailable, ask.op).with_source(late))??;
            match status {
                200..=299 => return Ok(body),
                BUSY if deadline.pause().await => {}
                status => return Err(refused(ask.op, status, &body)),
            }
        }
    }

    async fn once(&self, ask: &Ask<'_>) -> Result<(u16, Value), BackendError> {
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
            .map_err(unanswered(ask.op))?;
        let status = answer.status_code().as_u16();
        let body = answer.bytes().await.map_err(unanswered(ask.op))?;
        match serde_json::from_slice(&body) {
            Ok(body) => Ok((status, body)),
            // A proxy on the way has words of its own.
            Err(_) if !(200..=299).contains(&status) => Ok((status, Value::Null)),
            Err(_) if body.is_empty() => Ok((status, Value::Null)),
            Err(error) => Err(failure(ErrorKind::Internal, ask.op).with_source(error)),
        }
    }
}

/// How long an operation may still take, and how long its next pause is.
pub(crate) struct Deadline {
    end: Instant,
    pause: Duration,
}

impl Deadline {
    /// Waits a while, longer each time; `false`, and at once, when patience would end before.
    pub(crate) async fn pause(&mut self) -> bool {
        if Instant::now() + self.pause >= self.end {
            return false;
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}
