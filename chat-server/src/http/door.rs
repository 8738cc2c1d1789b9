//! A door: one API with its own paths, words and document.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tower::Service;
use utoipa::openapi::OpenApi;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::body::RequestBody;
use super::call::Head;
use super::reply::Response;

/// What every door must have words for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing at this path.
    NotFound,
    /// The path does not take this method; the answer's `Allow` is set already.
    MethodNotAllowed,
    /// The request does not say to which host it goes, or not well.
    NoHost,
    /// A page of another site may have sent it, and nobody is asked who he is; what an operator can set.
    Foreign(&'static str),
    /// The server is at fault.
    Internal,
}

/// How a door words its errors.
pub type Faults = fn(&Head, Fault) -> Response;

/// A request on its way to a door: its [`Head`] is among the extensions.
pub type DoorRequest = http::Request<RequestBody>;

/// One API, mounted under the first segments of its paths.
pub struct Door {
    name: &'static str,
    mounts: Vec<&'static str>,
    service: Box<dyn Fn(DoorRequest) -> BoxFuture<'static, Response> + Send + Sync>,
    faults: Faults,
    document: OpenApi,
}

impl Door {
    /// A door that answers paths at and below the mounts with these routes, and what they leave with its own 404.
    pub fn new(
        name: &'static str,
        mounts: &[&'static str],
        routes: BoxedFilter<(Response,)>,
        faults: Faults,
        document: OpenApi,
    ) -> Self {
        let lost = warp::ext::get::<Arc<Head>>()
            .map(move |head: Arc<Head>| faults(&head, Fault::NotFound));
        let service = warp::service(routes.or(lost).unify().boxed());
        Self {
            name,
            mounts: mounts.to_vec(),
            service: Box::new(move |request| {
                let answer = service.clone().call(request);
                answer
                    .map(|answer| answer.unwrap_or_else(|never| match never {}))
                    .boxed()
            }),
            faults,
            document,
        }
    }

    /// Its name in the settings and figures.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The first segments of its paths.
    pub fn mounts(&self) -> &[&'static str] {
        &self.mounts
    }

    /// Its part of the OpenAPI document.
    pub fn document(&self) -> &OpenApi {
        &self.document
    }

    pub(super) fn call(&self, request: DoorRequest) -> BoxFuture<'static, Response> {
        (self.service)(request)
    }

    pub(super) fn fault(&self, head: &Head, fault: Fault) -> Response {
        (self.faults)(head, fault)
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Door")
            .field("name", &self.name)
            .field("mounts", &self.mounts)
            .finish()
    }
}
