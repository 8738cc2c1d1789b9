//! The real binary, started on a directory of its own.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each test that includes it needs another part"
)]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A command of the binary on this data directory, deaf to the settings of whoever runs the test.
pub fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command.env_clear().arg("--data").arg(data);
    command
}

/// Runs a command to its end.
pub fn run(data: &Path, arguments: &[&str]) -> Output {
    command(data).args(arguments).output().unwrap()
}

/// What a server says when it starts, up to what to try, and where it listens.
pub fn welcome(out: &mut impl BufRead) -> (SocketAddr, String) {
    let mut welcome = String::new();
    while !welcome.contains("\ntry\n") {
        let read = out.read_line(&mut welcome).unwrap();
        assert!(read > 0, "it ended: {welcome}");
    }
    let lines = &mut welcome.lines();
    let address = lines.find_map(|line| line.strip_prefix("listens on  http://"));
    (address.unwrap().parse().unwrap(), welcome)
}

/// A server that runs, killed when it is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub welcome: String,
}

impl Server {
    /// Starts one on a free port and waits until it says where it listens.
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut command = command(data);
        command.args(arguments);
        Self::run(command)
    }

    /// As [`Server::start`], of a command that was prepared.
    pub fn run(mut command: Command) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--log-level", "warn"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (address, mut welcome) = welcome(&mut out);
        out.read_line(&mut welcome).unwrap();
        Self {
            child,
            address,
            welcome,
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and says whether it ended well.
    pub fn stop(mut self) -> bool {
        let told = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(told.unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Failed> {
        self.sender.ready().await?;
        let (parts, body) = self.sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(
            parts,
            body.collect().await?.to_bytes(),
        ))
    }

    pub async fn get(&mut self, path: &str) -> Result<(http::StatusCode, Value), Failed> {
        let request = Request::get(path).header("host", "localhost");
        let answer = self.send(request.body(Full::default())?).await?;
        Ok((answer.status(), serde_json::from_slice(answer.body())?))
    }

    pub async fn post(
        &mut self,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<(http::StatusCode, Value), Failed> {
        let mut request = Request::post(path)
            .header("host", "localhost")
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = Full::from(Bytes::from(body.to_string()));
        let answer = self.send(request.body(body)?).await?;
        let value = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        Ok((answer.status(), value))
    }
}
