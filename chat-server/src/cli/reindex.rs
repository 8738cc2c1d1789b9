//! `reindex`: build the search index anew.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Failure;
use super::meter::Meter;
use crate::api::admin::{Progress, REINDEX, State};
use crate::config::Settings;
use crate::wiring::Node;

/// How often a server is asked how far it is.
const LOOK: Duration = Duration::from_millis(250);

/// Build the search index anew from the store; a running server does it while it serves
#[derive(Debug, clap::Args)]
pub(super) struct Reindex;

impl Reindex {
    pub(super) fn run(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, async {
            let done = match Node::start(settings).await {
                Ok(node) => here(&node).await?,
                Err(error) if error.is_locked() => {
                    eprintln!("{}: asking it", super::sentence(&error));
                    there(settings).await?
                }
                Err(error) => return Err(error.into()),
            };
            println!("{} messages of {} chats indexed", done.messages, done.chats);
            Ok(ExitCode::SUCCESS)
        })
    }
}

async fn here(node: &Node) -> Result<Progress, Failure> {
    let mut meter = Meter::new("messages", None);
    let done = node
        .chat
        .reindex(|so_far| meter.at(so_far.messages, so_far.messages))
        .await;
    node.chat.stop().await;
    let done = done?;
    Ok(Progress {
        state: State::Done,
        chats: done.chats,
        messages: done.messages,
    })
}

async fn there(settings: &Settings) -> Result<Progress, Failure> {
    let mut meter = Meter::new("messages", None);
    let mut progress = ask(settings, Method::POST).await?;
    while progress.state == State::Running {
        meter.at(progress.messages, progress.messages);
        tokio::time::sleep(LOOK).await;
        progress = ask(settings, Method::GET).await?;
    }
    match progress.state {
        State::Done => Ok(progress),
        _ => Err("the server could not do it; its log says why".into()),
    }
}

async fn ask(settings: &Settings, method: Method) -> Result<Progress, Failure> {
    let address = settings
        .listen
        .first()
        .copied()
        .ok_or("the setting listen is empty")?;
    let address = reachable(address);
    let stream = TcpStream::connect(address).await.map_err(|error| {
        format!("no server answers at {address} (say where with --listen): {error}")
    })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(REINDEX)
        .header(HOST, address.to_string());
    if let Some(key) = &settings.admin_key {
        let value = [b"Bearer ", key.expose()].concat();
        request = request.header(AUTHORIZATION, value);
    }
    let answer = sender
        .send_request(request.body(Empty::<Bytes>::new())?)
        .await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    drop(sender);
    connection.abort();
    if !status.is_success() {
        return Err(
            format!("the server at {address} answers {status} (is --admin-key its key?)").into(),
        );
    }
    Ok(serde_json::from_slice(&body)?)
}

/// A server that listens everywhere listens on loopback too.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
