//! Where Redis is, from one URL.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Where Redis is, and how it is used. Its `Debug` hides passwords.
///
/// Parsed from `redis://user:password@host:6379/0`, `redis-sentinel://host:26379,host/service/0` or
/// `redis-cluster://host:6379,host:6379`; with TLS the schemes begin with `rediss`. Options follow a
/// `?`: `prefix`, `ca` (a PEM file), `sentinel_user`, `sentinel_password`. Whatever is not a letter,
/// digit or one of `-._~` is percent-encoded in user, password and options.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisConfig {
    /// One server, Sentinel or Cluster.
    pub topology: Topology,
    /// The server; the sentinels; or some nodes of the cluster, which name the others. Never empty.
    pub nodes: Vec<Node>,
    /// Whether every connection is encrypted.
    pub tls: bool,
    /// The PEM file of the authority to trust instead of the well-known ones.
    pub ca: Option<PathBuf>,
    /// The user; without one, and with a password, it is `default`.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The user at the sentinels.
    pub sentinel_user: Option<String>,
    /// The password at the sentinels.
    pub sentinel_password: Option<String>,
    /// The number of the database; 0 in a cluster.
    pub database: i64,
    /// What all keys and channels begin with, but for those of counts; without braces, which say in a
    /// cluster what stands together.
    pub prefix: String,
    /// What the keys of counts begin with: nothing, so that other programs find them by their names.
    /// Without braces too.
    pub count_prefix: String,
    /// So long a call waits for a connection.
    pub connect_timeout: Duration,
    /// So long a call waits for its answer once there is a connection.
    pub response_timeout: Duration,
}

/// What stands behind the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// One server.
    Single,
    /// Sentinels that know which server leads.
    Sentinel {
        /// The name under which they watch it.
        service: String,
    },
    /// A Redis Cluster.
    Cluster,
}

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// A name or an address, IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What is wrong with a URL. It shows no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is not for Redis.
    #[error(
        "scheme {0:?} is none of redis, rediss, redis-sentinel, rediss-sentinel, redis-cluster, rediss-cluster"
    )]
    Scheme(String),
    /// Nothing stands where the hosts belong.
    #[error("no host is named")]
    NoHost,
    /// Something else stands there.
    #[error("{0:?} is not a host with a port")]
    Host(String),
    /// One server was asked for and several are named.
    #[error("one host is expected; several belong to redis-sentinel: and redis-cluster:")]
    Hosts,
    /// The sentinels are not told what to look for.
    #[error("the service is not named, as in redis-sentinel://host:26379/service")]
    NoService,
    /// The path is not a database.
    #[error("{0:?} is not the number of a database")]
    Database(String),
    /// A cluster has no databases.
    #[error("a cluster has database 0 alone")]
    ClusterDatabase,
    /// The credentials cannot be read.
    #[error("user and password must be percent-encoded UTF-8")]
    Credentials,
    /// An option without a meaning here.
    #[error("option {0:?} is unknown")]
    Option(String),
    /// In a cluster they would put what belongs together on several nodes.
    #[error("the prefix must be without braces")]
    Braces,
    /// The value of an option cannot be read.
    #[error("option {0:?} must be percent-encoded UTF-8")]
    Value(String),
}

