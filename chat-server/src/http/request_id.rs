//! The id that ties an answer, a log line and a problem to one request.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries it both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// Makes ids that no other process makes: a random start, then one by one.
#[derive(Debug)]
pub struct RequestIds(AtomicU64);

impl RequestIds {
    /// Starts somewhere at random.
    pub fn new() -> Self {
        Self(AtomicU64::new(uuid::Uuid::new_v4().as_u64_pair().1))
    }

    /// The id that the client sent, if it can stand in a log; otherwise a new one.
    pub fn take_or_make(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(REQUEST_ID) {
            Some(id) if is_acceptable(id.as_bytes()) => id.clone(),
            _ => self.make(),
        }
    }

    fn make(&self) -> HeaderValue {
        // Odd multiplication is a bijection: neighbours look unlike and nothing repeats.
        let id = self
            .0
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut digits = [0; 16];
        for (at, digit) in digits.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(id >> (60 - 4 * at)) as usize & 15];
        }
        HeaderValue::from_bytes(&digits).expect("hexadecimal digits are a header value")
    }
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

fn is_acceptable(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(sent: &'static [u8]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(sent).unwrap());
        RequestIds::new().take_or_make(&headers).as_bytes() == sent
    }

    #[test]
    fn a_clients_id_is_kept_when_it_is_short_visible_ascii() {
        assert!(taken(b"req-7/a"));
        assert!(taken(&[b'x'; 128]));
        assert!(!taken(&[b'x'; 129]));
        assert!(!taken(b""));
        assert!(!taken(b"a b"));
        assert!(!taken(b"a\xff"));
    }

    #[test]
    fn made_ids_differ() {
        let ids = RequestIds::new();
        let made: std::collections::HashSet<_> = (0..1000).map(|_| ids.make()).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|id| is_acceptable(id.as_bytes())));
    }
}
