//! The bare side of `live fan-out`: whatever text a socket sends goes to all sockets.

use std::io::Write as _;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{Receiver, Sender, channel};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::Failure;

/// So many texts may wait; nobody is that slow here.
const WAITING: usize = 1 << 16;
/// So many are written before they are sent.
const AT_ONCE: usize = 32;

/// Prints the address, then serves until the process is ended.
pub(crate) async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let (all, _) = channel(WAITING);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(relay(stream, all.clone(), all.subscribe()));
    }
}

async fn relay(
    stream: TcpStream,
    all: Sender<Utf8Bytes>,
    mut heard: Receiver<Utf8Bytes>,
) -> Result<(), Failure> {
    let mut socket = accept_async(stream).await?;
    loop {
        tokio::select! {
            text = heard.recv() => {
                socket.feed(Message::Text(text?)).await?;
                for _ in 1..AT_ONCE {
                    let Ok(more) = heard.try_recv() else {
                        break;
                    };
                    socket.feed(Message::Text(more)).await?;
                }
                socket.flush().await?;
            }
            said = socket.next() => match said {
                Some(Ok(Message::Text(text))) => drop(all.send(text)),
                Some(Ok(_)) => {}
                _ => return Ok(()),
            },
        }
    }
}
