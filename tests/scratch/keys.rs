//! Keys of one case alone.

use std::io::{Read, Write};
use std::net::TcpStream;

use uuid::Uuid;

use super::running;

/// Names in a single Redis that nobody else has; dropped, what is kept under them is removed.
#[derive(Debug)]
pub struct Keys {
    server: String,
    prefix: String,
}

impl Keys {
    /// None yet, on an engine.
    ///
    /// # Panics
    /// When the engine does not run.
    #[must_use]
    pub fn of(engine: &str) -> Self {
        Self {
            server: running(engine),
            prefix: format!("case-{}:", Uuid::new_v4().simple()),
        }
    }

    /// Where a node finds them.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/?prefix={}", self.server, self.prefix)
    }
}

const REMOVE: &str =
    "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end return 'done'";

impl Drop for Keys {
    fn drop(&mut self) {
        let host = self.server.strip_prefix("redis://").expect("plain Redis");
        let mut stream = TcpStream::connect(host).expect("a server");
        write!(stream, "EVAL \"{REMOVE}\" 0 {}*\r\nQUIT\r\n", self.prefix).expect("send");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("$4\r\ndone"), "{answer}");
    }
}
