//! What the adapter can be told.

use std::fmt;
use std::time::Duration;

/// How a [`MysqlStore`](crate::MysqlStore) is connected.
#[derive(Clone)]
pub struct MysqlConfig {
    /// `mysql://user:password@host:port/database?parameters`. TLS by the parameters `ssl-mode` (`PREFERRED` unless told otherwise,
    /// `REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`, `DISABLED`), `ssl-ca`, `ssl-cert` and `ssl-key` (files).
    pub url: String,
    /// The most connections this process opens.
    pub connections: u32,
    /// How long start-up waits for the server.
    pub connect_timeout: Duration,
    /// How long a call waits for a connection, a new one included.
    pub acquire_timeout: Duration,
    /// How long a call may take; a step of upkeep may take ten times as long. For half of it a COMMIT is waited for, then asked
    /// after.
    pub call_timeout: Duration,
    /// How long a commit whose answer was lost tries to learn what became of it.
    pub proof_timeout: Duration,
    /// Whether a server that may lose what it acknowledged is only warned about, not refused.
    pub allow_weak_durability: bool,
}

impl MysqlConfig {
    /// The defaults for this server.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 16,
            connect_timeout: Duration::from_secs(30),
            acquire_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(8),
            proof_timeout: Duration::from_secs(15),
            allow_weak_durability: false,
        }
    }
}

impl fmt::Debug for MysqlConfig {
    /// The URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlConfig")
            .field("connections", &self.connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("call_timeout", &self.call_timeout)
            .field("proof_timeout", &self.proof_timeout)
            .field("allow_weak_durability", &self.allow_weak_durability)
            .finish_non_exhaustive()
    }
}
