//! An authority of one case, and what it certifies.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = "openssl";
const NEW_KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
];

/// Whether certificates can be made here.
pub(super) fn is_installed() -> bool {
    let mut version = Command::new(PROGRAM);
    version.arg("version").stdout(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// An authority that nobody else trusts, with a certificate for a server on this machine.
pub(super) struct Authority {
    folder: TempDir,
}

impl Authority {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
        fs::write(folder.path().join("names"), names).expect("a file");
        let authority = Self { folder };
        let (ca, ca_key) = ("ca.pem", "ca.key");
        let (asked, key) = ("asked.pem", "server.key");
        let subject = |name| ["-subj", name];
        authority.run(
            &["req", "-x509", "-days", "2", "-keyout", ca_key, "-out", ca],
            &[&NEW_KEY[..], &subject("/CN=an authority")].concat(),
        );
        authority.run(
            &["req", "-keyout", key, "-out", asked],
            &[&NEW_KEY[..], &subject("/CN=localhost")].concat(),
        );
        authority.run(
            &[
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                asked,
                "-out",
                "server.pem",
            ],
            &[
                "-CA",
                ca,
                "-CAkey",
                ca_key,
                "-CAcreateserial",
                "-extfile",
                "names",
            ],
        );
        authority
    }

    fn run(&self, what: &[&str], more: &[&str]) {
        let mut openssl = Command::new(PROGRAM);
        openssl.args(what).args(more).current_dir(&self.folder);
        let output = openssl.output().expect(PROGRAM);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }

    /// The file of whom to trust.
    pub(super) fn ca(&self) -> String {
        self.file("ca.pem")
    }

    /// The file of the server's certificate.
    pub(super) fn certificate(&self) -> String {
        self.file("server.pem")
    }

    /// The file of its key.
    pub(super) fn key(&self) -> String {
        self.file("server.key")
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}
