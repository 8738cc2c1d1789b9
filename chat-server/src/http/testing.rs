//! Requests without sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use tokio_util::sync::CancellationToken;

use super::access_log::AccessLogger;
use super::body::RequestBody;
use super::call::Head;
use super::door::Door;
use super::front::Front;
use super::reply::Response;
use crate::config::AccessLog;

pub(crate) const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// A head as the front would make it.
pub(crate) fn head(method: &str, uri: &str) -> Head {
    Head {
        method: method.parse().unwrap(),
        uri: uri.parse().unwrap(),
        headers: HeaderMap::new(),
        peer: PEER,
        request_id: HeaderValue::from_static("test"),
        started: Instant::now(),
        stopping: CancellationToken::new(),
        kill: CancellationToken::new(),
        upgrade: None,
        allowance: OnceLock::new(),
        route: OnceLock::new(),
    }
}

/// A front before these doors.
pub(crate) fn front(doors: Vec<Door>) -> Front {
    front_until(CancellationToken::new(), doors)
}

fn front_until(stopping: CancellationToken, doors: Vec<Door>) -> Front {
    Front::new(doors, AccessLogger::new(AccessLog::Off), stopping)
}

/// The fronts of nodes that answer in turn, as behind a balancer, and stop together.
pub(crate) struct Fronts {
    nodes: Vec<Front>,
    turn: AtomicUsize,
}

impl Fronts {
    /// One node each of these doors.
    pub(crate) fn new(nodes: Vec<Vec<Door>>) -> Self {
        let stopping = CancellationToken::new();
        let front = |doors| front_until(stopping.clone(), doors);
        nodes.into_iter().map(front).collect::<Vec<_>>().into()
    }

    /// The node whose turn it is.
    pub(crate) fn next(&self) -> &Front {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.nodes[turn % self.nodes.len()]
    }

    pub(crate) async fn answer(
        &self,
        request: http::Request<RequestBody>,
        peer: SocketAddr,
    ) -> Response {
        self.next().answer(request, peer).await
    }

    pub(crate) fn stopping(&self) -> &CancellationToken {
        self.nodes[0].stopping()
    }
}

impl From<Vec<Front>> for Fronts {
    fn from(nodes: Vec<Front>) -> Self {
        let turn = AtomicUsize::new(0);
        Self { nodes, turn }
    }
}

/// A request to a front.
pub(crate) fn request(method: &str, uri: &str) -> Request {
    Request::to("test", method, uri)
}

/// A request under construction.
pub(crate) struct Request {
    builder: http::request::Builder,
    body: Bytes,
}

impl Request {
    pub(crate) fn to(host: &str, method: &str, uri: &str) -> Self {
        let builder = http::Request::builder().method(method).uri(uri);
        Self {
            builder: builder.header("host", host),
            body: Bytes::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self, front: &Front) -> Answer {
        let request = self.builder.body(RequestBody::from(self.body)).unwrap();
        let (parts, body) = front.answer(request, PEER).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
