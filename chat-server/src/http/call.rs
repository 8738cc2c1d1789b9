//! A request as handlers see it.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};
use hyper::upgrade::OnUpgrade;
use tokio_util::sync::CancellationToken;

use super::body::BodyFault;
use super::metrics::Route;
use super::path;
use super::query::Query;
use super::rate::Allowance;

/// Everything of a request but its body.
#[derive(Debug)]
pub struct Head {
    /// The method; a HEAD is answered as the GET that stands here.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The headers as they were sent.
    pub headers: HeaderMap,
    /// Who sent it.
    pub peer: SocketAddr,
    /// The id that answers and log lines carry.
    pub request_id: HeaderValue,
    /// When it came.
    pub started: Instant,
    /// Ends what would wait for news when the server stops.
    pub stopping: CancellationToken,
    /// Ends what has not come to its end in the time for that.
    pub kill: CancellationToken,
    /// The connection itself, where the client asks to speak another protocol on it.
    pub upgrade: Option<OnUpgrade>,
    /// What is left of the application's rate, once a handler counted the request.
    pub allowance: OnceLock<Allowance>,
    pub(super) route: OnceLock<Arc<Route>>,
}

impl Head {
    /// Notes which route answers; the first one stands.
    pub(super) fn enter(&self, route: Arc<Route>) {
        let _ = self.route.set(route);
    }

    /// What a connection heeds that goes on after its request was answered: `stopping`, then `kill`.
    pub(crate) fn ends(&self) -> (CancellationToken, CancellationToken) {
        (self.stopping.clone(), self.kill.clone())
    }

    /// One segment of the path, counted from 0, decoded; `None` when it is missing or not well formed.
    pub fn segment(&self, at: usize) -> Option<Cow<'_, str>> {
        path::decode(self.uri.path().get(1..)?.split('/').nth(at)?)
    }

    /// One segment of the path as a number.
    pub fn number(&self, at: usize) -> Option<NonZeroU64> {
        path::number(&self.segment(at)?)
    }

    /// The parameters of the query; `None` when they are not UTF-8.
    pub fn query(&self) -> Option<Query<'_>> {
        Query::parse(self.uri.query())
    }

    /// A header that is text.
    pub fn header(&self, name: &http::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Logs a failure with all its causes, once, under the request's id.
    pub fn log_failure(&self, error: &(dyn std::error::Error + 'static)) {
        tracing::error!(
            request_id = self.request_id.to_str().unwrap_or_default(),
            method = %self.method,
            route = self.route.get().map_or("none", |route| route.template()),
            error,
            "the request failed"
        );
    }
}

/// A request with its body, read under the limits.
#[derive(Debug)]
pub struct Call {
    /// Everything but the body.
    pub head: Arc<Head>,
    /// The body, or why there is none; a handler tells other faults first.
    pub body: Result<Bytes, BodyFault>,
}
