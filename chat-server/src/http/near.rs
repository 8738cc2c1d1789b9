//! What is refused while doors ask nobody because only this machine can reach them: its user may do everything, but the pages of
//! other sites that stand open in his browser may not.

use std::net::IpAddr;

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderValue, Method};

use super::call::Head;
use crate::config::Origin;
use crate::live::handshake::is_welcome;

/// Why a request that a page of another site may have made is refused; `None` for any other. `target` is the host that the request
/// line names, if it does.
pub(super) fn refusal(
    head: &Head,
    target: Option<&Authority>,
    origins: &[Origin],
) -> Option<&'static str> {
    let named = head.headers.get_all(HOST).iter().map(HeaderValue::to_str);
    let mut hosts = named
        .map(Result::ok)
        .chain(target.map(|host| Some(host.as_str())));
    if hosts.any(|host| host.is_none_or(|host| !is_near(host, origins))) {
        // A name that somebody else's DNS leads here makes his page one of this server's own.
        Some(
            "without an admin key this server answers as localhost alone: set allow_origin to where pages reach it, or admin_key",
        )
    } else if writes(&head.method) && !is_welcome(&head.headers, origins) {
        Some(
            "without an admin key pages of this origin may change nothing here: set allow_origin to it, or admin_key",
        )
    } else {
        None
    }
}

fn writes(method: &Method) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    )
}

/// Whether this is the machine itself, by name or by address, or where the setting says that pages come from.
fn is_near(host: &str, origins: &[Origin]) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        // A target that has no host; no browser sends that.
        return host.is_empty();
    };
    let name = authority.host().to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<IpAddr>();
    name == "localhost"
        || name.ends_with(".localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
        || origins.iter().any(|origin| origin.is_on(&name))
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::OpenApi;

    use super::*;
    use crate::http::door::{Door, Fault};
    use crate::http::reply::{self, Response};
    use crate::http::testing::{self, front, request};

    fn is_refused(method: &str, headers: &[(&'static str, &str)], origins: &[&str]) -> bool {
        let mut head = testing::head(method, "/users/add");
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            head.headers.insert(*name, value);
        }
        let origins: Vec<Origin> = origins.iter().map(|one| one.parse().unwrap()).collect();
        refusal(&head, None, &origins).is_some()
    }

    #[test]
    fn only_this_machine_is_asked_for() {
        for host in [
            "localhost",
            "LocalHost:3000",
            "app.localhost:3000",
            "127.0.0.1:3000",
            "127.9.9.9",
            "[::1]:3000",
            "[::ffff:127.0.0.1]",
            "",
            "chat.example:8080",
        ] {
            let origins = ["https://Chat.example"];
            assert!(!is_refused("GET", &[("host", host)], &origins), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[2001:db8::1]",
            "chat.example",
        ] {
            assert!(is_refused("GET", &[("host", host)], &[]), "{host}");
            assert!(!is_refused("GET", &[("host", host)], &["*"]), "{host}");
        }
        assert!(!is_refused("POST", &[], &[]), "what is no browser");
        let target = Authority::from_static("evil.example");
        let head = testing::head("GET", "/");
        assert!(refusal(&head, Some(&target), &[]).is_some());
    }

    #[test]
    fn pages_of_other_sites_write_nothing() {
        const HERE: (&str, &str) = ("host", "127.0.0.1:3000");
        for (method, origin, refused) in [
            ("POST", "http://127.0.0.1:3000", false),
            ("POST", "https://chat.example", false),
            ("GET", "http://evil.example", false),
            ("OPTIONS", "http://evil.example", false),
            ("POST", "http://evil.example", true),
            ("PUT", "http://127.0.0.1:8080", true),
            ("PATCH", "https://127.0.0.1:3001", true),
            ("DELETE", "null", true),
        ] {
            let headers = [HERE, ("origin", origin)];
            let is_refused = is_refused(method, &headers, &["https://chat.example"]);
            assert_eq!(is_refused, refused, "{method} {origin}");
        }
    }

    #[tokio::test]
    async fn what_is_refused_reaches_no_door() {
        fn faults(_: &Head, fault: Fault) -> Response {
            match fault {
                Fault::Foreign(why) => {
                    reply::with_body(http::StatusCode::FORBIDDEN, "text/plain", why)
                }
                other => panic!("{other:?}"),
            }
        }
        use warp::Filter;
        let routes = warp::any().map(|| reply::empty(http::StatusCode::NO_CONTENT));
        let door = || {
            let routes = routes.boxed();
            vec![Door::new(
                "door",
                &["/users"],
                routes,
                faults,
                OpenApi::default(),
            )]
        };
        let open = front(door());
        let behind_a_key = request("POST", "/users/add").header("origin", "http://evil.example");
        assert_eq!(behind_a_key.send(&open).await.status, 204);
        let near = front(door()).nearby();
        let answer = request("GET", "/users/add").send(&near).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text().contains("allow_origin"), "{}", answer.text());
        let near = front(door()).admitting(vec!["http://test".parse().unwrap()]);
        let near = near.nearby();
        let foreign = request("POST", "/users/add").header("origin", "http://evil.example");
        assert_eq!(foreign.send(&near).await.status, 403);
        let own = request("POST", "/users/add").header("origin", "http://test");
        assert_eq!(own.send(&near).await.status, 204);
    }
}
