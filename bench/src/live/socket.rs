//! A client's side of a WebSocket (RFC 6455), as lean as it can be: it must not be what is measured.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// An open socket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
    /// So much of what was received was taken.
    at: usize,
}

impl Socket {
    /// Opens one at this path.
    pub(crate) async fn open(address: SocketAddr, path: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut received = Vec::with_capacity(1_024);
        loop {
            if stream.read_buf(&mut received).await? == 0 {
                return Err(broken("the handshake broke off"));
            }
            let end = received.windows(4).position(|four| four == b"\r\n\r\n");
            let Some(end) = end else {
                continue;
            };
            if !received.starts_with(b"HTTP/1.1 101") {
                let head = String::from_utf8_lossy(&received[..end]).into_owned();
                return Err(io::Error::other(head));
            }
            return Ok(Self {
                stream,
                received,
                at: end + 4,
            });
        }
    }

    /// Sends a text, masked with zeros.
    pub(crate) async fn say(&mut self, text: &str) -> io::Result<()> {
        let mut frame = Vec::with_capacity(text.len() + 14);
        put(&mut frame, TEXT, text.as_bytes());
        self.stream.write_all(&frame).await
    }

    /// The next text. A sign of life is given when one is asked for.
    pub(crate) async fn text(&mut self) -> io::Result<&[u8]> {
        let (from, to) = loop {
            let (opcode, from, to) = self.frame().await?;
            match opcode {
                TEXT => break (from, to),
                PING => {
                    let mut pong = Vec::new();
                    put(&mut pong, PONG, &self.received[from..to]);
                    self.stream.write_all(&pong).await?;
                }
                CLOSE => {
                    let why = self.received.get(from + 2..to).unwrap_or_default();
                    let why = String::from_utf8_lossy(why).into_owned();
                    return Err(io::Error::other(format!("closed: {why}")));
                }
                _ => {}
            }
        };
        Ok(&self.received[from..to])
    }

    /// Takes texts up to one that holds this.
    pub(crate) async fn until(&mut self, piece: &str) -> io::Result<()> {
        while !holds(self.text().await?, piece) {}
        Ok(())
    }

    /// What the next frame is, and where its payload stands.
    async fn frame(&mut self) -> io::Result<(u8, usize, usize)> {
        loop {
            if let Some((opcode, from, to)) = head(&self.received[self.at..]) {
                let (from, to) = (self.at + from, self.at + to);
                if to <= self.received.len() {
                    self.at = to;
                    return Ok((opcode, from, to));
                }
            }
            self.received.drain(..self.at);
            self.at = 0;
            self.received.reserve(4_096);
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(broken("the socket broke off"));
            }
        }
    }
}

/// The opcode of a frame that begins here, and where its payload begins and ends.
fn head(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, length) = (*bytes.first()?, *bytes.get(1)?);
    let (from, length) = match length & 0x7f {
        126 => (
            4,
            u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into(),
        ),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        short => (2, short.into()),
    };
    Some((first & 0x0f, from, from + length as usize))
}

fn put(frame: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    frame.push(0x80 | opcode);
    match payload.len() {
        short @ ..126 => frame.push(0x80 | short as u8),
        middle @ ..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((middle as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
}

/// Whether a text holds this piece.
pub(crate) fn holds(text: &[u8], piece: &str) -> bool {
    text.windows(piece.len())
        .any(|window| window == piece.as_bytes())
}

fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, why)
}
