//! From a request to a socket: the handshake of RFC 6455, by hand, so that buffers are as small as what is said.

use std::future::Future;

use http::header::{
    CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::config::Origin;
use crate::http::call::Head;
use crate::http::reply::{self, Response};

/// The longest frame of a client, in bytes.
pub(crate) const LONGEST_FRAME: usize = 64 << 10;
/// What is read at once, and small frames are written at once: most of what a socket takes that is idle. The library keeps what it has
/// written from as large as it once was.
const READ: usize = 4 << 10;
const WRITTEN: usize = 1 << 10;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// A socket over HTTP.
pub(crate) type HttpSocket = WebSocketStream<TokioIo<Upgraded>>;

/// Why a request is no handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHandshake {
    /// It asks for no socket, or for one of another version.
    NotAsked,
    /// It asks for one with a key that is none (RFC 6455, 4.2.2).
    BadKey,
}

impl NoHandshake {
    /// What whoever asks is told.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::NotAsked => "Only WebSocket (RFC 6455, version 13) is spoken here",
            Self::BadKey => "Sec-WebSocket-Key must be the base64 of 16 bytes",
        }
    }
}

/// A request that asks for a socket.
pub(crate) struct Handshake {
    accept: HeaderValue,
    upgrade: OnUpgrade,
    protocol: Option<HeaderValue>,
}

impl Handshake {
    /// What the request under this head asks for.
    pub(crate) fn read(head: &Head) -> Result<Self, NoHandshake> {
        let headers = &head.headers;
        let asks = lists(headers, &CONNECTION, "upgrade")
            && lists(headers, &UPGRADE, "websocket")
            && headers.get(SEC_WEBSOCKET_VERSION) == Some(&VERSION);
        let upgrade = head.upgrade.clone().filter(|_| asks);
        let upgrade = upgrade.ok_or(NoHandshake::NotAsked)?;
        let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
        let key = key.filter(|key| is_key(key)).map(derive_accept_key);
        let accept = key.and_then(|key| HeaderValue::try_from(key).ok());
        Ok(Self {
            accept: accept.ok_or(NoHandshake::BadKey)?,
            upgrade,
            protocol: None,
        })
    }

    /// The same, in this one of the subprotocols that the client offers.
    pub(crate) fn speaking(self, protocol: Option<HeaderValue>) -> Self {
        Self { protocol, ..self }
    }

    /// The answer; once it is sent, `converse` has the socket.
    pub(crate) fn accept<F>(
        self,
        converse: impl FnOnce(HttpSocket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Self {
            accept,
            upgrade,
            protocol,
        } = self;
        tokio::spawn(async move {
            match upgrade.await {
                Ok(upgraded) => {
                    let io = TokioIo::new(upgraded);
                    let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config()));
                    converse(socket.await).await;
                }
                Err(error) => tracing::debug!(%error, "a socket went before it was there"),
            }
        });
        let mut answer = reply::empty(StatusCode::SWITCHING_PROTOCOLS);
        let headers = answer.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, WEBSOCKET);
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        if let Some(protocol) = protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        answer
    }
}

/// The answer, saying how to ask for a socket.
pub(crate) fn with_upgrade(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(UPGRADE, WEBSOCKET);
    headers.insert(SEC_WEBSOCKET_VERSION, VERSION);
    answer
}

pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ)
        .write_buffer_size(WRITTEN)
        .max_message_size(Some(LONGEST_FRAME))
        .max_frame_size(Some(LONGEST_FRAME))
}

/// Whether the page that asks may open a socket: one of this host, or of one of these. Who is no browser says of no page.
pub(crate) fn is_welcome(headers: &HeaderMap, others: &[Origin]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let origin = match (origins.next(), origins.next()) {
        (None, _) => return true,
        (Some(origin), None) => origin.to_str().unwrap_or_default(),
        (Some(_), Some(_)) => return false,
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| is_at(origin, host)) || others.iter().any(|other| other.covers(origin))
}

/// Whether an origin is of this host. Before the server another one may speak TLS, so the scheme says only which port is meant.
fn is_at(origin: &str, host: &str) -> bool {
    let Some((scheme, place)) = origin.split_once("://") else {
        return false;
    };
    let usual = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let place = place.strip_suffix(usual).unwrap_or(place);
    place.eq_ignore_ascii_case(host.strip_suffix(usual).unwrap_or(host))
}

/// Whether a header has this word in its list.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut words = values.flat_map(|value| value.split(','));
    words.any(|one| one.trim().eq_ignore_ascii_case(word))
}

/// Whether this is the base64 of 16 bytes.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welcome(origin: &'static str, host: &'static str, others: &[&str]) -> bool {
        let headers = [(ORIGIN, origin), (HOST, host)];
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let others: Vec<Origin> = others.iter().map(|other| other.parse().unwrap()).collect();
        is_welcome(&HeaderMap::from_iter(headers), &others)
    }

    #[test]
    fn a_page_of_another_host_is_welcome_where_the_setting_names_it() {
        assert!(welcome("http://a.example:3000", "A.example:3000", &[]));
        assert!(welcome("https://a.example", "a.example:443", &[]));
        assert!(welcome(
            "https://b.example",
            "a.example",
            &["https://b.example"]
        ));
        assert!(welcome("null", "a.example", &["*"]));
        for origin in [
            "https://b.example",
            "http://a.example:81",
            "null",
            "",
            "a.example",
            "x://a.example",
        ] {
            assert!(
                !welcome(origin, "a.example", &["https://c.example"]),
                "{origin}"
            );
        }
        assert!(is_welcome(&HeaderMap::new(), &[]));
        let mut two = HeaderMap::new();
        for _ in 0..2 {
            two.append(ORIGIN, HeaderValue::from_static("http://a.example"));
        }
        two.insert(HOST, HeaderValue::from_static("a.example"));
        assert!(!is_welcome(&two, &[]));
    }

    #[test]
    fn only_a_handshake_is_one() {
        let good = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let asks = |change: Option<(&'static str, &'static str)>| {
            let mut request = http::Request::new(());
            let mut head = crate::http::testing::head("GET", "/");
            for (name, value) in good.into_iter().chain(change) {
                head.headers.insert(name, HeaderValue::from_static(value));
            }
            head.upgrade = Some(hyper::upgrade::on(&mut request));
            Handshake::read(&head).map(|handshake| handshake.accept)
        };
        assert_eq!(asks(None).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for wrong in [
            ("connection", "keep-alive"),
            ("upgrade", "h2c"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ  "),
        ] {
            let why = match wrong.0 {
                "sec-websocket-key" => NoHandshake::BadKey,
                _ => NoHandshake::NotAsked,
            };
            assert_eq!(asks(Some(wrong)), Err(why), "{wrong:?}");
        }
    }
}
