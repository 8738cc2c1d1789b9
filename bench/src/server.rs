//! The real server, as its own process on loopback.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::Failure;
use crate::client::Client;

const PATIENCE: Duration = Duration::from_secs(60);

/// Which server is measured.
#[derive(Debug, Args)]
pub(crate) struct Binary {
    /// The server's release binary [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

impl Binary {
    pub(crate) fn path(&self) -> Result<PathBuf, Failure> {
        let path = match &self.binary {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("chat-server"),
        };
        if path.is_file() {
            return Ok(path);
        }
        Err(format!(
            "there is no server at {}: build it or name it",
            path.display()
        )
        .into())
    }
}

/// A running process that is ended with the value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// An application as the server shows it.
#[derive(Debug, Deserialize)]
pub(crate) struct Application {
    pub(crate) token: String,
}

impl Server {
    /// Starts the server on this directory; it is ready when this returns, and the time says how
    /// long that took.
    pub(crate) async fn start(binary: &Path, data: &Path) -> Result<(Self, Duration), Failure> {
        Self::start_with(binary, data, &[]).await
    }

    /// The same with more arguments.
    pub(crate) async fn start_with(
        binary: &Path,
        data: &Path,
        arguments: &[String],
    ) -> Result<(Self, Duration), Failure> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let start = Instant::now();
        let child = Command::new(binary)
            .arg("--listen")
            .arg(address.to_string())
            .arg("--data")
            .arg(data)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut server = Self { child, address };
        while !server.is_ready().await {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("the server ended at its start: {status}").into());
            }
            if start.elapsed() > PATIENCE {
                return Err("the server did not become ready".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok((server, start.elapsed()))
    }

    /// Starts the bare echo.
    pub(crate) fn echo() -> Result<Self, Failure> {
        Self::bare("echo")
    }

    /// Starts the bare broadcast.
    pub(crate) fn broadcast() -> Result<Self, Failure> {
        Self::bare("broadcast")
    }

    fn bare(command: &str) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().parse()?;
        Ok(Self { child, address })
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut client) = Client::connect(self.address).await else {
            return false;
        };
        client
            .get("/readyz")
            .await
            .is_ok_and(|reply| reply.status == 200)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop and waits for that.
    pub(crate) async fn stop(mut self) -> Result<ExitStatus, Failure> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.ok_or("a process without an id")?, Signal::TERM)?;
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if asked.elapsed() > PATIENCE {
                return Err("the server did not stop".into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Makes an application with this many chats and says its path.
    pub(crate) async fn application(&self, name: &str, chats: usize) -> Result<String, Failure> {
        let mut client = Client::connect(self.address).await?;
        let json = serde_json::json!({ "name": name }).to_string();
        let reply = client.post("/api/v1/applications", &json).await?;
        let made: Application = serde_json::from_slice(&reply.body)?;
        let path = format!("/api/v1/applications/{}", made.token);
        for _ in 0..chats {
            let reply = client.post(&format!("{path}/chats"), "{}").await?;
            if reply.status != 201 {
                return Err(format!("a chat was answered {}", reply.status).into());
            }
        }
        Ok(path)
    }

    /// The path of the first application there is.
    pub(crate) async fn first_application(&self) -> Result<String, Failure> {
        let mut client = Client::connect(self.address).await?;
        let reply = client.get("/api/v1/applications").await?;
        let all: Vec<Application> = serde_json::from_slice(&reply.body)?;
        let first = all.first().ok_or("there is no application")?;
        Ok(format!("/api/v1/applications/{}", first.token))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already when it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
