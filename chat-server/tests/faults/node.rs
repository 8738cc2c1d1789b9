//! One of the servers, as the others know it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tokio::sync::watch;

use crate::process::{Server, command};

/// Seals the tokens of the one store.
const TOKEN_KEY: &str = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";

/// How a node is started, again and again.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) data: PathBuf,
    pub(crate) store: String,
    pub(crate) search: String,
    pub(crate) queue: String,
    /// What it finds in its environment.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Setup {
    fn start(&self) -> Server {
        Server::run(self.command())
    }

    fn command(&self) -> Command {
        fs::create_dir_all(&self.data).unwrap();
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.data.join("log"));
        let mut command = command(&self.data);
        command
            .args(["--store", &self.store, "--search", &self.search])
            .args(["--queue", &self.queue, "--token-key", TOKEN_KEY])
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stderr(log.unwrap());
        command
    }
}

/// A server that can be killed and comes back somewhere else.
pub(crate) struct Node {
    setup: Setup,
    server: Option<Server>,
    address: watch::Sender<SocketAddr>,
}

impl Node {
    pub(crate) async fn start(setup: Setup) -> Self {
        let server = started(setup.clone()).await;
        let (address, _) = watch::channel(server.address);
        Self {
            setup,
            server: Some(server),
            address,
        }
    }

    /// Where it listens now.
    pub(crate) fn address(&self) -> watch::Receiver<SocketAddr> {
        self.address.subscribe()
    }

    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().expect("it runs");
        server.kill();
    }

    pub(crate) async fn start_again(&mut self) {
        let server = started(self.setup.clone()).await;
        self.address.send_replace(server.address);
        self.server = Some(server);
    }

    /// Kills it and starts it with another environment.
    pub(crate) async fn start_with(&mut self, environment: Vec<(&'static str, String)>) {
        self.kill();
        self.setup.environment = environment;
        self.start_again().await;
    }

    /// Asks it to stop, and says whether it ended well.
    pub(crate) fn stop(&mut self) -> bool {
        self.server.take().expect("it runs").stop()
    }

    /// The most memory that it ever had, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        let id = self.server.as_ref().expect("it runs").id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let mut words = line.expect("what the kernel says").split_whitespace();
        words.nth(1).expect("a figure").parse().unwrap()
    }
}

impl Drop for Node {
    /// What it had to say is of interest when something went wrong.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.setup.data.join("log")).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(40)..];
            println!("{}:\n{}", self.setup.data.display(), last.join("\n"));
        }
    }
}

/// A process that works the queue and serves nobody, killed when it is dropped.
pub(crate) struct Worker(Child);

impl Worker {
    /// Starts one and waits until it works.
    pub(crate) async fn start(setup: Setup) -> Self {
        let started = tokio::task::spawn_blocking(move || {
            let mut command = setup.command();
            command.args(["--log-level", "warn", "worker"]);
            let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
            let mut says = String::new();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            out.read_line(&mut says).unwrap();
            assert!(says.starts_with("works "), "{says:?}");
            Self(child)
        });
        started.await.unwrap()
    }

    /// Asks it to stop, and says whether it ended well.
    pub(crate) fn stop(mut self) -> bool {
        let id = self.0.id().to_string();
        let told = Command::new("kill").arg(id).status();
        assert!(told.unwrap().success());
        self.0.wait().unwrap().success()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn started(setup: Setup) -> Server {
    let started = tokio::task::spawn_blocking(move || setup.start());
    started.await.unwrap()
}