impl FromStr for RedisConfig {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
        let (tls, kind) = match scheme.strip_prefix("redis") {
            Some(rest) => match rest.strip_prefix('s') {
                Some(kind) => (true, kind),
                None => (false, rest),
            },
            None => (false, "?"),
        };
        if !["", "-sentinel", "-cluster"].contains(&kind) {
            let scheme = scheme.split(':').next().unwrap_or_default();
            return Err(UrlError::Scheme(scheme.to_owned()));
        }
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.contains('@') || options.contains('@') {
            // Else a part of the password would be taken for a host, and shown.
            return Err(UrlError::Credentials);
        }
        let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let path = path.trim_end_matches('/');
        let (topology, database) = match kind {
            "-cluster" if path.is_empty() || path == "0" => (Topology::Cluster, ""),
            "-cluster" => return Err(UrlError::ClusterDatabase),
            "-sentinel" => {
                let (service, database) = path.split_once('/').unwrap_or((path, ""));
                if service.is_empty() {
                    return Err(UrlError::NoService);
                }
                let service = service.to_owned();
                (Topology::Sentinel { service }, database)
            }
            _ => (Topology::Single, path),
        };
        let port = if kind == "-sentinel" {
            SENTINEL_PORT
        } else {
            PORT
        };
        let nodes: Vec<Node> = hosts
            .split(',')
            .map(|host| node(host, port))
            .collect::<Result<_, _>>()?;
        if topology == Topology::Single && nodes.len() > 1 {
            return Err(UrlError::Hosts);
        }
        let mut config = Self {
            database: number(database)?,
            tls,
            ..Self::new(topology, nodes)
        };
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        config.user = decoded(user).ok_or(UrlError::Credentials)?;
        config.password = decoded(password).ok_or(UrlError::Credentials)?;
        config.take_options(options)?;
        config.check()?;
        Ok(config)
    }
}

impl RedisConfig {
    /// The defaults for these nodes: no credentials, database 0, prefix `chat:`, one second each to
    /// connect and to be answered.
    #[must_use]
    pub fn new(topology: Topology, nodes: Vec<Node>) -> Self {
        Self {
            topology,
            nodes,
            tls: false,
            ca: None,
            user: None,
            password: None,
            sentinel_user: None,
            sentinel_password: None,
            database: 0,
            prefix: "chat:".to_owned(),
            count_prefix: String::new(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
        }
    }

    /// Whether keys can be made with it.
    pub(crate) fn check(&self) -> Result<(), UrlError> {
        match [&self.prefix, &self.count_prefix] {
            prefixes if prefixes.iter().any(|prefix| prefix.contains(['{', '}'])) => {
                Err(UrlError::Braces)
            }
            _ => Ok(()),
        }
    }

    fn take_options(&mut self, options: &str) -> Result<(), UrlError> {
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = decoded(value).ok_or_else(|| UrlError::Value(name.to_owned()))?;
            match name {
                "prefix" => self.prefix = value.unwrap_or_default(),
                "ca" => self.ca = value.map(PathBuf::from),
                "sentinel_user" => self.sentinel_user = value,
                "sentinel_password" => self.sentinel_password = value,
                _ => return Err(UrlError::Option(name.to_owned())),
            }
        }
        Ok(())
    }
}

/// `Some(None)` for nothing; `None` for what is not UTF-8.
fn decoded(text: &str) -> Option<Option<String>> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some((!text.is_empty()).then(|| text.into_owned()))
}

fn number(database: &str) -> Result<i64, UrlError> {
    if database.is_empty() {
        return Ok(0);
    }
    let number = database.parse().ok().filter(|number| *number >= 0);
    number.ok_or_else(|| UrlError::Database(database.to_owned()))
}

