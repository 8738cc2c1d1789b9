//! The line that all ports share: opened when it is needed, replaced when it is worn.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chat_core::error::{BackendError, ErrorKind};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::{Cmd, FromRedisValue, PushKind, RedisError, RedisResult, ScriptInvocation};
use tokio::time::{Instant, timeout};

use crate::asked::Asked;
use crate::config::RedisConfig;
use crate::error::{failure, is_worn, timed_out, translate};
use crate::line::{Dialer, Line, Pushed};

/// So long after a failed attempt to connect, calls fail at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Redis, as all ports here share it: one line for all calls, opened by the first of them.
///
/// Nothing that is asked takes longer than [`connect_timeout`](RedisConfig::connect_timeout) and
/// [`response_timeout`](RedisConfig::response_timeout) together; while the server is down or frozen it
/// fails with `Unavailable`. A call that asks for one thing after another may take that for each of
/// them. A line that broke or does not answer is replaced by itself.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    dialer: Dialer,
    state: Mutex<State>,
    durable: Asked<bool>,
}

#[derive(Default)]
struct State {
    line: Option<Line>,
    /// Of the line: what happens to an earlier one says nothing about this one.
    number: u64,
    opening: Option<Opening>,
    failed: Option<(Instant, RedisError)>,
}

type Opening = Shared<BoxFuture<'static, RedisResult<(u64, Line)>>>;

impl Redis {
    /// Redis at the place that the configuration names. It is not connected to before the first call.
    ///
    /// # Errors
    /// `Invalid` when the authority's file cannot be read, or a prefix has braces.
    pub fn new(config: RedisConfig) -> Result<Self, BackendError> {
        config
            .check()
            .map_err(|error| failure(ErrorKind::Invalid, "configure").with_source(error))?;
        let dialer = Dialer::new(config)
            .map_err(|error| failure(ErrorKind::Invalid, "configure").with_source(error))?;
        Ok(Self(Arc::new(Inner {
            dialer,
            state: Mutex::default(),
            durable: Asked::default(),
        })))
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn ready(&self) -> Result<(), BackendError> {
        self.query("ready", redis::cmd("PING")).await
    }

    pub(crate) fn config(&self) -> &RedisConfig {
        &self.0.dialer.config
    }

    /// Who asks whether it is durable.
    pub(crate) fn asked(&self) -> &Asked<bool> {
        &self.0.durable
    }

    /// A line of its own, for blocking reads and for listening: see [`Dialer::open`].
    pub(crate) async fn open(&self, response: Duration, pushed: Pushed) -> RedisResult<Line> {
        self.0.dialer.open(response, pushed).await
    }

    /// See [`Dialer::known_replicas`].
    pub(crate) async fn known_replicas(&self, service: &str) -> RedisResult<usize> {
        self.0.dialer.known_replicas(service).await
    }

    /// Sends one command.
    pub(crate) async fn query<T>(&self, op: &'static str, command: Cmd) -> Result<T, BackendError>
    where
        T: FromRedisValue + Send,
    {
        self.call(op, async move |mut line: Line| {
            command.query_async(&mut line).await
        })
        .await
    }

    /// Runs one script.
    pub(crate) async fn run<T>(
        &self,
        op: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, BackendError>
    where
        T: FromRedisValue + Send,
    {
        self.call(op, |mut line: Line| async move {
            script.invoke_async(&mut line).await
        })
        .await
    }

    /// Asks on the shared line, and looks after the line.
    pub(crate) async fn call<T, F>(
        &self,
        op: &'static str,
        ask: impl FnOnce(Line) -> F,
    ) -> Result<T, BackendError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let (number, line) = self.line().await.map_err(translate(op))?;
        let limit = self.config().response_timeout;
        let answer = timeout(limit, ask(line)).await;
        let answer = answer.unwrap_or_else(|_| Err(timed_out()));
        if let Err(error) = &answer
            && is_worn(error)
        {
            self.0.worn(number, error.is_connection_dropped());
        }
        answer.map_err(translate(op))
    }

    async fn line(&self) -> RedisResult<(u64, Line)> {
        let opening = {
            let mut state = self.0.state();
            if let Some(line) = &state.line {
                return Ok((state.number, line.clone()));
            }
            self.0.open(&mut state)?
        };
        let limit = self.config().connect_timeout;
        timeout(limit, opening)
            .await
            .unwrap_or_else(|_| Err(timed_out()))
    }
}

impl Inner {
    /// Opens the next line, beside whoever waits for it, so that a caller who gives up ends nothing.
    fn open(self: &Arc<Self>, state: &mut State) -> RedisResult<Opening> {
        if let Some(opening) = &state.opening {
            return Ok(opening.clone());
        }
        if let Some((at, error)) = &state.failed
            && at.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        let inner = Arc::clone(self);
        let number = state.number + 1;
        let opening = async move {
            let pushed = inner.watch(number);
            let limit = inner.dialer.config.response_timeout;
            let opened = inner.dialer.open(limit, pushed).await;
            inner.opened(number, opened)
        };
        let opening = opening.boxed().shared();
        state.opening = Some(opening.clone());
        tokio::spawn(opening.clone());
        Ok(opening)
    }

    fn opened(&self, number: u64, opened: RedisResult<Line>) -> RedisResult<(u64, Line)> {
        let mut state = self.state();
        state.opening = None;
        match opened {
            Ok(line) => {
                state.failed = None;
                state.number = number;
                state.line = Some(line.clone());
                Ok((number, line))
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// A server that closes the connection of its own accord is noticed before the next call.
    fn watch(self: &Arc<Self>, number: u64) -> Pushed {
        let inner: Weak<Self> = Arc::downgrade(self);
        Arc::new(move |info| {
            if info.kind == PushKind::Disconnection
                && let Some(inner) = inner.upgrade()
            {
                inner.dropped(number);
            }
        })
    }

    fn dropped(&self, number: u64) {
        let mut state = self.state();
        // A cluster's line mends itself, and its other nodes go on.
        if state.number == number && matches!(state.line, Some(Line::Server(_))) {
            state.line = None;
        }
    }

    /// Replaces a line. One that is merely silent serves until there is a better one: it may be the
    /// server that is slow, or one node of many.
    fn worn(self: &Arc<Self>, number: u64, dropped: bool) {
        if dropped {
            self.dropped(number);
        }
        let mut state = self.state();
        if state.number == number {
            // An error says that the last attempt has just failed; a later call tries again.
            let _ = self.open(&mut state);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // It is whole at any moment, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(self.config()).finish()
    }
}
