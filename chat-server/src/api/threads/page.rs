//! Pages by limit and offset.

use http::header::HOST;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use chat_core::page::Limit;

use crate::http::call::Head;

const DEFAULT: usize = 100;
const MOST: usize = 250;
const ROOT: &str = "/chat-api/";
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~');

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// How many elements at most.
    pub(super) limit: usize,
    /// How many come before.
    pub(super) offset: u64,
}

impl Part {
    /// The part that the query names. A bad limit is none, a bad offset the beginning.
    pub(super) fn of(head: &Head) -> Self {
        let query = head.query().unwrap_or_default();
        let number = |name| query.get(name).and_then(digits);
        let limit = number("limit").filter(|limit| *limit > 0);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        Self {
            limit: limit.map_or(DEFAULT, |limit| limit.min(MOST)),
            offset: number("offset").unwrap_or_default(),
        }
    }

    /// The limit for the core.
    pub(super) fn limit(self) -> Limit {
        Limit::new(self.limit).unwrap_or(Limit::DEFAULT)
    }

    /// Where the page behind this one is, in a list of so many at this path; `None` when this is the last one.
    pub(super) fn next(self, head: &Head, path: &str, count: u64) -> Option<String> {
        let offset = self.offset.saturating_add(self.limit as u64);
        (offset < count).then(|| self.at(head, path, offset))
    }

    /// Where the page before this one is; `None` when this is the first one.
    pub(super) fn previous(self, head: &Head, path: &str) -> Option<String> {
        let offset = self.offset.saturating_sub(self.limit as u64);
        (self.offset > 0).then(|| self.at(head, path, offset))
    }

    fn at(self, head: &Head, path: &str, offset: u64) -> String {
        let query = head.query().unwrap_or_default();
        let others = query
            .iter()
            .filter(|(name, _)| !matches!(*name, "limit" | "offset"));
        let mut pairs: Vec<(&str, String)> = others
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
        pairs.push(("limit", self.limit.to_string()));
        if offset > 0 {
            pairs.push(("offset", offset.to_string()));
        }
        pairs.sort_by(|one, other| one.0.cmp(other.0));
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let pairs: Vec<String> = pairs.collect();
        format!("{}?{}", url(head, path), pairs.join("&"))
    }
}

/// The absolute address of what this path below the API's root names.
pub(super) fn url(head: &Head, path: &str) -> String {
    let named = head.header(&HOST).filter(|host| !host.is_empty());
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    let host = named.or(authority).unwrap_or("localhost");
    let forwarded = http::HeaderName::from_static("x-forwarded-proto");
    let scheme = match head.header(&forwarded) {
        Some("https") => "https",
        _ => "http",
    };
    format!("{scheme}://{host}{ROOT}{path}")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN)
        .to_string()
        .replace("%20", "+")
}

/// Plain digits; what is beyond all numbers is the last one.
fn digits(text: &str) -> Option<u64> {
    let text = text.trim();
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().unwrap_or(i64::MAX as u64))
}
