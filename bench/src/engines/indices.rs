//! Elasticsearch over one bare connection.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::Failure;
use crate::client::Client;

static MADE: AtomicUsize = AtomicUsize::new(0);

/// Names that no other measurement takes.
#[derive(Debug)]
pub(crate) struct Indices {
    server: String,
    prefix: String,
}

impl Indices {
    pub(crate) fn new(server: &str) -> Result<Self, Failure> {
        let count = MADE.fetch_add(1, Ordering::Relaxed);
        let indices = Self {
            server: server.trim_end_matches('/').to_owned(),
            prefix: format!("chat-bench-{}-{count}", std::process::id()),
        };
        indices.address().map(|_| indices)
    }

    /// Where an adapter finds them.
    pub(crate) fn url(&self) -> String {
        format!("{}/?prefix={}", self.server, self.prefix)
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    fn address(&self) -> Result<SocketAddr, Failure> {
        let host = self.server.strip_prefix("http://");
        let mut found = host
            .ok_or("not a URL such as http://HOST:PORT")?
            .to_socket_addrs()?;
        Ok(found
            .next()
            .ok_or("the host of Elasticsearch has no address")?)
    }

    pub(crate) async fn connect(&self) -> Result<Elastic, Failure> {
        Ok(Elastic(Client::connect(self.address()?).await?))
    }

    pub(crate) async fn remove(self) -> Result<(), Failure> {
        let mut elastic = self.connect().await?;
        let path = format!("/{}*/_settings", self.prefix);
        let found = elastic.ask("GET", &path, "").await?;
        for index in found.as_object().into_iter().flat_map(|all| all.keys()) {
            elastic.ask("DELETE", &format!("/{index}"), "").await?;
        }
        Ok(())
    }
}

/// A connection that sends what it is given.
#[derive(Debug)]
pub(crate) struct Elastic(Client);

impl Elastic {
    /// The answer to one request; what is refused is an error.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        json: &str,
    ) -> Result<Value, Failure> {
        let reply = self.0.send(method, path, json).await?;
        let body: Value = serde_json::from_slice(&reply.body)?;
        if !(200..300).contains(&reply.status) || body["errors"] == true {
            return Err(format!("{method} {path} was answered {}: {body}", reply.status).into());
        }
        Ok(body)
    }
}
