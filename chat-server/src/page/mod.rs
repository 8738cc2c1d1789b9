//! The page that the server's address shows: a small client of the native API, out of the binary.
//!
//! It is static. Who opens it registers or logs in and is then a user of the default application, by its public id and a session:
//! the page never holds an application's token.

mod files;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use warp::Filter;

use crate::http::body::BodyLimits;
use crate::http::call::{Call, Head};
use crate::http::door::{Door, Fault};
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::problem::Problem;
use crate::http::reply::{self, Response};

const NAME: &str = "page";
const FILES: &str = "/page/";

/// Everything comes from this server, nothing stands inline, nobody frames it, and text that became HTML would throw: the page
/// makes none. `'self'` covers WebSockets of the same origin.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A file of the page as it is sent.
struct Asset {
    name: &'static str,
    headers: HeaderMap,
    bytes: Bytes,
}

impl Asset {
    fn new(name: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            name,
            headers: headers(name, bytes),
            bytes: Bytes::from_static(bytes),
        }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let is_known = asked
            .get_all(IF_NONE_MATCH)
            .iter()
            .any(|known| names(known, &self.headers[ETAG]));
        let mut response = match is_known {
            true => reply::empty(StatusCode::NOT_MODIFIED),
            false => Response::new(self.bytes.clone().into()),
        };
        response.headers_mut().extend(self.headers.clone());
        response
    }
}

/// Whether one of the listed tags is this one; a proxy that compresses weakens them.
fn names(listed: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(listed), Ok(tag)) = (listed.to_str(), tag.to_str()) else {
        return false;
    };
    let mut listed = listed.split(',').map(str::trim);
    listed.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

fn headers(name: &str, bytes: &[u8]) -> HeaderMap {
    let hash = Sha256::digest(bytes);
    let tag: String = hash[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = HeaderValue::try_from(format!("\"{tag}\"")).expect("hexadecimal digits are a value");
    let fixed = HeaderValue::from_static;
    HeaderMap::from_iter([
        (CONTENT_TYPE, fixed(kind(name))),
        (ETAG, tag),
        // Files of one version belong together: a browser asks whether its copy still stands, and is mostly told so.
        (CACHE_CONTROL, fixed("no-cache")),
        (CONTENT_SECURITY_POLICY, fixed(POLICY)),
        (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (REFERRER_POLICY, fixed("no-referrer")),
        (OPENER, fixed("same-origin")),
        (RESOURCE, fixed("same-origin")),
    ])
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

/// The door that shows the page at `/`, with what it needs below `/page`.
pub fn door(body: BodyLimits) -> Door {
    let style = LeafStyle {
        door: NAME,
        faults,
        body,
    };
    let assets: Vec<Asset> = files::ALL
        .iter()
        .map(|(name, bytes)| Asset::new(name, bytes))
        .collect();
    let assets: Arc<[Asset]> = assets.into();
    let files = Leaf::new(style, "/page/{file}", Arc::clone(&assets))
        .get(file)
        .boxed_with_all_below();
    let routes = warp::path(NAME)
        .and(files)
        .or(Leaf::new(style, "/", assets).get(index).boxed())
        .unify()
        .boxed();
    let document = utoipa::openapi::OpenApi::default();
    Door::new(NAME, &["/page", "/"], routes, faults, document)
}

fn faults(head: &Head, fault: Fault) -> Response {
    Problem::fault(fault, head).into_response()
}

async fn index(assets: Arc<[Asset]>, call: Call) -> Response {
    send(&assets, files::INDEX, &call.head)
}

async fn file(assets: Arc<[Asset]>, call: Call) -> Response {
    let path = call.head.uri.path();
    // The start is shown at `/` alone: what it names is relative to there.
    match path.strip_prefix(FILES) {
        Some(name) if name != files::INDEX => send(&assets, name, &call.head),
        _ => faults(&call.head, Fault::NotFound),
    }
}

fn send(assets: &[Asset], name: &str, head: &Head) -> Response {
    match assets.iter().find(|asset| asset.name == name) {
        Some(asset) => asset.answer(&head.headers),
        None => faults(head, Fault::NotFound),
    }
}

#[cfg(test)]
mod tests;