fn node(text: &str, default: u16) -> Result<Node, UrlError> {
    if text.is_empty() {
        return Err(UrlError::NoHost);
    }
    let wrong = || UrlError::Host(text.to_owned());
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            (
                host,
                port.strip_prefix(':').or(port.is_empty().then_some("")),
            )
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("")),
        },
    };
    let port = match port {
        Some("") if !text.ends_with(':') => default,
        Some(port) => port.parse().map_err(|_| wrong())?,
        None => return Err(wrong()),
    };
    if host.is_empty() || port == 0 {
        return Err(wrong());
    }
    Ok(Node {
        host: host.to_owned(),
        port,
    })
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        f.debug_struct("RedisConfig")
            .field("topology", &self.topology)
            .field("nodes", &self.nodes)
            .field("tls", &self.tls)
            .field("ca", &self.ca)
            .field("user", &self.user)
            .field("password", &hidden(&self.password))
            .field("sentinel_user", &self.sentinel_user)
            .field("sentinel_password", &hidden(&self.sentinel_password))
            .field("database", &self.database)
            .field("prefix", &self.prefix)
            .field("count_prefix", &self.count_prefix)
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> RedisConfig {
        url.parse().unwrap()
    }

    fn hosts(config: &RedisConfig) -> Vec<(&str, u16)> {
        let nodes = config.nodes.iter();
        nodes.map(|node| (&*node.host, node.port)).collect()
    }

    #[test]
    fn a_url_names_one_server() {
        let config = parsed("redis://127.0.0.1");
        assert_eq!(config.topology, Topology::Single);
        assert_eq!(hosts(&config), [("127.0.0.1", 6379)]);
        assert_eq!((config.tls, config.database), (false, 0));
        assert_eq!((&*config.prefix, &*config.count_prefix), ("chat:", ""));
        let config = parsed("rediss://ann:p%40ss%2Fw@[::1]:7000/3?prefix=a%3A&ca=/etc/ca.pem");
        assert_eq!(hosts(&config), [("::1", 7000)]);
        assert_eq!((config.tls, config.database), (true, 3));
        assert_eq!(config.user.as_deref(), Some("ann"));
        assert_eq!(config.password.as_deref(), Some("p@ss/w"));
        assert_eq!(config.prefix, "a:");
        assert_eq!(config.ca, Some(PathBuf::from("/etc/ca.pem")));
        let config = parsed("redis://:secret@host/");
        assert_eq!(
            (config.user, config.password),
            (None, Some("secret".into()))
        );
    }

    #[test]
    fn a_url_names_sentinels_or_a_cluster() {
        let config = parsed("rediss-sentinel://:pw@a,b:1/main/2?sentinel_password=other");
        let service = "main".to_owned();
        assert_eq!(config.topology, Topology::Sentinel { service });
        assert_eq!(hosts(&config), [("a", 26379), ("b", 1)]);
        assert_eq!((config.tls, config.database), (true, 2));
        assert_eq!(config.sentinel_password.as_deref(), Some("other"));
        let config = parsed("redis-cluster://a:1,b:2,c");
        assert_eq!(config.topology, Topology::Cluster);
        assert_eq!(hosts(&config), [("a", 1), ("b", 2), ("c", 6379)]);
        assert!(parsed("rediss-cluster://a/0").tls);
    }

    #[test]
    fn a_wrong_url_is_told_what_is_wrong() {
        let host = |text: &str| UrlError::Host(text.into());
        for (url, error) in [
            ("memory:", UrlError::Scheme("memory".into())),
            ("http://a", UrlError::Scheme("http".into())),
            ("redis-proxy://a", UrlError::Scheme("redis-proxy".into())),
            ("redis:", UrlError::Scheme("redis".into())),
            ("redis://", UrlError::NoHost),
            ("redis://a,b", UrlError::Hosts),
            ("redis://a:port", host("a:port")),
            ("redis://a:0", host("a:0")),
            ("redis://a:", host("a:")),
            ("redis://:7", host(":7")),
            ("redis://[::1", host("[::1")),
            ("redis://[::1]7", host("[::1]7")),
            ("redis-cluster://a,,b", UrlError::NoHost),
            ("redis://a/one", UrlError::Database("one".into())),
            ("redis://a/-1", UrlError::Database("-1".into())),
            ("redis-cluster://a/1", UrlError::ClusterDatabase),
            ("redis-sentinel://a", UrlError::NoService),
            ("redis://:pa/ss@a", UrlError::Credentials),
            ("redis://:pa?ss@a", UrlError::Credentials),
            ("redis://:%ff@a", UrlError::Credentials),
            ("redis://a?db=1", UrlError::Option("db".into())),
            ("redis://a?ca=%ff", UrlError::Value("ca".into())),
            ("redis://a?prefix={x}", UrlError::Braces),
            ("redis://a?prefix=x%7d", UrlError::Braces),
        ] {
            assert_eq!(url.parse::<RedisConfig>(), Err(error), "{url}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let url = "redis-sentinel://ann:secret@a/main?sentinel_password=secret";
        let shown = format!("{:?}", parsed(url));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
