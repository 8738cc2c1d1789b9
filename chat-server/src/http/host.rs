//! To which host a request goes: the `Host` header.

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Version};

/// What a request without a usable one is told.
pub const NEEDED: &str = "the request must say in one Host header to which host it goes";

/// Whether a request says it as RFC 9112, 3.2 wants: once, and well formed. HTTP/1.0 knows no such header, and HTTP/2 says
/// it elsewhere.
pub(super) fn is_named(version: Version, headers: &HeaderMap) -> bool {
    if version >= Version::HTTP_2 {
        return true;
    }
    let mut named = headers.get_all(HOST).iter();
    match (named.next(), named.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => is_host(host),
        (Some(_), Some(_)) => false,
    }
}

/// A host with or without a port; empty for a target that has none.
fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    bytes.is_empty() || !bytes.contains(&b'@') && Authority::try_from(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(version: Version, hosts: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_static(host));
        }
        is_named(version, &headers)
    }

    #[test]
    fn one_well_formed_host_is_needed_where_the_version_has_the_header() {
        for host in [
            "",
            "x",
            "a.example",
            "a.example:80",
            "127.0.0.1",
            "[::1]:3000",
        ] {
            assert!(named(Version::HTTP_11, &[host]), "{host}");
            assert!(named(Version::HTTP_10, &[host]), "{host}");
        }
        for host in ["a b", "a@b", "a/b", "a:b:c", "[::1"] {
            assert!(!named(Version::HTTP_11, &[host]), "{host}");
        }
        assert!(!named(Version::HTTP_11, &[]));
        assert!(named(Version::HTTP_10, &[]));
        assert!(named(Version::HTTP_2, &[]));
        assert!(!named(Version::HTTP_11, &["x", "x"]));
        assert!(!named(Version::HTTP_10, &["x", "y"]));
    }
}
