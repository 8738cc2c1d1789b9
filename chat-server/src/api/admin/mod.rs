//! What an operator asks of a running server.

mod reindex;

use http::StatusCode;
use utoipa::OpenApi;
use warp::Filter;

use crate::config::Secret;
use crate::http::auth;
use crate::http::body::BodyLimits;
use crate::http::call::{Call, Head};
use crate::http::door::{Door, Fault};
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::problem::{Code, Problem};
use crate::http::reply::{self, Response};

pub use reindex::{Progress, Reindexer, State};

const NAME: &str = "admin";
/// Where a rebuild of the search index is asked for and watched.
pub const REINDEX: &str = "/api/v1/admin/reindex";

#[derive(Clone)]
struct Shared {
    reindexer: Reindexer,
    admin_key: Option<Secret>,
}

/// The door of operators' work; with an admin key it opens to that alone.
pub fn door(body: BodyLimits, reindexer: Reindexer, admin_key: Option<Secret>) -> Door {
    let style = LeafStyle {
        door: NAME,
        faults,
        body,
    };
    let shared = Shared {
        reindexer,
        admin_key,
    };
    let routes = warp::path("api")
        .and(warp::path("v1"))
        .and(warp::path("admin"))
        .and(warp::path("reindex"))
        .and(
            Leaf::new(style, REINDEX, shared)
                .get(progress)
                .post(start)
                .boxed(),
        )
        .boxed();
    Door::new(
        NAME,
        &["/api/v1/admin"],
        routes,
        faults,
        Document::openapi(),
    )
}

#[derive(OpenApi)]
#[openapi(paths(progress, start), components(schemas(Progress, State)))]
struct Document;

fn faults(head: &Head, fault: Fault) -> Response {
    Problem::fault(fault, head).into_response()
}

impl Shared {
    /// The answer to whoever may not come in.
    fn refuse(&self, head: &Head) -> Option<Response> {
        let key = self.admin_key.as_ref()?;
        if auth::has_key(&head.headers, key) {
            return None;
        }
        let problem = Problem::new(Code::Unauthorized, head).detail("The admin key is needed.");
        Some(auth::with_challenge(problem.into_response()))
    }
}

/// How far the rebuild of the search index is.
#[utoipa::path(
    get, path = "/api/v1/admin/reindex", tag = NAME,
    responses(
        (status = 200, description = "The last rebuild, or the one that runs", body = Progress),
        (status = 401, description = "The admin key is needed", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn progress(shared: Shared, call: Call) -> Response {
    match shared.refuse(&call.head) {
        Some(refusal) => refusal,
        None => reply::json(StatusCode::OK, &shared.reindexer.progress()),
    }
}

/// Builds the search index anew while the old one serves. One that runs already goes on.
#[utoipa::path(
    post, path = "/api/v1/admin/reindex", tag = NAME,
    responses(
        (status = 202, description = "It runs", body = Progress),
        (status = 401, description = "The admin key is needed", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn start(shared: Shared, call: Call) -> Response {
    match shared.refuse(&call.head) {
        Some(refusal) => refusal,
        None => reply::json(StatusCode::ACCEPTED, &shared.reindexer.start()),
    }
}

#[cfg(test)]
mod tests;
