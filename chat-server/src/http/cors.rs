//! What pages of other origins may ask, and read of the answers.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderValue, Method, StatusCode};

use super::call::Head;
use super::reply::{self, Response};
use crate::config::Origin;

/// What any API here takes.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// What any API here reads of a request. There are no cookies: what a page may do is what it knows a token for.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, as-user, authorization, content-type, idempotency-key, last-event-id, prefer, x-request-id",
);
/// What any API here tells besides the body.
const TOLD: HeaderValue = HeaderValue::from_static(
    "idempotency-replayed, link, location, ratelimit-limit, ratelimit-remaining, ratelimit-reset, \
     retry-after, x-indexed-through, x-request-id",
);
/// For so many seconds a browser need not ask again.
const LASTS: HeaderValue = HeaderValue::from_static("600");

/// The origins whose pages may ask.
#[derive(Debug, Default)]
pub(super) struct Cors(pub(super) Vec<Origin>);

impl Cors {
    /// The origin of the page that asks, if it may.
    fn admitted<'a>(&self, head: &'a Head) -> Option<&'a HeaderValue> {
        let origin = head.headers.get(ORIGIN)?;
        let text = origin.to_str().ok()?;
        self.0.iter().any(|one| one.covers(text)).then_some(origin)
    }

    /// The answer to a browser that asks whether a page may ask; `None` for any other request.
    pub(super) fn preflight(&self, head: &Head) -> Option<Response> {
        let asks = head.method == Method::OPTIONS
            && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        self.admitted(head)?;
        let mut answer = reply::empty(StatusCode::NO_CONTENT);
        let headers = answer.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, LASTS);
        Some(answer)
    }

    /// Tells the browser whether the page may read this answer.
    pub(super) fn tell(&self, head: &Head, answer: &mut Response) {
        const OF_ORIGIN: HeaderValue = HeaderValue::from_static("origin");
        if self.0.is_empty() {
            return;
        }
        let headers = answer.headers_mut();
        headers.append(VARY, OF_ORIGIN);
        if let Some(origin) = self.admitted(head) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, TOLD);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::front::Front;
    use super::super::testing::{Answer, front, request};

    fn admitting(origins: &[&str]) -> Front {
        let origins = origins.iter().map(|one| one.parse().unwrap());
        front(Vec::new()).admitting(origins.collect())
    }

    async fn ask(front: &Front, method: &str, headers: &[(&str, &str)]) -> Answer {
        let mut asked = request(method, "/anything");
        for (name, value) in headers {
            asked = asked.header(name, value);
        }
        asked.send(front).await
    }

    const HERE: (&str, &str) = ("origin", "https://chat.example");
    const THERE: (&str, &str) = ("origin", "https://evil.example");
    const POST: (&str, &str) = ("access-control-request-method", "POST");

    /// Which page may read it, and what may be asked.
    fn told(answer: &Answer) -> (u16, Option<&str>, bool) {
        let methods = answer.header("access-control-allow-methods");
        let origin = answer.header("access-control-allow-origin");
        (answer.status.as_u16(), origin, methods.is_some())
    }

    #[tokio::test]
    async fn a_page_asks_and_reads_from_where_the_setting_says_alone() {
        let front = admitting(&["https://chat.example"]);
        let asked = ask(&front, "OPTIONS", &[HERE, POST]).await;
        assert_eq!(told(&asked), (204, Some(HERE.1), true));
        let headers = asked.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("authorization") && headers.contains("idempotency-key"));
        let read = ask(&front, "GET", &[HERE]).await;
        assert_eq!(told(&read), (404, Some(HERE.1), false));
        assert_eq!(read.header("vary"), Some("origin"));
        let exposed = read.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("link"));
        assert_eq!(
            told(&ask(&front, "OPTIONS", &[THERE, POST]).await),
            (404, None, false)
        );
        let read = ask(&front, "GET", &[THERE]).await;
        assert_eq!(
            (told(&read), read.header("vary")),
            ((404, None, false), Some("origin"))
        );
        // Without the other header it is no question of a browser.
        assert_eq!(
            told(&ask(&front, "OPTIONS", &[HERE]).await),
            (404, Some(HERE.1), false)
        );
        assert_eq!(told(&ask(&front, "GET", &[]).await), (404, None, false));
    }

    #[tokio::test]
    async fn nobody_is_admitted_unless_it_is_said_and_anybody_if_it_is() {
        let front = admitting(&[]);
        let read = ask(&front, "GET", &[HERE]).await;
        assert_eq!(
            (told(&read), read.header("vary")),
            ((404, None, false), None)
        );
        assert_eq!(
            told(&ask(&front, "OPTIONS", &[HERE, POST]).await),
            (404, None, false)
        );
        let front = admitting(&["*"]);
        assert_eq!(
            told(&ask(&front, "GET", &[THERE]).await),
            (404, Some(THERE.1), false)
        );
    }
}
