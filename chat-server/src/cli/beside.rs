//! The server that runs beside a command: where it listens, and what it is asked.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chat_core::ids::UserNumber;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Failure;
use crate::config::{Secret, Settings};
use crate::wiring;

/// Tells commands where this server listens, for as long as it lives. What a killed one leaves names a process that no
/// longer holds the database.
pub(super) struct Listening(Option<PathBuf>);

impl Listening {
    /// Leaves a note beside the database.
    pub(super) fn tell(settings: &Settings, addresses: &[SocketAddr]) -> Self {
        let Some(path) = note_of(settings) else {
            return Self(None);
        };
        // The server is of use without it: commands then need --listen.
        if let Err(error) = write(&path, addresses) {
            let path = path.display();
            tracing::warn!(%path, %error, "where this server listens cannot be noted");
        }
        Self(Some(path))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // A note that stays names a process that is gone.
            let _ = fs::remove_file(path);
        }
    }
}

fn note_of(settings: &Settings) -> Option<PathBuf> {
    let mut path = wiring::database(settings)?.into_os_string();
    path.push(".server");
    Some(path.into())
}

/// Whole or not at all.
fn write(path: &Path, addresses: &[SocketAddr]) -> io::Result<()> {
    let mut text = format!("{}\n", std::process::id());
    for address in addresses {
        text.push_str(&format!("{address}\n"));
    }
    let new = path.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(&new, path)
}

/// The process that left the note, and where it listens.
fn read(settings: &Settings) -> Option<(String, SocketAddr)> {
    let note = fs::read_to_string(note_of(settings)?).ok()?;
    let mut lines = note.lines();
    let process = lines.next()?.to_owned();
    let address = lines.find_map(|line| line.parse().ok())?;
    Some((process, address))
}

/// The server that holds the database.
pub(super) struct Beside {
    address: SocketAddr,
    admin_key: Option<Secret>,
}

impl Beside {
    /// The server whose process holds the database, as it says itself.
    pub(super) fn find(settings: &Settings, holder: &str) -> Result<Self, Failure> {
        match read(settings) {
            Some((process, address)) if process == holder => Ok(Self::at(settings, address)),
            _ => Err(format!(
                "process {holder} is no server that can be asked: try again when it has ended"
            )
            .into()),
        }
    }

    /// The server that said last that it holds the database. It may be gone.
    pub(super) fn noted(settings: &Settings) -> Result<Self, Failure> {
        let (_, address) = read(settings)
            .ok_or("no server runs on this database, and a queue in memory ends with its server")?;
        Ok(Self::at(settings, address))
    }

    fn at(settings: &Settings, address: SocketAddr) -> Self {
        Self {
            address: reachable(address),
            admin_key: settings.admin_key.clone(),
        }
    }

    /// Asks it for something that the admin key opens, if it has one.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Result<(StatusCode, Bytes), Failure> {
        self.ask_as(None, method, path, body).await
    }

    /// The same in the name of a user, where the path has the application's token.
    pub(super) async fn ask_as(
        &self,
        user: Option<UserNumber>,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let address = self.address;
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| format!("no server answers at {address}: {error}"))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, address.to_string());
        if let Some(key) = &self.admin_key {
            let value = [b"Bearer ", key.expose()].concat();
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(user) = user {
            request = request.header("as-user", user.0);
        }
        let body = match body {
            Some(json) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(json.to_string())
            }
            None => Bytes::new(),
        };
        let answer = sender.send_request(request.body(Full::new(body))?).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        drop(sender);
        connection.abort();
        if status == StatusCode::UNAUTHORIZED {
            return Err(format!("the server at {address} wants its --admin-key").into());
        }
        Ok((status, body))
    }

    /// What it did not do.
    pub(super) fn refused(&self, status: StatusCode, body: &[u8]) -> Failure {
        let text = String::from_utf8_lossy(body);
        format!("the server at {} answers {status}: {text}", self.address).into()
    }
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

#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests {
    use super::*;
    use crate::config::Layer;

    fn settings(data: &Path) -> Settings {
        Settings::decide(Layer {
            data: Some(data.to_owned()),
            ..Layer::default()
        })
        .unwrap()
    }

    #[test]
    fn a_server_is_found_where_it_says_and_only_while_it_holds_the_database() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        let here = std::process::id().to_string();
        let found = || Beside::find(&settings, &here).map(|beside| beside.address.to_string());
        assert!(found().is_err());
        let addresses = ["0.0.0.0:4711", "127.0.0.1:2"].map(|text| text.parse().unwrap());
        let listening = Listening::tell(&settings, &addresses);
        assert_eq!(found().unwrap(), "127.0.0.1:4711");
        // Another one holds it: what a server left that was killed is of no use.
        let other = Beside::find(&settings, "1").err().unwrap().to_string();
        assert!(other.contains("process 1 is no server"), "{other}");
        drop(listening);
        assert!(found().is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
