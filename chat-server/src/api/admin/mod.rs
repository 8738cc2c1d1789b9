//! What an operator asks of a running server.

mod dead_letters;
mod jobs;
pub mod lag;
mod reindex;
mod status;

use utoipa::OpenApi;

use crate::config::Secret;
use crate::http::auth;
use crate::http::body::BodyLimits;
use crate::http::call::Head;
use crate::http::door::{Door, Fault};
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::reply::Response;
use crate::http::tree::{either, named, under};
use crate::wiring::Jobs;

use status::AdminError;

pub use dead_letters::DeadLetterJson;
pub use jobs::{JobsJson, LaneJson};
pub use reindex::{Progress, Reindexer, State};

const NAME: &str = "admin";
/// Where a rebuild of the search index is asked for and watched.
pub const REINDEX: &str = "/api/v1/admin/reindex";
/// Where it is told what the queue holds.
pub const JOBS: &str = "/api/v1/admin/jobs";
/// Where the jobs are that no commit takes.
pub const DEAD_LETTERS: &str = "/api/v1/admin/dead-letters";

#[derive(Clone)]
struct Shared {
    reindexer: Reindexer,
    jobs: Jobs,
    admin_key: Option<Secret>,
}

/// The door of operators' work; with an admin key it opens to that alone.
pub fn door(body: BodyLimits, reindexer: Reindexer, jobs: Jobs, admin_key: Option<Secret>) -> Door {
    let style = LeafStyle {
        door: NAME,
        faults,
        body,
    };
    let shared = Shared {
        reindexer,
        jobs,
        admin_key,
    };
    let leaf = |template| Leaf::new(style, template, shared.clone());
    let letters = {
        let all = leaf(DEAD_LETTERS).get(dead_letters::list).boxed();
        let one = leaf("/api/v1/admin/dead-letters/{id}")
            .delete(dead_letters::discard)
            .boxed();
        let retry = leaf("/api/v1/admin/dead-letters/{id}/retry")
            .post(dead_letters::retry)
            .boxed();
        either(all, named(either(one, under("retry", retry))))
    };
    let rebuild = leaf(REINDEX)
        .get(reindex::progress)
        .post(reindex::start)
        .boxed();
    let queue = either(
        under("jobs", leaf(JOBS).get(jobs::show).boxed()),
        under("dead-letters", letters),
    );
    let routes = either(under("reindex", rebuild), queue);
    let routes = under("api", under("v1", under("admin", routes)));
    Door::new(
        NAME,
        &["/api/v1/admin"],
        routes,
        faults,
        Document::openapi(),
    )
}

#[derive(OpenApi)]
#[openapi(
    paths(
        reindex::progress,
        reindex::start,
        jobs::show,
        dead_letters::list,
        dead_letters::retry,
        dead_letters::discard
    ),
    components(schemas(Progress, State, JobsJson, LaneJson, DeadLetterJson))
)]
struct Document;

fn faults(head: &Head, fault: Fault) -> Response {
    Problem::fault(fault, head).into_response()
}

impl Shared {
    /// Lets operators in who send no parameters but these.
    fn enter<'a>(&self, head: &'a Head, known: &[&str]) -> Result<Query<'a>, AdminError> {
        if let Some(key) = &self.admin_key
            && !auth::has_key(&head.headers, key)
        {
            return Err(AdminError::Unauthorized);
        }
        let query = head.query().ok_or(AdminError::NotUtf8)?;
        let unknown: Vec<String> = query
            .unknown(known)
            .into_iter()
            .map(str::to_owned)
            .collect();
        match unknown.is_empty() {
            true => Ok(query),
            false => Err(AdminError::Unknown(unknown)),
        }
    }
}

#[cfg(test)]
mod tests;
