//! A client on a socket.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub(crate) struct Socket(pub(crate) WebSocketStream<TcpStream>);

/// A socket of the one who holds this token, who has said nothing yet.
pub(crate) async fn open(address: SocketAddr, token: &str) -> Socket {
    let socket = TcpSocket::new_v4().unwrap();
    // What a reader does not take has to wait on the side of the server.
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let stream = socket.connect(address).await.unwrap();
    let url = format!("ws://{address}/ws?token={token}");
    let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    Socket(socket)
}

/// The same, who is told what happens.
pub(crate) async fn enter(address: SocketAddr, token: &str) -> Socket {
    let mut socket = open(address, token).await;
    socket.say(&json!({"type": "ping"})).await;
    while socket.hear().await["type"] != "pong" {}
    socket
}

impl Socket {
    pub(crate) async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame that is no heartbeat.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            let next = self.0.next().await.unwrap().unwrap();
            assert!(!next.is_close(), "{next}");
            if let Message::Text(text) = next {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] != "heads" {
                    return frame;
                }
            }
        }
    }
}
