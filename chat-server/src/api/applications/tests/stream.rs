//! The stream, on real sockets.

mod ends;
mod frames;
mod handshake;
mod talk;

use std::net::{Ipv4Addr, SocketAddr};

use chat_core::live::LiveLimits;
use chat_core::{Chat, Parts};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::AccessLog;
use crate::http::access_log::AccessLogger;
use crate::http::connection::Patience;
use crate::http::front::Front;
use crate::http::listener::{self, Limits};

/// Long enough for anything that comes at all.
const LONG: Duration = Duration::from_secs(20);

/// A house that can be reached by sockets too.
struct Open {
    house: House,
    address: SocketAddr,
    stopping: CancellationToken,
    serving: JoinHandle<bool>,
}

struct Client(WebSocketStream<TcpStream>);

async fn open() -> Open {
    open_with(options()).await
}

async fn open_with(options: Options) -> Open {
    let house = house_with(options.clone()).await;
    Open::new(house, options)
}

/// In memory, with these limits.
async fn open_within(live: LiveLimits) -> Open {
    let parts = Parts {
        live,
        ..Parts::in_memory()
    };
    let chat = Chat::start(parts).await.unwrap();
    let front = front(vec![door(gate(&chat), options(), BODY)]);
    Open::new(House::on_doubles(chat, front), options())
}

impl Open {
    fn new(house: House, options: Options) -> Self {
        let stopping = CancellationToken::new();
        let door = door(gate(&house.chat), options, BODY);
        let log = AccessLogger::new(AccessLog::Off);
        let front = Front::new(vec![door], log, stopping.clone());
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

    async fn ask(
        &self,
        application: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, Error> {
        let url = format!("ws://{}{application}/stream", self.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let socket = TcpSocket::new_v4().unwrap();
        // What a reader does not take has to wait on the side of the server.
        socket.set_recv_buffer_size(16 << 10).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Client(socket))
    }

    /// Somebody who is known and was told so.
    async fn enter(&self, application: &str, session: &str) -> Client {
        let bearer = format!("Bearer {session}");
        let client = self.ask(application, &[("authorization", &bearer)]).await;
        let mut client = client.unwrap();
        client.expect("ready").await;
        client
    }

    /// The same, who knows no chats, and was told of all that it has.
    async fn follow(&self, application: &str, session: &str) -> Client {
        let mut client = self.enter(application, session).await;
        client.say(json!({"type": "sync", "cursors": {}})).await;
        while client.hear().await["type"] != "caught_up" {}
        client
    }
}

impl Client {
    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn message(&mut self) -> Message {
        let message = timeout(LONG, self.0.next()).await.expect("never hangs");
        message.expect("the socket is open").unwrap()
    }

    /// The next frame that is no heartbeat: on a busy machine one may come between any two others.
    async fn hear(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] != "heads" {
                return frame;
            }
        }
    }

    /// What the next frame tells, which is a heartbeat.
    async fn heads(&mut self) -> Value {
        let mut frame = self.frame().await;
        assert_eq!(frame["type"], "heads", "{frame}");
        frame["heads"].take()
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
    async fn expect(&mut self, kind: &str) -> Value {
        let frame = self.hear().await;
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// The next frames, of these kinds in whatever order.
    async fn expect_both(&mut self, kinds: [&str; 2]) -> [Value; 2] {
        let mut frames = [self.hear().await, self.hear().await];
        if frames[0]["type"] != kinds[0] {
            frames.reverse();
        }
        let told = [&frames[0]["type"], &frames[1]["type"]];
        assert_eq!(told, kinds.map(Value::from).each_ref());
        frames
    }

    /// Nothing was told but the answer to this.
    async fn is_quiet(&mut self) {
        self.say(json!({"type": "ping", "id": "quiet"})).await;
        assert_eq!(self.expect("pong").await["id"], "quiet");
    }

    /// The goodbye: its code, whether to come back, and the code of the close.
    async fn bye(&mut self) -> (String, bool, u16) {
        let bye = self.expect("bye").await;
        assert!(bye["retry_ms"].as_u64().unwrap() >= 100, "{bye}");
        let Message::Close(Some(close)) = self.message().await else {
            panic!("no close");
        };
        assert_eq!(close.reason.as_str(), bye["code"]);
        let code = bye["code"].as_str().unwrap().to_owned();
        (code, bye["resume"].as_bool().unwrap(), close.code.into())
    }
}

/// What [`Client::bye`] hears.
fn gone(code: &str, resume: bool, close: u16) -> (String, bool, u16) {
    (code.to_owned(), resume, close)
}

/// The public id in the place of the token.
async fn public(house: &House, application: &str) -> String {
    let shown = house.get(application).await.json();
    format!("{ROOT}/{}", shown["public_id"].as_str().unwrap())
}

/// The texts of the messages that a frame tells.
fn texts(changes: &Value) -> Vec<&str> {
    let items = changes["items"].as_array().unwrap().iter();
    let messages = items.filter(|item| item["kind"] == "message");
    messages
        .map(|item| item["body"].as_str().unwrap())
        .collect()
}
