//! Credentials in headers.

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq;

use super::reply::Response;
use crate::config::Secret;

/// The token of `Authorization: Bearer`.
pub fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

/// Whether the request carries this key; takes the same time wherever the keys differ.
pub fn has_key(headers: &HeaderMap, key: &Secret) -> bool {
    bearer(headers).is_some_and(|token| token.ct_eq(key.expose()).into())
}

/// The answer, asking for a bearer token.
pub fn with_challenge(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_key_opens() {
        let key: Secret = "top-s3cret".parse().unwrap();
        let has = |value: &'static str| {
            has_key(
                &HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]),
                &key,
            )
        };
        assert!(has("Bearer top-s3cret") && has("bearer  top-s3cret "));
        for wrong in [
            "Bearer top-s3cre",
            "Bearer top-s3crets",
            "Basic top-s3cret",
            "Bearer",
            "Bearer ",
            "",
        ] {
            assert!(!has(wrong), "{wrong:?}");
        }
        assert!(!has_key(&HeaderMap::new(), &key));
    }
}
