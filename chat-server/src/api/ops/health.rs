//! Whether the server lives, and whether what it needs does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::call::Call;
use crate::http::reply::{self, Response};

/// A backend that does not answer for so long counts as down.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks one backend whether it works.
#[async_trait]
pub trait Probe: Send + Sync {
    /// What the backend is to the server: `store`, `search`, `queue`, `notify`.
    fn role(&self) -> &'static str;

    /// Which backend it is, without credentials.
    fn backend(&self) -> String;

    /// Whether the server is of no use without it.
    fn is_vital(&self) -> bool;

    /// Makes the backend do the least that proves it works.
    ///
    /// # Errors
    /// Why it does not.
    async fn check(&self) -> Result<Working, Box<dyn std::error::Error + Send + Sync>>;
}

/// How a backend works that works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Working {
    /// As it should.
    Wholly,
    /// Without something that is being built again.
    Incompletely,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Alive {
    /// Always `alive`.
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    status: Status,
    backends: Vec<Backend>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// Everything works.
    Ready,
    /// What does not work, or not wholly, can be done without for a time.
    Degraded,
    /// Something vital does not work.
    Unavailable,
}

#[derive(Debug, Serialize, ToSchema)]
struct Backend {
    /// What it is to the server: `store`, `search`, `queue`, `notify`.
    role: &'static str,
    /// Which one it is.
    backend: String,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum State {
    Up,
    /// It answers, and is being built again because it lacks something.
    Building,
    Down,
}

/// The process lives.
#[utoipa::path(
    get, path = "/healthz", tag = super::NAME,
    responses((status = 200, description = "It lives", body = Alive)),
)]
pub(super) async fn alive(_: (), _: Call) -> Response {
    reply::json(StatusCode::OK, &Alive { status: "alive" })
}

/// Every backend with its state.
#[utoipa::path(
    get, path = "/readyz", tag = super::NAME,
    responses(
        (status = 200, description = "Requests can be served", body = Readiness),
        (status = 503, description = "Something vital does not work", body = Readiness),
    ),
)]
pub(super) async fn ready(probes: Arc<[Arc<dyn Probe>]>, call: Call) -> Response {
    let states = join_all(probes.iter().map(|probe| state(&**probe, &call))).await;
    let vital_is_down = probes
        .iter()
        .zip(&states)
        .any(|(probe, state)| *state == State::Down && probe.is_vital());
    let status = if vital_is_down {
        Status::Unavailable
    } else if states.iter().any(|state| *state != State::Up) {
        Status::Degraded
    } else {
        Status::Ready
    };
    let backends = probes.iter().zip(states).map(|(probe, state)| Backend {
        role: probe.role(),
        backend: probe.backend(),
        state,
    });
    let body = Readiness {
        status,
        backends: backends.collect(),
    };
    match status {
        Status::Unavailable => reply::with_retry_after(
            reply::json(StatusCode::SERVICE_UNAVAILABLE, &body),
            reply::SOON,
        ),
        Status::Ready | Status::Degraded => reply::json(StatusCode::OK, &body),
    }
}

async fn state(probe: &dyn Probe, call: &Call) -> State {
    match tokio::time::timeout(PATIENCE, probe.check()).await {
        Ok(Ok(Working::Wholly)) => State::Up,
        Ok(Ok(Working::Incompletely)) => State::Building,
        Ok(Err(error)) => down(probe, call, &*error),
        Err(late) => down(probe, call, &late),
    }
}

/// The server goes on, and so may the backend: this is no failure of the request.
fn down(probe: &dyn Probe, call: &Call, error: &(dyn std::error::Error + 'static)) -> State {
    let request_id = call.head.request_id.to_str().unwrap_or_default();
    let (role, backend) = (probe.role(), probe.backend());
    tracing::warn!(request_id, role, backend, error, "a backend does not work");
    State::Down
}
