//! Indices of one case alone.

use std::io::{Read, Write};
use std::net::TcpStream;

use chat_search_es::{EsConfig, EsSearch};
use uuid::Uuid;

use super::running;

/// A prefix that nobody else has; dropped, its indices are removed.
#[derive(Debug)]
pub struct Indices {
    server: String,
    prefix: String,
}

impl Indices {
    /// None yet, on an engine.
    ///
    /// # Panics
    /// When the engine does not run.
    #[must_use]
    pub fn of(engine: &str) -> Self {
        Self {
            server: running(engine),
            prefix: format!("case-{}", Uuid::new_v4().simple()),
        }
    }

    /// Where a node finds them.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/?prefix={}&patience=60", self.server, self.prefix)
    }

    /// One more node on them.
    ///
    /// # Panics
    /// When the adapter does not take the URL.
    #[must_use]
    pub fn open(&self) -> EsSearch {
        let config = EsConfig::parse(&self.url()).expect("a URL");
        EsSearch::connect(&config).expect("settings")
    }

    /// Their names.
    ///
    /// # Panics
    /// When the engine does not answer.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let list = self.request("GET", &format!("/_cat/indices/{}-*?h=index", self.prefix));
        list.lines()
            .map(str::trim)
            .filter(|line| line.starts_with(&self.prefix))
            .map(str::to_owned)
            .collect()
    }

    /// Removes them.
    ///
    /// # Panics
    /// When the engine does not answer.
    pub fn remove(&self) {
        for name in self.names() {
            self.request("DELETE", &format!("/{name}"));
        }
    }

    fn request(&self, method: &str, path: &str) -> String {
        let host = self.server.strip_prefix("http://").expect("plain HTTP");
        let mut stream = TcpStream::connect(host).expect("a server");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )
        .expect("send");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        body.to_owned()
    }
}

impl Drop for Indices {
    fn drop(&mut self) {
        self.remove();
    }
}
