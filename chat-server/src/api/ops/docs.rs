//! A page to read and try the APIs, which loads nothing from elsewhere.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use utoipa_swagger_ui::Config;
use warp::filters::BoxedFilter;

use crate::http::call::Call;
use crate::http::door::Fault;
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::reply::{self, Response};

const PATH: &str = "/docs";

pub(super) fn routes(style: LeafStyle) -> BoxedFilter<(Response,)> {
    // Relative, so that it also works below a prefix that a proxy takes away.
    let config = Arc::new(Config::from("../openapi.json"));
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
            if let Ok(kind) = HeaderValue::try_from(file.content_type) {
                response.headers_mut().insert(CONTENT_TYPE, kind);
            }
            response
        }
        Ok(None) => super::faults(&call.head, Fault::NotFound),
        Err(error) => {
            tracing::error!(%error, "the documentation page cannot be made");
            super::faults(&call.head, Fault::Internal)
        }
    }
}
