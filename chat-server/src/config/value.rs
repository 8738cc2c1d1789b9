//! The kinds of value that settings are made of.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::origin::Origin;
use super::secret::{HIDDEN, Secret};
use super::token_key::TokenKey;
use super::write::WriteOf;

/// Which adapter a port gets and where its backend is: `sqlite:FILE`, `memory:`, `redis://…`.
#[derive(Clone, PartialEq, Eq)]
pub struct BackendUrl(String);

impl BackendUrl {
    /// The whole URL with its credentials, for the adapter alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The file that it names, where it is one.
    pub fn file(&self) -> Option<PathBuf> {
        let path = self.0.strip_prefix("sqlite:")?;
        // `sqlite:///var/lib/chat.db` is written too.
        Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
    }

    /// What stands before the first colon.
    pub fn scheme(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}

/// SQLite takes both of these for a database that nobody else sees.
fn names_no_file(url: &str) -> bool {
    let path = url.strip_prefix("sqlite:").unwrap_or_default();
    let path = path.strip_prefix("//").unwrap_or(path);
    path.is_empty() || path.starts_with(":memory:")
}

impl FromStr for BackendUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme);
        let plausible = |scheme: &str| {
            scheme.starts_with(|first: char| first.is_ascii_lowercase())
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        match scheme {
            // The output of `config show` used as a file.
            Some(_) if text.contains(HIDDEN) => {
                Err(format!("holds {HIDDEN} where a credential belongs"))
            }
            Some("sqlite") if names_no_file(text) => Err(
                "needs a path, such as sqlite:chat.db; what shall be gone when the process ends is memory:"
                    .into(),
            ),
            Some(scheme) if plausible(scheme) => Ok(Self(text.to_owned())),
            _ => Err("must be a URL such as sqlite:chat.db or memory:".into()),
        }
    }
}

/// Settings behind the question mark that hold no credential.
const SHOWN: [&str; 17] = [
    "acquire-timeout",
    "allow-weak-durability",
    "ca",
    "call-timeout",
    "connect-timeout",
    "connections",
    "patience",
    "prefix",
    "proof-timeout",
    "shards",
    "socket",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "statement-cache-capacity",
    "timeout",
];

/// A setting as it is shown: of one that is not known not even the name, for it may be a piece of a password that was not encoded.
fn shown(setting: &str) -> String {
    match setting.split_once('=') {
        Some((name, _)) if SHOWN.contains(&name) => setting.to_owned(),
        Some((name @ ("api_key" | "sentinel_user" | "sentinel_password"), _)) => {
            format!("{name}={HIDDEN}")
        }
        _ => HIDDEN.to_owned(),
    }
}

impl fmt::Display for BackendUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, settings) = self.0.split_once('?').unwrap_or((&self.0, ""));
        let Some((scheme, rest)) = address.split_once("://") else {
            return out.write_str(&self.0);
        };
        // Then the question mark stands in a password.
        if settings.contains('@') {
            return write!(out, "{scheme}://{HIDDEN}");
        }
        match rest.rsplit_once('@') {
            Some((_, host)) => write!(out, "{scheme}://{HIDDEN}@{host}")?,
            None => out.write_str(address)?,
        }
        let settings: Vec<_> = settings.split('&').filter(|one| !one.is_empty()).collect();
        if !settings.is_empty() {
            let settings: Vec<_> = settings.into_iter().map(shown).collect();
            write!(out, "?{}", settings.join("&"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for BackendUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// A length of time, written `500ms`, `10s` or `30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match humantime::parse_duration(text) {
            Ok(time) if time.is_zero() => Err("must be longer than 0s".into()),
            Ok(time) => Ok(Self(time)),
            Err(why) => Err(format!("must be a time such as 500ms, 10s or 30m: {why}")),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(out)
    }
}

/// How many requests one application may make in how long, written `600/1m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in one window.
    pub requests: u32,
    /// The window's length, whole seconds.
    pub window: Duration,
}

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || String::from("must be requests/window such as 600/1m");
        let (requests, window) = text.split_once('/').ok_or_else(wrong)?;
        let requests: u32 = requests.parse().map_err(|_| wrong())?;
        let window = window.parse::<Span>()?.0;
        if requests == 0 || window.subsec_nanos() != 0 {
            return Err("must be at least one request in a whole number of seconds".into());
        }
        Ok(Self { requests, window })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.requests, Span(self.window))
    }
}

/// Which requests leave a line in the log, written `off`, `errors`, `all` or `1/100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// None.
    Off,
    /// Those that were answered with 5xx.
    Errors,
    /// One out of so many, and those that were answered with 5xx; 1 is all of them.
    OneIn(u32),
}

