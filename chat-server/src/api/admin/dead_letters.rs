//! `…/dead-letters`: jobs that no commit takes.

use chat_core::ids::OperationId;
use chat_core::page::Limit;
use chat_core::port::DeadLetter;
use chat_core::queued;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::status::AdminError;
use crate::http::call::{Call, Head};
use crate::http::paging;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::reply::{self, Response};

/// Where the id stands: `/api/v1/admin/dead-letters/{id}`.
const ID: usize = 4;

/// A job that no commit takes. What it would write is not told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DeadLetter)]
pub struct DeadLetterJson {
    /// The id of its operation.
    #[schema(value_type = uuid::Uuid)]
    pub id: OperationId,
    /// The lane that it comes from.
    pub lane: u16,
    /// The kind of its command, such as `post`; null when this version cannot read it.
    #[schema(required = true)]
    pub command: Option<String>,
    /// The size of its command in bytes.
    #[schema(minimum = 0)]
    pub bytes: usize,
    /// Why it was buried.
    pub reason: String,
}

impl From<DeadLetter> for DeadLetterJson {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.job.id,
            lane: letter.lane,
            command: queued::kind(&letter.job).map(str::to_owned),
            bytes: letter.job.body.len(),
            reason: letter.reason,
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it stands for the parameters in the document")]
struct ListQuery {
    /// The most that the page may hold.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Only those with ids above this one.
    #[param(required = false)]
    after: Option<uuid::Uuid>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for the parameters in the document")]
struct OfOne {
    /// The id of the dead letter.
    id: uuid::Uuid,
}

/// Jobs that no commit takes, by id.
#[utoipa::path(
    get, path = "/api/v1/admin/dead-letters", tag = super::NAME, operation_id = "dead_letters",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of them", body = [DeadLetterJson],
            headers(("Link" = Option<String>, description = "The page behind this one"))),
        (status = 400, description = "A parameter cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The admin key is needed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The queue cannot be reached", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(shared: Shared, call: Call) -> Result<Response, AdminError> {
    let query = shared.enter(&call.head, &["after", "limit"])?;
    let (after, size) = page(&query)?;
    let limit = Limit::new(size.into()).unwrap_or(Limit::DEFAULT);
    let page = shared.jobs.dead_letters.buried(after, limit).await?;
    let next = page
        .items
        .last()
        .filter(|_| page.more)
        .map(|one| one.job.id);
    let letters: Vec<DeadLetterJson> = page.items.into_iter().map(DeadLetterJson::from).collect();
    let answer = reply::json(StatusCode::OK, &letters);
    Ok(paging::with_next(answer, &call.head.uri, size, next))
}

fn page(query: &Query<'_>) -> Result<(Option<OperationId>, u16), AdminError> {
    let limit = query.get("limit");
    let limit = limit.map_or(Ok(paging::USUAL), paging::limit)?;
    let after = query.get("after").map(str::parse).transpose();
    let after =
        after.map_err(|_| AdminError::Parameter("after".into(), "is not the id of one".into()))?;
    Ok((after, limit))
}

/// Puts a dead letter back at the end of its lane: it is tried again from the beginning.
#[utoipa::path(
    post, path = "/api/v1/admin/dead-letters/{id}/retry", tag = super::NAME, operation_id = "retry_dead_letter",
    params(OfOne),
    responses(
        (status = 204, description = "It waits in its lane"),
        (status = 400, description = "A parameter cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The admin key is needed", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is none of this id", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The queue cannot be reached", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn retry(shared: Shared, call: Call) -> Result<Response, AdminError> {
    shared.enter(&call.head, &[])?;
    done(shared.jobs.dead_letters.revive(id(&call.head)?).await?)
}

/// Forgets a dead letter. What it would have written is lost.
#[utoipa::path(
    delete, path = "/api/v1/admin/dead-letters/{id}", tag = super::NAME, operation_id = "drop_dead_letter",
    params(OfOne),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "A parameter cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The admin key is needed", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is none of this id", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The queue cannot be reached", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn discard(shared: Shared, call: Call) -> Result<Response, AdminError> {
    shared.enter(&call.head, &[])?;
    done(shared.jobs.dead_letters.discard(id(&call.head)?).await?)
}

fn id(head: &Head) -> Result<OperationId, AdminError> {
    let segment = head.segment(ID);
    let id = segment.and_then(|segment| segment.parse().ok());
    id.ok_or(AdminError::NoDeadLetter)
}

fn done(was_there: bool) -> Result<Response, AdminError> {
    match was_there {
        true => Ok(reply::empty(StatusCode::NO_CONTENT)),
        false => Err(AdminError::NoDeadLetter),
    }
}
