//! The end of a path: its methods, each with one handler.

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode};
use warp::Filter;
use warp::Rejection;
use warp::filters::BoxedFilter;

use super::body::{self, BodyLimits};
use super::call::{Call, Head};
use super::door::{Fault, Faults};
use super::metrics::Route;
use super::reply::{self, Response};

type Check<S> = Box<dyn Fn(S, Arc<Head>) -> BoxFuture<'static, Option<Response>> + Send + Sync>;
type Handler<S> = Box<dyn Fn(S, Call) -> BoxFuture<'static, Response> + Send + Sync>;

/// What a handler gives back: an answer, or what a door makes one of.
pub trait Answer: Send {
    /// The answer to the request with this head.
    fn into_response(self, head: &Head) -> Response;
}

impl Answer for Response {
    fn into_response(self, _: &Head) -> Response {
        self
    }
}

impl<E: Answer> Answer for Result<Response, E> {
    fn into_response(self, head: &Head) -> Response {
        self.unwrap_or_else(|error| error.into_response(head))
    }
}

/// What the leaves of a door have in common.
#[derive(Debug, Clone, Copy)]
pub struct LeafStyle {
    /// The door's name in figures.
    pub door: &'static str,
    /// How the door words errors.
    pub faults: Faults,
    /// What body a request may have.
    pub body: BodyLimits,
}

/// One path of a door under construction: say what each method does, then make it a filter.
pub struct Leaf<S> {
    style: LeafStyle,
    template: &'static str,
    state: S,
    methods: Vec<Endpoint<S>>,
    check: Option<Check<S>>,
}

struct Endpoint<S> {
    method: Method,
    route: Arc<Route>,
    handler: Handler<S>,
}

impl<S: Clone + Send + Sync + 'static> Leaf<S> {
    /// A path that takes no method yet; the template is the whole path with names in braces for what varies.
    pub fn new(style: LeafStyle, template: &'static str, state: S) -> Self {
        Self {
            style,
            template,
            state,
            methods: Vec::new(),
            check: None,
        }
    }

    /// Before a method is refused, this says whether whoever asks may know: what it fails with is answered instead. Handlers ask for
    /// themselves.
    #[must_use]
    pub fn refusing_after<H, F, E>(mut self, check: H) -> Self
    where
        H: Fn(S, Arc<Head>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Answer,
    {
        self.check = Some(Box::new(move |state, head| {
            let checked = check(state, Arc::clone(&head));
            checked
                .map(move |checked| checked.err().map(|error| error.into_response(&head)))
                .boxed()
        }));
        self
    }

    fn on<H, F>(mut self, name: &'static str, method: Method, handler: H) -> Self
    where
        H: Fn(S, Call) -> F + Send + Sync + 'static,
        F: Future<Output: Answer> + Send + 'static,
    {
        let route = Arc::new(Route::new(self.style.door, self.template, name));
        let handler: Handler<S> = Box::new(move |state, call| {
            let head = Arc::clone(&call.head);
            handler(state, call)
                .map(move |answer| answer.into_response(&head))
                .boxed()
        });
        self.methods.push(Endpoint {
            method,
            route,
            handler,
        });
        self
    }

    /// Answers GET, and HEAD.
    #[must_use]
    pub fn get<H, F>(self, handler: H) -> Self
    where
        H: Fn(S, Call) -> F + Send + Sync + 'static,
        F: Future<Output: Answer> + Send + 'static,
    {
        self.on("GET", Method::GET, handler)
    }

    /// Answers POST.
    #[must_use]
    pub fn post<H, F>(self, handler: H) -> Self
    where
        H: Fn(S, Call) -> F + Send + Sync + 'static,
        F: Future<Output: Answer> + Send + 'static,
    {
        self.on("POST", Method::POST, handler)
    }

    /// Answers PUT.
    #[must_use]
    pub fn put<H, F>(self, handler: H) -> Self
    where
        H: Fn(S, Call) -> F + Send + Sync + 'static,
        F: Future<Output: Answer> + Send + 'static,
    {
        self.on("PUT", Method::PUT, handler)
    }

    /// Answers PATCH.
    #[must_use]
    pub fn patch<H, F>(self, handler: H) -> Self
    where
        H: Fn(S, Call) -> F + Send + Sync + 'static,
        F: Future<Output: Answer> + Send + 'static,
    {
        self.on("PATCH", Method::PATCH, handler)
    }

    /// Answers DELETE.
    #[must_use]
    pub fn delete<H, F>(self, handler: H) -> Self
    where
        H: Fn(S, Call) -> F + Send + Sync + 'static,
        F: Future<Output: Answer> + Send + 'static,
    {
        self.on("DELETE", Method::DELETE, handler)
    }

    /// The filter that matches the end of this path and every method.
    pub fn boxed(self) -> BoxedFilter<(Response,)> {
        self.behind(warp::path::end())
    }

    /// The filter that matches this path, everything below it and every method.
    pub fn boxed_with_all_below(self) -> BoxedFilter<(Response,)> {
        self.behind(warp::path::tail().map(drop).untuple_one().boxed())
    }

    fn behind<P>(self, place: P) -> BoxedFilter<(Response,)>
    where
        P: Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static,
    {
        let mut allow: Vec<&str> = Vec::new();
        for endpoint in &self.methods {
            allow.push(endpoint.method.as_str());
            if endpoint.method == Method::GET {
                allow.push("HEAD");
            }
        }
        let ready = Arc::new(Ready {
            allow: HeaderValue::from_str(&allow.join(", "))
                .expect("method names are a header value"),
            refused: Arc::new(Route::new(self.style.door, self.template, "other")),
            leaf: self,
        });
        place
            .and(warp::ext::get::<Arc<Head>>())
            .and(warp::body::stream())
            .then(move |head: Arc<Head>, stream| {
                let ready = Arc::clone(&ready);
                async move {
                    let Some(endpoint) = ready.endpoint(&head) else {
                        return ready.refuse(&head).await;
                    };
                    let body = body::read(&head.headers, stream, ready.leaf.style.body).await;
                    (endpoint.handler)(ready.leaf.state.clone(), Call { head, body }).await
                }
            })
            .boxed()
    }
}

struct Ready<S> {
    leaf: Leaf<S>,
    allow: HeaderValue,
    refused: Arc<Route>,
}

impl<S: Clone> Ready<S> {
    fn endpoint(&self, head: &Head) -> Option<&Endpoint<S>> {
        let found = self
            .leaf
            .methods
            .iter()
            .find(|endpoint| endpoint.method == head.method);
        let route = found.map_or(&self.refused, |endpoint| &endpoint.route);
        head.enter(Arc::clone(route));
        found
    }

    async fn refuse(&self, head: &Arc<Head>) -> Response {
        if head.method == Method::OPTIONS {
            return reply::with_allow(reply::empty(StatusCode::NO_CONTENT), &self.allow);
        }
        if let Some(check) = &self.leaf.check
            && let Some(answer) = check(self.leaf.state.clone(), Arc::clone(head)).await
        {
            return answer;
        }
        let answer = (self.leaf.style.faults)(head, Fault::MethodNotAllowed);
        reply::with_allow(answer, &self.allow)
    }
}
