//! A house that can be reached by real sockets, and clients of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chat_core::live::LiveLimits;
use chat_core::{Chat, Parts};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

use super::House;
use crate::config::AccessLog;
use crate::http::access_log::AccessLogger;
use crate::http::connection::Patience;
use crate::http::door::Door;
use crate::http::front::Front;
use crate::http::listener::{self, Limits};
use crate::http::testing::front;

/// Long enough for anything that comes at all.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A house that can be reached by sockets too.
pub(crate) struct Open {
    pub(crate) house: House,
    pub(crate) address: SocketAddr,
    pub(crate) stopping: CancellationToken,
    pub(crate) serving: JoinHandle<bool>,
}

/// Somebody on a socket, and the kinds of frames that he does not hear: those that may come between any two others.
pub(crate) struct Client(
    pub(crate) WebSocketStream<TcpStream>,
    pub(crate) &'static [&'static str],
);

/// On a busy machine a heartbeat may come at any time.
pub(crate) const HEARTBEATS: &[&str] = &["heads"];

impl Open {
    /// Opens a house in memory with these limits, at one door.
    pub(crate) async fn within(live: LiveLimits, door: impl Fn(&Chat) -> Door) -> Self {
        let parts = Parts {
            live,
            ..Parts::in_memory()
        };
        let chat = Chat::start(parts).await.unwrap();
        let (inside, outside) = (door(&chat), door(&chat));
        Self::at(House::on_doubles(chat, front(vec![inside])), vec![outside])
    }

    /// Opens a house at these doors.
    pub(crate) fn at(house: House, doors: Vec<Door>) -> Self {
        let stopping = CancellationToken::new();
        let log = AccessLogger::new(AccessLog::Off);
        let front = Front::new(doors, log, stopping.clone());
        let socket = listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let patience = Patience {
            header: LONG,
            idle: LONG,
            write: LONG,
        };
        let limits = Limits {
            connections: 100,
            patience,
            shutdown: LONG,
        };
        let serving = tokio::spawn(listener::serve(vec![socket], Arc::new(front), limits));
        Self {
            house,
            address,
            stopping,
            serving,
        }
    }

    /// Asks for a socket, and shows how that was answered too.
    pub(crate) async fn knock(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(Client, Response<Option<Vec<u8>>>), Error> {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let socket = TcpSocket::new_v4().unwrap();
        // What a reader does not take has to wait on the side of the server.
        socket.set_recv_buffer_size(16 << 10).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        let (socket, answer) = tokio_tungstenite::client_async(request, stream).await?;
        Ok((Client(socket, HEARTBEATS), answer))
    }
}

impl Client {
    pub(crate) async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    pub(crate) async fn message(&mut self) -> Message {
        let message = timeout(LONG, self.0.next()).await.expect("never hangs");
        message.expect("the socket is open").unwrap()
    }

    /// The next frame that is not of a kind to be left out.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            if !self.leaves_out(&frame) {
                return frame;
            }
        }
    }

    fn leaves_out(&self, frame: &Value) -> bool {
        self.1.iter().any(|kind| frame["type"] == *kind)
    }

    /// What the next heartbeat tells; nothing comes before it but what is left out.
    pub(crate) async fn heads(&mut self) -> Value {
        loop {
            let mut frame = self.frame().await;
            if frame["type"] == "heads" {
                return frame["heads"].take();
            }
            assert!(self.leaves_out(&frame), "{frame}");
        }
    }

    async fn frame(&mut self) -> Value {
        loop {
            match self.message().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next frame, which is of this kind.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        let frame = self.hear().await;
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// The next frames, of these kinds in whatever order.
    pub(crate) async fn expect_both(&mut self, kinds: [&str; 2]) -> [Value; 2] {
        let mut frames = [self.hear().await, self.hear().await];
        if frames[0]["type"] != kinds[0] {
            frames.reverse();
        }
        let told = [&frames[0]["type"], &frames[1]["type"]];
        assert_eq!(told, kinds.map(Value::from).each_ref());
        frames
    }

    /// The close that comes next: its code and its reason.
    pub(crate) async fn close(&mut self) -> (u16, String) {
        loop {
            match self.message().await {
                Message::Close(Some(close)) => {
                    return (close.code.into(), close.reason.as_str().to_owned());
                }
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Text(text) => {
                    let frame = serde_json::from_str(&text).unwrap();
                    assert!(self.leaves_out(&frame), "{frame}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
