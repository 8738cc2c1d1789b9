//! What every request passes before and after its door.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode, Uri, Version};
use http_body::Body;
use tokio_util::sync::CancellationToken;

use super::access_log::AccessLogger;
use super::body::RequestBody;
use super::call::Head;
use super::cors::Cors;
use super::door::{Door, Fault};
use super::host;
use super::metrics::Route;
use super::near;
use super::path;
use super::problem::{Code, Problem};
use super::reply::{self, Response};
use super::request_id::{REQUEST_ID, RequestIds};
use crate::config::Origin;

/// All doors behind one entrance: request ids, the choice of the door, panics, figures, the access log.
#[derive(Debug)]
pub struct Front {
    /// Longest mount first, so that a literal path wins over a pattern.
    mounts: Vec<(&'static str, usize)>,
    doors: Vec<Door>,
    ids: RequestIds,
    access: AccessLogger,
    stopping: CancellationToken,
    kill: CancellationToken,
    lost: Arc<Route>,
    cors: Cors,
    /// Whether only requests of this machine are taken, by what browsers say of them.
    is_nearby: bool,
}

impl Front {
    /// Stands before these doors; `stopping` is told to every request.
    pub fn new(doors: Vec<Door>, access: AccessLogger, stopping: CancellationToken) -> Self {
        let mut mounts: Vec<(&'static str, usize)> = Vec::new();
        for (at, door) in doors.iter().enumerate() {
            mounts.extend(door.mounts().iter().map(|mount| (*mount, at)));
        }
        mounts.sort_by_key(|(mount, _)| std::cmp::Reverse(mount.len()));
        Self {
            mounts,
            doors,
            ids: RequestIds::new(),
            access,
            stopping,
            kill: CancellationToken::new(),
            lost: Arc::new(Route::new("none", "none", "other")),
            cors: Cors::default(),
            is_nearby: false,
        }
    }

    /// The same; pages of these origins may ask besides those of its own.
    #[must_use]
    pub fn admitting(self, origins: Vec<Origin>) -> Self {
        let cors = Cors(origins);
        Self { cors, ..self }
    }

    /// The same, for doors that ask nobody because only this machine can reach them: what a page of another site may have asked for
    /// is refused.
    #[must_use]
    pub fn nearby(self) -> Self {
        let is_nearby = true;
        Self { is_nearby, ..self }
    }

    /// Rings when the server stops.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Rings when those who are still here have to go.
    pub(super) fn kill(&self) -> &CancellationToken {
        &self.kill
    }

    /// The door whose mount is the longest that the path begins with.
    fn door(&self, path: &str) -> Option<&Door> {
        let begins = |mount: &str| {
            path.strip_prefix(mount)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let (_, at) = self.mounts.iter().find(|(mount, _)| begins(mount))?;
        self.doors.get(*at)
    }

    /// Answers one request.
    pub async fn answer(&self, request: http::Request<RequestBody>, peer: SocketAddr) -> Response {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let is_head = parts.method == Method::HEAD;
        let request_id = self.ids.take_or_make(&parts.headers);
        let well_formed = path::is_well_formed(parts.uri.path());
        let has_host = host::is_named(parts.version, &parts.headers);
        let target = parts.uri.scheme().and(parts.uri.authority()).cloned();
        let head = Arc::new(Head {
            method: if is_head { Method::GET } else { parts.method },
            uri: normalize(parts.uri),
            headers: parts.headers,
            peer,
            request_id: request_id.clone(),
            started,
            stopping: self.stopping.clone(),
            kill: self.kill.clone(),
            upgrade: parts.extensions.get().filter(|_| !is_head).cloned(),
            allowance: OnceLock::new(),
            route: OnceLock::new(),
        });
        let door = self.door(head.uri.path());
        let fault = |fault| match door {
            Some(door) => door.fault(&head, fault),
            None => Problem::fault(fault, &head).into_response(),
        };
        let foreign = match self.is_nearby && has_host {
            true => near::refusal(&head, target.as_ref(), &self.cors.0),
            false => None,
        };
        let preflight = self.cors.preflight(&head);
        let mut response = match (door, foreign, preflight) {
            (_, Some(why), _) => fault(Fault::Foreign(why)),
            (.., Some(preflight)) => preflight,
            _ if !has_host => fault(Fault::NoHost),
            (Some(door), ..) if well_formed => {
                let mut request = http::Request::new(body);
                *request.method_mut() = head.method.clone();
                *request.uri_mut() = head.uri.clone();
                *request.version_mut() = parts.version;
                // What the library put there stays: an upgrade, for one.
                *request.extensions_mut() = parts.extensions;
                request.extensions_mut().insert(Arc::clone(&head));
                // A handler that panicked is not used again: it is a plain function, and shared state is behind locks.
                let answer = AssertUnwindSafe(async { door.call(request).await }).catch_unwind();
                answer.await.unwrap_or_else(|panic| {
                    log_panic(&head, &*panic);
                    fault(Fault::Internal)
                })
            }
            (Some(_), ..) => fault(Fault::NotFound),
            (None, ..) => nowhere(&head),
        };
        self.finish(&head, &mut response, is_head, parts.version);
        let took = started.elapsed();
        head.route
            .get()
            .unwrap_or(&self.lost)
            .record(response.status(), took);
        self.access.log(&head, response.status(), took);
        response
    }

    fn finish(&self, head: &Head, response: &mut Response, is_head: bool, version: Version) {
        let status = response.status();
        if let Some(allowance) = head.allowance.get() {
            allowance.tell(response);
        }
        self.cors.tell(head, response);
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, head.request_id.clone());
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        let cut_short = matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE
        );
        if cut_short && version < Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if is_head {
            if let Some(length) = response.body().size_hint().exact()
                && !response.headers().contains_key(CONTENT_LENGTH)
                && status != StatusCode::NO_CONTENT
            {
                response
                    .headers_mut()
                    .insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            *response.body_mut() = Bytes::new().into();
        }
    }
}

fn normalize(uri: Uri) -> Uri {
    if !uri.path().contains('%') {
        return uri;
    }
    let mut text = path::normalize(uri.path());
    if let Some(query) = uri.query() {
        text.push('?');
        text.push_str(query);
    }
    PathAndQuery::try_from(text).map_or(uri, Uri::from)
}

fn nowhere(head: &Head) -> Response {
    match head.method {
        // `OPTIONS *` asks about the server, not about a path.
        Method::OPTIONS if head.uri.path() == "*" => reply::empty(StatusCode::NO_CONTENT),
        Method::CONNECT => Problem::new(Code::MethodNotAllowed, head)
            .detail("this server is no proxy")
            .into_response(),
        _ => Problem::new(Code::NotFound, head)
            .detail("no API is served at this path")
            .into_response(),
    }
}

fn log_panic(head: &Head, panic: &(dyn std::any::Any + Send)) {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(
        request_id = head.request_id.to_str().unwrap_or_default(),
        method = %head.method,
        route = head.route.get().map_or("none", |route| route.template()),
        panic = words.unwrap_or("without words"),
        "a handler panicked"
    );
}

#[cfg(test)]
mod tests;
