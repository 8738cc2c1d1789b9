//! What the adapter can be told.

use std::fmt;
use std::time::Duration;

/// How a [`MysqlStore`](crate::MysqlStore) is connected.
#[derive(Clone)]
pub struct MysqlConfig {
    /// `mysql://user:password@host:port/database?parameters`, with parameters of the driver alone. TLS by the parameters `ssl-mode` (`PREFERRED` unless told otherwise,
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

/// Why a URL does not say how to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A parameter that there is not. It is not named, for it may be a piece of a password that was not encoded.
    #[error("a parameter behind the question mark is unknown; known are {known}", known = known())]
    Unknown,
    /// A parameter with a value that it cannot have.
    #[error("{name} must be {what}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What its value can be.
        what: &'static str,
    },
}

/// Parameters that are the driver's own.
const DRIVERS: [&str; 6] = [
    "ssl-mode",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "socket",
    "statement-cache-capacity",
];
const OWN: [&str; 6] = [
    "connections",
    "connect-timeout",
    "acquire-timeout",
    "call-timeout",
    "proof-timeout",
    "allow-weak-durability",
];

fn known() -> String {
    [OWN, DRIVERS].concat().join(", ")
}

impl MysqlConfig {
    /// What a URL says in which the settings of this adapter may stand too: `connections` (6 to 1,000), `connect-timeout`,
    /// `acquire-timeout`, `call-timeout` and `proof-timeout` (1 to 300 seconds), `allow-weak-durability` (`true` or `false`).
    ///
    /// # Errors
    /// A parameter that is unknown, or has a value that it cannot have. The rest of the URL is looked at on connecting.
    pub fn parse(url: &str) -> Result<Self, ConfigError> {
        let Some((address, parameters)) = url.split_once('?') else {
            return Ok(Self::new(url));
        };
        let mut config = Self::new(address);
        let mut drivers = Vec::new();
        for parameter in parameters.split('&').filter(|one| !one.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if DRIVERS.contains(&name) {
                check(name, value)?;
                drivers.push(parameter);
                continue;
            }
            let name = OWN.iter().find(|own| **own == name);
            config.set(name.ok_or(ConfigError::Unknown)?, value)?;
        }
        if !drivers.is_empty() {
            config.url = format!("{address}?{}", drivers.join("&"));
        }
        Ok(config)
    }

    fn set(&mut self, name: &'static str, value: &str) -> Result<(), ConfigError> {
        match name {
            "connections" => {
                let connections = value
                    .parse()
                    .ok()
                    .filter(|count| CONNECTIONS.contains(count));
                let what = "a number from 6 to 1000";
                self.connections = connections.ok_or(ConfigError::Value { name, what })?;
            }
            "allow-weak-durability" => {
                let what = "true or false";
                let allow = value.parse().map_err(|_| ConfigError::Value { name, what });
                self.allow_weak_durability = allow?;
            }
            "connect-timeout" => self.connect_timeout = seconds(name, value)?,
            "acquire-timeout" => self.acquire_timeout = seconds(name, value)?,
            "call-timeout" => self.call_timeout = seconds(name, value)?,
            _ => self.proof_timeout = seconds(name, value)?,
        }
        Ok(())
    }
}

/// The driver's own error would tell neither the parameter nor what it can be.
fn check(name: &str, value: &str) -> Result<(), ConfigError> {
    let value = value.to_ascii_uppercase();
    match name {
        "ssl-mode" if !SSL_MODES.contains(&&*value) => Err(ConfigError::Value {
            name: "ssl-mode",
            what: "DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
        }),
        "statement-cache-capacity" if value.parse::<usize>().is_err() => Err(ConfigError::Value {
            name: "statement-cache-capacity",
            what: "a number",
        }),
        _ => Ok(()),
    }
}

const SSL_MODES: [&str; 5] = [
    "DISABLED",
    "PREFERRED",
    "REQUIRED",
    "VERIFY_CA",
    "VERIFY_IDENTITY",
];

/// Each lane of a server holds one, and a COMMIT whose answer was lost is asked after on another one.
const CONNECTIONS: std::ops::RangeInclusive<u32> = 6..=1_000;

fn seconds(name: &'static str, value: &str) -> Result<Duration, ConfigError> {
    let seconds = value.parse().ok().filter(|count| (1..=300).contains(count));
    let what = "a number of seconds from 1 to 300";
    let seconds = seconds.ok_or(ConfigError::Value { name, what })?;
    Ok(Duration::from_secs(seconds))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_how_many_connections_and_how_long() {
        let url = "mysql://u:p@h/d?connections=32&ssl-mode=REQUIRED&connect-timeout=3&acquire-timeout=4&call-timeout=6\
                   &proof-timeout=7&allow-weak-durability=true&ssl-ca=/a.pem";
        let config = MysqlConfig::parse(url).unwrap();
        assert_eq!(
            config.url,
            "mysql://u:p@h/d?ssl-mode=REQUIRED&ssl-ca=/a.pem"
        );
        assert_eq!(
            (config.connections, config.allow_weak_durability),
            (32, true)
        );
        let times = [
            config.connect_timeout,
            config.acquire_timeout,
            config.call_timeout,
            config.proof_timeout,
        ];
        assert_eq!(times.map(|time| time.as_secs()), [3, 4, 6, 7]);
        let plain = MysqlConfig::parse("mysql://u:p@h/d").unwrap();
        assert_eq!((&*plain.url, plain.connections), ("mysql://u:p@h/d", 16));
    }

    #[test]
    fn a_parameter_that_cannot_be_is_refused_by_name_and_a_password_never_told() {
        for (parameter, word) in [
            (
                "connections=5",
                "connections must be a number from 6 to 1000",
            ),
            ("connections=many", "connections must be"),
            (
                "call-timeout=0",
                "call-timeout must be a number of seconds from 1 to 300",
            ),
            ("proof-timeout=301", "proof-timeout must be"),
            ("allow-weak-durability=yes", "true or false"),
            ("conections=8", "known are connections, connect-timeout"),
            ("ssl-mod=REQUIRED", "known are connections"),
            ("ssl-mode=FOO", "ssl-mode must be DISABLED, PREFERRED"),
            ("ssl-mode", "ssl-mode must be"),
            ("statement-cache-capacity=x", "must be a number"),
        ] {
            let error = MysqlConfig::parse(&format!("mysql://u:p@h/d?{parameter}"));
            let text = error.unwrap_err().to_string();
            assert!(text.contains(word), "{parameter}: {text}");
        }
        let error = MysqlConfig::parse("mysql://u:s3?cret@h/d").unwrap_err();
        assert!(!error.to_string().contains("cret"), "{error}");
    }
}
