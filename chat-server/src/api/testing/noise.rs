//! Whatever a client may send on a socket.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::sockets::{Client, Open};

/// A frame: its first byte, and its payload.
type Frame = (u8, Vec<u8>);

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const PING: u8 = 0x89;

/// Objects of one of these kinds with some of these keys, whatever stands under them.
pub(crate) fn objects(kinds: &'static str, keys: &'static str) -> impl Strategy<Value = String> {
    let value =
        r#"null|true|0|1|-1|1e400|1\.5|"1"|"x"|"k"|\[\]|\[1\]|\[\[\]\]|\{\}|\{"1":"x"\}|\{"1":1\}"#;
    (kinds, btree_map(keys, value, 0..6)).prop_map(|(kind, keys)| {
        let keys = keys
            .iter()
            .map(|(key, value)| format!(r#","{key}":{value}"#));
        let keys: String = keys.collect();
        format!(r#"{{"type":"{kind}"{keys}}}"#)
    })
}

/// Frames of these kinds with these keys, and all that is none.
fn frames(kinds: &'static str, keys: &'static str) -> impl Strategy<Value = Vec<Frame>> {
    let known = objects(kinds, keys);
    let text = |text: String| (TEXT, text.into_bytes());
    let bytes = || vec(any::<u8>(), 0..200);
    let ping = vec(any::<u8>(), 0..125);
    let frame = prop_oneof![
        8 => known.prop_map(text),
        2 => any::<String>().prop_map(text),
        1 => bytes().prop_map(|bytes| (BINARY, bytes)),
        1 => ping.prop_map(|bytes| (PING, bytes)),
        1 => (any::<u8>(), bytes()),
    ];
    vec(frame, 0..6)
}

/// Whether these frames are well formed, so that a socket survives them.
fn are_frames(frames: &[Frame]) -> bool {
    frames.iter().all(|(first, payload)| match *first {
        TEXT => std::str::from_utf8(payload).is_ok(),
        BINARY => true,
        PING => payload.len() < 126,
        _ => false,
    })
}

/// Sends whatever may be sent, each time on a socket of its own, which `connect` opens. It is answered or closed with a code; where all
/// of it were frames, the socket stays.
pub(crate) fn is_borne(
    runtime: &Runtime,
    open: &Open,
    (kinds, keys): (&'static str, &'static str),
    connect: impl AsyncFn() -> Client,
) {
    let config = ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&frames(kinds, keys), |frames| {
        let code = runtime.block_on(async {
            let mut client = connect().await;
            let code = client.sends(&frames).await;
            drop(client);
            while open.house.chat.listeners() > 0 {
                tokio::task::yield_now().await;
            }
            code
        });
        match code {
            None => Ok(()),
            Some(code) => {
                prop_assert!(!are_frames(&frames), "closed with {code}");
                let told = [1000, 1002, 1007, 1009];
                prop_assert!(told.contains(&code), "closed with {code}");
                Ok(())
            }
        }
    });
    outcome.unwrap();
}

impl Client {
    /// Sends these frames and asks for a sign of life: `None` when there is one, or else the code that the socket is closed with.
    async fn sends(&mut self, frames: &[Frame]) -> Option<u16> {
        let ping = br#"{"type":"ping"}"#;
        let mut bytes = Vec::new();
        for (first, payload) in frames.iter().map(|(first, payload)| (*first, &payload[..])) {
            put(&mut bytes, first, payload);
        }
        put(&mut bytes, TEXT, ping);
        // A server that has closed already takes no more.
        let _ = self.0.get_mut().write_all(&bytes).await;
        loop {
            match self.message().await {
                Message::Text(text) if text.contains(r#""type":"pong""#) => return None,
                Message::Close(close) => {
                    let code = close.map_or(CloseCode::Normal, |close| close.code);
                    return Some(code.into());
                }
                _ => {}
            }
        }
    }
}

/// A frame as a client sends it, masked with zeros.
pub(crate) fn put(bytes: &mut Vec<u8>, first: u8, payload: &[u8]) {
    bytes.push(first);
    match payload.len() {
        short @ ..126 => bytes.push(0x80 | short as u8),
        long => {
            bytes.push(0x80 | 126);
            bytes.extend((long as u16).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
}
