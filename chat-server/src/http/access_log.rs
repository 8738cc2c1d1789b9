//! One line a request, without what would give power to a reader of the log.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::StatusCode;
use sha2::{Digest, Sha256};

use super::call::Head;
use crate::config::AccessLog;

/// Writes the lines that the setting asks for.
#[derive(Debug)]
pub struct AccessLogger {
    which: AccessLog,
    turn: AtomicU32,
}

impl AccessLogger {
    /// Logs these requests.
    pub fn new(which: AccessLog) -> Self {
        Self {
            which,
            turn: AtomicU32::new(0),
        }
    }

    fn is_due(&self, status: StatusCode) -> bool {
        match self.which {
            AccessLog::Off => false,
            _ if status.is_server_error() => true,
            AccessLog::Errors => false,
            AccessLog::OneIn(1) => true,
            AccessLog::OneIn(each) => self
                .turn
                .fetch_add(1, Ordering::Relaxed)
                .is_multiple_of(each),
        }
    }

    /// Logs an answered request, if it is its turn.
    pub fn log(&self, head: &Head, status: StatusCode, took: Duration) {
        if !self.is_due(status) {
            return;
        }
        tracing::info!(
            target: "chat_server::access",
            method = %head.method,
            path = %Redacted(head),
            status = status.as_u16(),
            micros = took.as_micros() as u64,
            request_id = head.request_id.to_str().unwrap_or_default(),
            peer = %head.peer,
            "request"
        );
    }
}

/// A request's path in which only the fixed words and plain numbers can be read. Everything else may be a secret and
/// stands there as the start of its hash, so that lines about one application can still be found; the query is left out.
struct Redacted<'a>(&'a Head);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let template = self.0.route.get().map_or("", |route| route.template());
        let mut words = template.split('/').skip(1);
        for segment in self.0.uri.path().split('/').skip(1) {
            out.write_str("/")?;
            let fixed = words.next().is_some_and(|word| word == segment);
            let number = segment.len() <= 20 && segment.bytes().all(|byte| byte.is_ascii_digit());
            if fixed || number {
                out.write_str(segment)?;
            } else {
                let hash = Sha256::digest(segment);
                write!(
                    out,
                    "#{:02x}{:02x}{:02x}{:02x}",
                    hash[0], hash[1], hash[2], hash[3]
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::http::front::Front;
    use crate::http::metrics::Route;
    use crate::http::testing::request;
    use crate::log::tests::Lines;

    fn redacted(path: &str, template: Option<&'static str>) -> String {
        let head = crate::http::testing::head("GET", path);
        if let Some(template) = template {
            head.route
                .set(Arc::new(Route::new("test", template, "GET")))
                .unwrap();
        }
        Redacted(&head).to_string()
    }

    #[test]
    fn a_secret_in_the_path_is_not_logged() {
        let token = "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11";
        let line = redacted(
            &format!("/api/v1/applications/{token}/chats/7?key=secret"),
            Some("/api/v1/applications/{app}/chats/{chat}"),
        );
        assert_eq!(line, "/api/v1/applications/#9ff25ccb/chats/7");
        let bearer = "kPq3vX9s0-secret-of-a-session";
        let line = redacted(&format!("/ws?token={bearer}"), Some("/ws"));
        assert_eq!(line, "/ws");
        for path in ["/ws", "/chat-api/threads", "/conversations", "/login"] {
            for asked in [format!("{path}/{bearer}"), format!("{path}?token={bearer}")] {
                let line = redacted(&asked, None);
                assert!(!line.contains("secret"), "{line}");
            }
        }
        let unknown = redacted(&format!("/nowhere/{token}"), None);
        assert!(
            !unknown.contains("2b1f8a52") && unknown.ends_with("/#9ff25ccb"),
            "{unknown}"
        );
    }

    #[tokio::test]
    async fn the_id_that_is_sent_or_made_stands_in_the_line_of_its_request() {
        let (lines, _guard) = Lines::listen();
        let logger = AccessLogger::new(AccessLog::OneIn(1));
        let front = Front::new(Vec::new(), logger, CancellationToken::new());
        let sent = request("GET", "/nowhere").header("x-request-id", "mine-7");
        let sent = sent.send(&front).await;
        let made = request("GET", "/nowhere").send(&front).await;
        assert_eq!(sent.header("x-request-id"), Some("mine-7"));
        let text = lines.text();
        for answer in [sent, made] {
            let id = answer.header("x-request-id").unwrap();
            let named = text.lines().filter(|line| line.contains(id));
            assert_eq!(named.count(), 1, "{id}: {text}");
        }
    }

    #[test]
    fn a_share_of_the_requests_is_logged_and_every_fault_of_ours() {
        let logger = AccessLogger::new(AccessLog::OneIn(3));
        let due: Vec<bool> = (0..4).map(|_| logger.is_due(StatusCode::OK)).collect();
        assert_eq!(due, [true, false, false, true]);
        assert!(logger.is_due(StatusCode::SERVICE_UNAVAILABLE));
        assert!(!AccessLogger::new(AccessLog::Errors).is_due(StatusCode::NOT_FOUND));
        assert!(!AccessLogger::new(AccessLog::Off).is_due(StatusCode::SERVICE_UNAVAILABLE));
    }
}
