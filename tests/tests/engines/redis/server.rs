//! A Redis server that a case starts, kills and freezes.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::time::{interval, timeout};

use super::faults::PATIENCE;

const PROGRAM: &str = "redis-server";
/// What it tells, in its folder.
const LOG: &str = "log";

/// Whether such servers can be had here.
pub(crate) fn is_installed() -> bool {
    let mut version = Command::new(PROGRAM);
    version.arg("--version").stdout(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// A port on this machine that nobody else is given. Whoever names it and lets others share it (`SO_REUSEADDR`) may listen there, as
/// Redis does; this is so on Linux.
pub(crate) struct Port {
    number: u16,
    /// Bound, but not listening.
    _held: TcpSocket,
}

impl Port {
    pub(crate) fn hold() -> Self {
        let held = TcpSocket::new_v4().expect("a socket");
        held.set_reuseaddr(true).expect("one that another may join");
        held.bind((Ipv4Addr::LOCALHOST, 0).into())
            .expect("a free port");
        let number = held.local_addr().expect("a port").port();
        Self {
            number,
            _held: held,
        }
    }

    pub(crate) const fn number(&self) -> u16 {
        self.number
    }
}

/// A server on a port of its own, without anything on disk but its log unless its settings say so.
pub(crate) struct Server {
    port: Port,
    settings: Vec<String>,
    folder: TempDir,
    child: Child,
}

impl Server {
    pub(crate) fn start(settings: &[&str]) -> Self {
        let port = Port::hold();
        let settings: Vec<String> = settings.iter().map(|&text| text.to_owned()).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let child = launch(&port, &folder, &settings);
        Self {
            port,
            settings,
            folder,
            child,
        }
    }

    /// A sentinel, on a file of its own, that watches the server on this port and moves nothing.
    pub(crate) fn sentinel(service: &str, watched: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sentinel.conf");
        let settings = format!(
            "sentinel monitor {service} 127.0.0.1 {watched} 1\nsentinel down-after-milliseconds {service} 600000\n"
        );
        fs::write(&file, settings).expect("a file");
        let port = Port::hold();
        let settings = vec!["--sentinel".to_owned()];
        let mut command = Command::new(PROGRAM);
        command.arg(&file).arg("--sentinel");
        let child = started(command, &port, &folder);
        Self {
            port,
            settings,
            folder,
            child,
        }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port.number
    }

    /// Waits until what it answers to a command holds these words.
    pub(crate) async fn says(&self, command: &[&str], words: &str) {
        let mut looks = interval(Duration::from_millis(50));
        let said = async {
            loop {
                looks.tick().await;
                if self.reply(command).contains(words) {
                    return;
                }
            }
        };
        if timeout(PATIENCE, said).await.is_err() {
            let log = fs::read_to_string(self.folder.path().join(LOG));
            panic!("it never said {words}: {log:?}");
        }
    }

    /// What it answers to a command.
    pub(crate) fn reply(&self, command: &[&str]) -> String {
        let mut ask = Command::new("redis-cli");
        ask.args(["-p", &self.port.number.to_string()])
            .args(command);
        let answer = ask.output().expect("redis-cli").stdout;
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port.number)
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Starts it again after it was killed.
    pub(crate) fn restart(&mut self) {
        self.child = launch(&self.port, &self.folder, &self.settings);
    }

    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL ends a frozen process too; an error says that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(port: &Port, folder: &TempDir, settings: &[String]) -> Child {
    let mut command = Command::new(PROGRAM);
    command.args(["--save", ""]).args(settings);
    started(command, port, folder)
}

fn started(mut command: Command, port: &Port, folder: &TempDir) -> Child {
    command.args(["--port", &port.number.to_string(), "--bind", "127.0.0.1"]);
    command.arg("--dir").arg(folder.path());
    let log = folder.path().join(LOG);
    let log = File::options().create(true).append(true).open(log);
    let log = log.expect("a log");
    command.stdout(log).spawn().expect("redis-server")
}
