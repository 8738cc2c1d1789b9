//! A headless Chromium, driven over its DevTools protocol.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// What distributions call it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// It calls nobody but the server under test.
const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-port=0",
    // Nothing of what is tested depends on which page is in front.
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
];

/// The browser of this machine, if it has one.
pub fn installed() -> Option<&'static str> {
    NAMES.into_iter().find(|name| {
        let version = std::process::Command::new(name)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        version.is_ok_and(|status| status.success())
    })
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;
type Heard = Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Value>>>>;

/// The connection to the browser: calls with their answers, and events by session.
pub struct Wire {
    sink: tokio::sync::Mutex<SplitSink<Socket, Message>>,
    waiting: Waiting,
    heard: Heard,
    next: AtomicU64,
}

impl Wire {
    async fn connect(address: &str) -> Arc<Self> {
        // A trace comes in large frames.
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let (socket, _) = connect_async_with_config(address, Some(config), true)
            .await
            .unwrap();
        let (sink, mut stream) = socket.split();
        let wire = Arc::new(Self {
            sink: tokio::sync::Mutex::new(sink),
            waiting: Waiting::default(),
            heard: Heard::default(),
            next: AtomicU64::new(1),
        });
        let (waiting, heard) = (Arc::clone(&wire.waiting), Arc::clone(&wire.heard));
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Message::Text(text) = message else {
                    continue;
                };
                let said: Value = serde_json::from_str(&text).unwrap();
                match said["id"].as_u64() {
                    Some(id) => {
                        let asked = waiting.lock().unwrap().remove(&id);
                        // Whoever gave up waiting wants no answer.
                        asked.map(|asked| asked.send(said));
                    }
                    None => {
                        let session = said["sessionId"].as_str().unwrap_or_default();
                        if let Some(listener) = heard.lock().unwrap().get(session) {
                            let _ = listener.send(said);
                        }
                    }
                }
            }
        });
        wire
    }

    /// Calls a method, in a session or of the browser itself; it has to work.
    pub async fn call(&self, session: &str, method: &str, params: Value) -> Value {
        let answer = self.try_call(session, method, params).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Calls a method that may fail.
    pub async fn try_call(
        &self,
        session: &str,
        method: &str,
        params: Value,
    ) -> Result<Value, Value> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut call = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            call["sessionId"] = session.into();
        }
        let (asked, answer) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, asked);
        let text = Message::text(call.to_string());
        self.sink.lock().await.send(text).await.unwrap();
        let mut said = answer.await.unwrap();
        match said["error"].take() {
            Value::Null => Ok(said["result"].take()),
            error => Err(error),
        }
    }

    /// The events of a session from now on.
    pub fn listen(&self, session: &str) -> mpsc::UnboundedReceiver<Value> {
        let (sender, events) = mpsc::unbounded_channel();
        self.heard
            .lock()
            .unwrap()
            .insert(session.to_owned(), sender);
        events
    }
}

/// A browser that runs, killed when it is dropped.
pub struct Chrome {
    pub wire: Arc<Wire>,
    _child: Child,
    _profile: TempDir,
}

impl Chrome {
    pub async fn start(name: &str) -> Self {
        let profile = TempDir::new().unwrap();
        let mut child = Command::new(name)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next_line().await.unwrap();
            let line = line.expect("the browser ended before it listened");
            if let Some(address) = line.strip_prefix("DevTools listening on ") {
                break address.to_owned();
            }
        };
        // What it complains of later goes nowhere, and must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            wire: Wire::connect(&address).await,
            _child: child,
            _profile: profile,
        }
    }
}
