//! Requests without sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
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
        allowance: OnceLock::new(),
        route: OnceLock::new(),
    }
}

/// A front before these doors.
pub(crate) fn front(doors: Vec<Door>) -> Front {
    Front::new(
        doors,
        AccessLogger::new(AccessLog::Off),
        CancellationToken::new(),
    )
}

/// A request to a front.
pub(crate) fn request(method: &str, uri: &str) -> Request {
    Request {
        builder: http::Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "test"),
        body: Bytes::new(),
    }
}

/// A request under construction.
pub(crate) struct Request {
    builder: http::request::Builder,
    body: Bytes,
}

impl Request {
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
