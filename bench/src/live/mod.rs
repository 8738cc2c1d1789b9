//! What goes out on sockets: how much, how late, at what cost.

mod back;
mod broadcast;
mod delivery;
mod fan_out;
mod idle;
mod sender;
mod socket;

use std::net::SocketAddr;

use clap::{Args, Subcommand};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::Failure;
use crate::client::Client;
use socket::Socket;

pub(crate) use broadcast::serve as broadcast;

/// So many sockets are opened at once.
const AT_ONCE: usize = 32;
/// How many sockets a server has.
const SOCKETS: &str = "chat_live_sockets ";

/// Messages as they happen, on the stream of the native API.
#[derive(Debug, Args)]
pub(crate) struct Live {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Deliveries of one chat to many sockets against a bare broadcast of the same frames
    FanOut(fan_out::FanOut),
    /// All sockets are cut, and come back to be told what they missed
    Back(back::Back),
    /// From the post to the last of the sockets that are told
    Delivery(delivery::Delivery),
    /// Memory of sockets on which nothing happens
    Idle(idle::Idle),
    /// Acknowledged messages of one sender whose chat many sockets follow, against one that none does
    Sender(sender::Sender),
}

impl Live {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        match &self.what {
            What::Back(args) => args.run().await,
            What::FanOut(args) => args.run().await,
            What::Delivery(args) => args.run().await,
            What::Idle(args) => args.run().await,
            What::Sender(args) => args.run().await,
        }
    }
}

/// Sockets of an application at this path, each following the chats that `chats` says of it.
async fn followers(
    address: SocketAddr,
    application: &str,
    sockets: usize,
    chats: impl Fn(usize) -> Vec<usize>,
) -> Result<Vec<Socket>, Failure> {
    let path = format!("{application}/stream");
    let open = async |place: usize| {
        let mut socket = Socket::open(address, &path).await?;
        let chats = chats(place);
        let subscribe = serde_json::json!({ "type": "subscribe", "chats": chats });
        socket.say(&subscribe.to_string()).await?;
        socket.until(r#""type":"caught_up""#).await?;
        Ok::<_, Failure>(socket)
    };
    stream::iter(0..sockets)
        .map(open)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// A figure of the server; 0 before there is one.
async fn figure(client: &mut Client, name: &str) -> Result<u64, Failure> {
    let reply = client.get("/metrics").await?;
    let text = String::from_utf8(reply.body)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    Ok(value.map_or(0, |value| value.parse::<f64>().unwrap_or(f64::NAN) as u64))
}

/// A text of so many bytes that begins with this.
fn text(beginning: &str, bytes: usize) -> String {
    format!("{beginning:x<bytes$}")
}