impl FromStr for AccessLog {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "errors" => Ok(Self::Errors),
            "all" => Ok(Self::OneIn(1)),
            _ => text
                .strip_prefix("1/")
                .and_then(|each| each.parse().ok())
                .filter(|each| *each > 0)
                .map(Self::OneIn)
                .ok_or_else(|| "must be off, errors, all, or a share such as 1/100".into()),
        }
    }
}

impl fmt::Display for AccessLog {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => out.write_str("off"),
            Self::Errors => out.write_str("errors"),
            Self::OneIn(1) => out.write_str("all"),
            Self::OneIn(each) => write!(out, "1/{each}"),
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A value in a file is read exactly as on the command line.
macro_rules! read_as_text {
    ($($name:ident),+) => { $(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(de::Error::custom)
            }
        }
    )+ };
}

macro_rules! write_as_text {
    ($($name:ident),+) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    )+ };
}

read_as_text!(
    WriteOf, Origin, Secret, TokenKey, BackendUrl, Span, RateLimit, AccessLog
);
write_as_text!(WriteOf, Origin, BackendUrl, Span, RateLimit, AccessLog);

/// An address, with the form that is wanted when it is none.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "must be an IP address and a port, such as 127.0.0.1:3000 or [::1]:3000".into()
    })
}

/// A number of bytes, with the form that is wanted when it is none.
pub(super) fn bytes(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| "must be a whole number of bytes without a unit, such as 1048576".into())
}

/// Whether these are levels and directives. A word that is no level would be taken for the name of a module, and
/// nothing else would be logged.
pub(super) fn check_log_level(text: &str) -> Result<(), String> {
    let is_level = |word: &str| word.parse::<tracing::level_filters::LevelFilter>().is_ok();
    let unclear = text
        .split(',')
        .find(|word| !word.contains(['=', '[', ']']) && !is_level(word.trim()));
    let wrong = match unclear {
        Some(word) => Some(format!("{word:?} is no level")),
        None => tracing_subscriber::EnvFilter::try_new(text)
            .err()
            .map(|error| error.to_string()),
    };
    wrong.map_or(Ok(()), |wrong| {
        Err(format!(
            "must be off, error, warn, info, debug, trace, or directives such as info,chat_core=debug: {wrong}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_printed() {
        let secret: Secret = "s3cret".parse().unwrap();
        assert_eq!(format!("{secret:?}"), "(hidden)");
        let url: BackendUrl = "redis://joe:s3cret@host:1/0?password=s3cret"
            .parse()
            .unwrap();
        assert_eq!(url.to_string(), "redis://(hidden)@host:1/0?(hidden)");
        assert!(url.to_string().parse::<BackendUrl>().is_err());
        assert_eq!(format!("{url:?}"), url.to_string());
        assert!(url.expose().contains("s3cret"));
    }

    #[test]
    fn settings_of_a_url_are_shown_and_no_piece_of_a_credential_is() {
        for (given, shown) in [
            (
                "mysql://u:s3cret@h:1/d?ssl-mode=REQUIRED&connections=9",
                "mysql://(hidden)@h:1/d?ssl-mode=REQUIRED&connections=9",
            ),
            (
                "https://h/?prefix=shop&api_key=s3cret&&ca=/a.pem",
                "https://h/?prefix=shop&api_key=(hidden)&ca=/a.pem",
            ),
            (
                "redis-sentinel://h/m?sentinel_password=s3cret",
                "redis-sentinel://h/m?sentinel_password=(hidden)",
            ),
            // The question mark and the ampersand of passwords that were not encoded.
            ("mysql://u:s3?cret@h/d", "mysql://(hidden)"),
            ("mysql://u:s?prefix=3cret@h/d", "mysql://(hidden)"),
            ("redis://h?prefix=a&s3cret", "redis://h?prefix=a&(hidden)"),
            ("sqlite:a?b.db", "sqlite:a?b.db"),
        ] {
            assert_eq!(given.parse::<BackendUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in ["", "chat.db", ":x", "C:\\chat", "Sqlite:x", " memory:"] {
            assert!(text.parse::<BackendUrl>().is_err(), "{text:?}");
        }
        assert_eq!(
            "redis-cluster://a".parse::<BackendUrl>().unwrap().scheme(),
            "redis-cluster"
        );
    }

    #[test]
    fn times_rates_and_shares_are_read_as_they_are_written() {
        for text in ["500ms", "10s", "30m"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("600/1m".parse::<RateLimit>().unwrap().to_string(), "600/1m");
        for text in ["off", "errors", "all", "1/100"] {
            assert_eq!(text.parse::<AccessLog>().unwrap().to_string(), text);
        }
        for text in ["0/1m", "6", "6/500ms", "x/1m"] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
        assert!("0s".parse::<Span>().is_err() && "1/0".parse::<AccessLog>().is_err());
    }
}
