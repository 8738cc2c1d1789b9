//! What operators and tools ask: health, figures, the document of the APIs.

mod docs;
mod health;

use std::sync::Arc;

use bytes::Bytes;
use chat_core::Chat;
use http::StatusCode;
use utoipa::OpenApi;
use warp::Filter;

use crate::http::body::BodyLimits;
use crate::http::call::{Call, Head};
use crate::http::door::{Door, Fault};
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::metrics;
use crate::http::problem::Problem;
use crate::http::reply::{self, Response};

pub use health::{Probe, Working};

const NAME: &str = "ops";

/// The door of operators, which also serves the whole OpenAPI document: its own and those of the other doors.
pub fn door(
    body: BodyLimits,
    chat: Chat,
    probes: Vec<Arc<dyn Probe>>,
    documents: Vec<utoipa::openapi::OpenApi>,
) -> Door {
    let style = LeafStyle {
        door: NAME,
        faults,
        body,
    };
    let own = Document::openapi();
    let whole = documents
        .into_iter()
        .fold(own.clone(), utoipa::openapi::OpenApi::merge_from);
    let document = Bytes::from(whole.to_json().unwrap_or_default());
    let routes = warp::path("healthz")
        .and(Leaf::new(style, "/healthz", ()).get(health::alive).boxed())
        .or(warp::path("readyz").and(
            Leaf::new(style, "/readyz", probes.into())
                .get(health::ready)
                .boxed(),
        ))
        .unify()
        .or(warp::path("metrics").and(Leaf::new(style, "/metrics", chat).get(figures).boxed()))
        .unify()
        .or(warp::path("openapi.json").and(
            Leaf::new(style, "/openapi.json", document)
                .get(openapi)
                .boxed(),
        ))
        .unify()
        .or(warp::path("docs").and(docs::routes(style)))
        .unify()
        .or(Leaf::new(style, "/", ()).get(docs::from_the_root).boxed())
        .unify()
        .boxed();
    let mounts = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/",
    ];
    Door::new(NAME, &mounts, routes, faults, own)
}

#[derive(OpenApi)]
#[openapi(
    info(title = "chat", description = "A chat backend."),
    paths(health::alive, health::ready, figures, openapi),
    components(schemas(Problem))
)]
struct Document;

fn faults(head: &Head, fault: Fault) -> Response {
    Problem::fault(fault, head).into_response()
}

/// Figures in the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = NAME,
    responses((status = 200, description = "The figures", body = String, content_type = "text/plain")),
)]
async fn figures(chat: Chat, _: Call) -> Response {
    ::metrics::counter!("chat_live_reads_total").absolute(chat.live_reads());
    reply::with_body(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        metrics::recorder().render(),
    )
}

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", tag = NAME,
    responses((status = 200, description = "The document", body = Object, content_type = "application/json")),
)]
async fn openapi(document: Bytes, _: Call) -> Response {
    reply::with_body(StatusCode::OK, "application/json", document)
}

#[cfg(test)]
mod tests;
