//! A page to read and try the APIs, which loads nothing from elsewhere.

use std::sync::Arc;

use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use utoipa_swagger_ui::Config;
use warp::filters::BoxedFilter;

use crate::http::call::Call;
use crate::http::door::Fault;
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::reply::{self, Response};

const PATH: &str = "/docs";

/// Everything comes from this server, scripts stand in files, and nobody frames it. The page makes elements with styles of their own,
/// and has its pictures in its style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
     img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

pub(super) fn routes(style: LeafStyle) -> BoxedFilter<(Response,)> {
    // Relative, so that it also works below a prefix that a proxy takes away.
    let config = Config::from("../openapi.json");
    // Or the page asks a server elsewhere what it thinks of the document.
    let config = Arc::new(config.validator_url("none"));
    Leaf::new(style, "/docs", config)
        .get(page)
        .boxed_with_all_below()
}

/// Who opens the server's address in a browser is shown what it can do.
pub(super) async fn from_the_root(_: (), _: Call) -> Response {
    lead_to_page(StatusCode::SEE_OTHER)
}

fn lead_to_page(status: StatusCode) -> Response {
    let mut response = reply::empty(status);
    response
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_static("docs/"));
    response
}

async fn page(config: Arc<Config<'static>>, call: Call) -> Response {
    let path = call.head.uri.path();
    let Some(file) = path.strip_prefix(PATH).filter(|rest| !rest.is_empty()) else {
        // The page names its files relative to itself: without the slash they would be looked for one level up.
        return lead_to_page(StatusCode::PERMANENT_REDIRECT);
    };
    match utoipa_swagger_ui::serve(file.trim_start_matches('/'), config) {
        Ok(Some(file)) => {
            let mut response = Response::new(file.bytes.into_owned().into());
            let headers = response.headers_mut();
            if let Ok(kind) = HeaderValue::try_from(with_charset(file.content_type)) {
                headers.insert(CONTENT_TYPE, kind);
            }
            headers.insert(CONTENT_SECURITY_POLICY, POLICY);
            headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
            headers.insert(REFERRER_POLICY, NO_REFERRER);
            response
        }
        Ok(None) => super::faults(&call.head, Fault::NotFound),
        Err(error) => {
            tracing::error!(%error, "the documentation page cannot be made");
            super::faults(&call.head, Fault::Internal)
        }
    }
}

/// A kind of text says how its letters are written.
fn with_charset(kind: String) -> String {
    match kind.starts_with("text/") && !kind.contains("charset") {
        true => kind + "; charset=utf-8",
        false => kind,
    }
}
