//! `…/jobs`: what waits in the queue.

use chat_core::error::BackendError;
use chat_core::port::Depth;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::status::AdminError;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{self, Response};
use crate::wiring::Jobs;

/// What the queue holds.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Jobs)]
pub struct JobsJson {
    /// Whether a job outlives a crash of the queue, as far as its own settings tell.
    pub durable: bool,
    /// Jobs in all lanes that nobody has.
    pub waiting: u64,
    /// Jobs in all lanes that a worker has.
    pub taken: u64,
    /// The lanes that hold something, by number.
    pub lanes: Vec<LaneJson>,
}

/// How much is in a lane.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Lane)]
pub struct LaneJson {
    /// Its number.
    pub lane: u16,
    /// Jobs that nobody has, those that are tried again later included.
    pub waiting: u64,
    /// Jobs that a worker has.
    pub taken: u64,
}

impl From<Depth> for LaneJson {
    fn from(depth: Depth) -> Self {
        Self {
            lane: depth.lane,
            waiting: depth.waiting,
            taken: depth.taken,
        }
    }
}

impl JobsJson {
    /// What this queue holds now.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn of(jobs: &Jobs) -> Result<Self, BackendError> {
        let lanes = jobs.queue.depth().await?;
        Ok(Self {
            durable: jobs.queue.durable().await?,
            waiting: lanes.iter().map(|lane| lane.waiting).sum(),
            taken: lanes.iter().map(|lane| lane.taken).sum(),
            lanes: lanes.into_iter().map(LaneJson::from).collect(),
        })
    }
}

/// What waits in the queue, and what workers have.
#[utoipa::path(
    get, path = "/api/v1/admin/jobs", tag = super::NAME, operation_id = "jobs",
    responses(
        (status = 200, description = "What the queue holds", body = JobsJson),
        (status = 400, description = "A parameter cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The admin key is needed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The queue cannot be reached", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(shared: Shared, call: Call) -> Result<Response, AdminError> {
    shared.enter(&call.head, &[])?;
    let jobs = JobsJson::of(&shared.jobs).await?;
    Ok(reply::json(StatusCode::OK, &jobs))
}
