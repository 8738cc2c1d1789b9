//! One keep-alive HTTP/1.1 connection.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MOST_HEADERS: usize = 64;

/// A connection that sends one request after the other.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Up to which number the index is current, where the answer says it.
    pub(crate) indexed_through: Option<u64>,
    pub(crate) body: Vec<u8>,
}

struct Head {
    length: usize,
    status: u16,
    body: Framing,
    indexed_through: Option<u64>,
}

#[derive(Clone, Copy)]
enum Framing {
    Sized(usize),
    Chunked,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(4_096),
        })
    }

    /// A GET of this path.
    pub(crate) async fn get(&mut self, path: &str) -> io::Result<Reply> {
        self.exchange(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes())
            .await
    }

    /// A POST of this JSON.
    pub(crate) async fn post(&mut self, path: &str, json: &str) -> io::Result<Reply> {
        self.exchange(&post(path, json)).await
    }

    /// A request of any method with this JSON.
    pub(crate) async fn send(&mut self, method: &str, path: &str, json: &str) -> io::Result<Reply> {
        self.exchange(&request(method, path, json)).await
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let head = loop {
            self.receive().await?;
            if let Some(head) = head(&self.received)? {
                break head;
            }
        };
        let body = match head.body {
            Framing::Sized(size) => {
                let end = head.length + size;
                while self.received.len() < end {
                    self.receive().await?;
                }
                self.received[head.length..end].to_vec()
            }
            Framing::Chunked => self.chunks(head.length).await?,
        };
        Ok(Reply {
            status: head.status,
            indexed_through: head.indexed_through,
            body,
        })
    }

    async fn chunks(&mut self, mut at: usize) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let (head, size) = loop {
                match httparse::parse_chunk_size(&self.received[at..]) {
                    Ok(httparse::Status::Complete((head, size))) => break (head, size),
                    Ok(httparse::Status::Partial) => self.receive().await?,
                    Err(_) => return Err(invalid("a chunk without a size")),
                }
            };
            let size = usize::try_from(size).map_err(|_| invalid("a chunk is too large"))?;
            let (from, to) = (at + head, at + head + size);
            while self.received.len() < to + 2 {
                self.receive().await?;
            }
            body.extend_from_slice(&self.received[from..to]);
            at = to + 2;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn receive(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the answer broke off",
            )),
            _ => Ok(()),
        }
    }
}

/// A POST as it goes over the wire.
pub(crate) fn post(path: &str, json: &str) -> Vec<u8> {
    request("POST", path, json)
}

fn request(method: &str, path: &str, json: &str) -> Vec<u8> {
    let length = json.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{json}"
    )
    .into_bytes()
}

fn head(received: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response
        .parse(received)
        .map_err(|_| invalid("not an HTTP answer"))?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(None);
    };
    let mut head = Head {
        length,
        status: response.code.unwrap_or_default(),
        body: Framing::Sized(0),
        indexed_through: None,
    };
    for header in response.headers.iter() {
        let number = || {
            std::str::from_utf8(header.value)
                .ok()?
                .trim()
                .parse::<u64>()
                .ok()
        };
        if header.name.eq_ignore_ascii_case("content-length") {
            let size = number().ok_or_else(|| invalid("a length that is no number"))?;
            head.body = Framing::Sized(size as usize);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            head.body = Framing::Chunked;
        } else if header.name.eq_ignore_ascii_case("x-indexed-through") {
            head.indexed_through = number();
        }
    }
    Ok(Some(head))
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
