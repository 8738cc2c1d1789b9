//! A Redis server that a case starts, kills and freezes.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = "redis-server";

/// Whether such servers can be had here.
pub(super) fn is_installed() -> bool {
    let mut version = Command::new(PROGRAM);
    version.arg("--version").stdout(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// A server on a port of its own, without anything on disk unless its settings say so.
pub(super) struct Server {
    port: u16,
    settings: Vec<String>,
    folder: TempDir,
    child: Child,
}

impl Server {
    pub(super) fn start(settings: &[&str]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a port").port();
        drop(listener);
        let settings: Vec<String> = settings.iter().map(|&text| text.to_owned()).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let child = launch(port, &folder, &settings);
        Self {
            port,
            settings,
            folder,
            child,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Starts it again after it was killed.
    pub(super) fn restart(&mut self) {
        self.child = launch(self.port, &self.folder, &self.settings);
    }

    pub(super) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(super) fn thaw(&self) {
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

fn launch(port: u16, folder: &TempDir, settings: &[String]) -> Child {
    let port = port.to_string();
    let mut command = Command::new(PROGRAM);
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]);
    command.arg("--dir").arg(folder.path()).args(settings);
    command.stdout(Stdio::null()).spawn().expect("redis-server")
}
