//! One layer of settings: the flags with the environment, or the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ConfigError;
use super::doors::DoorName;
use super::origin::Origin;
use super::secret::Secret;
use super::token_key::TokenKey;
use super::value::{AccessLog, BackendUrl, LogFormat, RateLimit, Span, address, bytes};
use super::write::{Write, WriteOf};

/// Over the settings that matter to a server alone.
pub const SERVING: &str = "Settings of the server";

/// Every setting once: its flag, its environment variable and its key in the file; what is not given is left open.
#[derive(Debug, Clone, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Address to listen on, repeatable [default: 127.0.0.1:3000]
    #[arg(
        long,
        global = true,
        env = "CHAT_LISTEN",
        value_name = "ADDR",
        value_parser = address,
        value_delimiter = ','
    )]
    pub listen: Option<Vec<SocketAddr>>,
    /// Directory of everything the server keeps on disk [default: ./chat-data]
    #[arg(long, global = true, env = "CHAT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where chats are stored [default: sqlite:DATA/chat.db]
    #[arg(
        long,
        global = true,
        env = "CHAT_STORE",
        value_name = "URL",
        hide_env_values = true
    )]
    pub store: Option<BackendUrl>,
    /// Where the search index is; for a store on mysql: an Elasticsearch [default: sqlite:DATA/search.db]
    #[arg(
        long,
        global = true,
        env = "CHAT_SEARCH",
        value_name = "URL",
        hide_env_values = true
    )]
    pub search: Option<BackendUrl>,
    /// Where jobs wait [default: memory:]
    #[arg(
        long,
        global = true,
        env = "CHAT_QUEUE",
        value_name = "URL",
        hide_env_values = true
    )]
    pub queue: Option<BackendUrl>,
    /// Where it is told who has messages that he has not read and is not there: an http: or https: URL that signed JSON is posted to;
    /// the same on every node of a store [default: nowhere]
    #[arg(
        long,
        global = true,
        env = "CHAT_NOTIFY",
        value_name = "URL",
        hide_env_values = true,
        help_heading = SERVING
    )]
    pub notify: Option<BackendUrl>,
    /// What notifications are signed with: whsec_ and 24 to 64 bytes in base64
    #[arg(
        long,
        global = true,
        env = "CHAT_NOTIFY_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        help_heading = SERVING
    )]
    pub notify_secret: Option<Secret>,
    /// How writes come to their commit [default: direct]
    #[arg(
        long,
        global = true,
        env = "CHAT_WRITE",
        value_name = "WAY",
        value_enum,
        help_heading = SERVING
    )]
    pub write: Option<Write>,
    /// How the writes of one application come to their commit, repeatable, such as PUBLIC_ID=queued
    #[arg(
        long,
        global = true,
        env = "CHAT_WRITE_OF",
        value_name = "PUBLIC_ID=WAY",
        value_delimiter = ',',
        help_heading = SERVING
    )]
    pub write_of: Option<Vec<WriteOf>>,
    /// Whether the server works the queue too, beside those that `worker` runs [default: true]
    #[arg(
        long,
        global = true,
        env = "CHAT_WORK",
        value_name = "BOOL",
        help_heading = SERVING
    )]
    pub work: Option<bool>,
    /// Key that applications' tokens are sealed under: 64 hexadecimal digits, the same on every node of a store [default: a file
    /// beside the database, when it is a file]
    #[arg(
        long,
        global = true,
        env = "CHAT_TOKEN_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub token_key: Option<TokenKey>,
    /// Key that creating, listing and deleting applications needs
    #[arg(
        long,
        global = true,
        env = "CHAT_ADMIN_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub admin_key: Option<Secret>,
    /// API to serve, repeatable; only those that are named are served
    #[arg(
        long,
        global = true,
        env = "CHAT_DOOR",
        value_name = "NAME",
        value_enum,
        value_delimiter = ',',
        help_heading = SERVING
    )]
    pub door: Option<Vec<DoorName>>,
    /// Whether anybody may make himself a user of the default application [default: true]
    #[arg(
        long,
        global = true,
        env = "CHAT_REGISTRATION",
        value_name = "BOOL",
        help_heading = SERVING
    )]
    pub registration: Option<bool>,
    /// Whether the server's address shows a page to chat on, where the native API is served [default: true]
    #[arg(
        long,
        global = true,
        env = "CHAT_PAGE",
        value_name = "BOOL",
        help_heading = SERVING
    )]
    pub page: Option<bool>,
    /// Where pages come from that may ask here and open sockets, besides this server, repeatable, such as `https://chat.example`; * for
    /// anywhere
    #[arg(
        long,
        global = true,
        env = "CHAT_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ',',
        help_heading = SERVING
    )]
    pub allow_origin: Option<Vec<Origin>>,
    /// Sockets that one user may have open on a node [default: 20]
    #[arg(
        long,
        global = true,
        env = "CHAT_SOCKETS_PER_USER",
        value_name = "COUNT",
        help_heading = SERVING
    )]
    pub sockets_per_user: Option<usize>,
    /// Sockets that may be open from one address to a node [default: 20000]
    #[arg(
        long,
        global = true,
        env = "CHAT_SOCKETS_PER_ADDRESS",
        value_name = "COUNT",
        help_heading = SERVING
    )]
    pub sockets_per_address: Option<usize>,
    /// How long users are shown as there after their last connection ended [default: 15s]
    #[arg(
        long,
        global = true,
        env = "CHAT_PRESENCE_GRACE",
        value_name = "TIME",
        help_heading = SERVING
    )]
    pub presence_grace: Option<Span>,
    /// How log lines are written [default: text]
    #[arg(
        long,
        global = true,
        env = "CHAT_LOG_FORMAT",
        value_name = "FORMAT",
        value_enum
    )]
    pub log_format: Option<LogFormat>,
    /// What is logged: a level, or directives such as info,chat_core=debug [default: info]
    #[arg(long, global = true, env = "CHAT_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Which requests are logged: off, errors, all, or a share such as 1/100 [default: errors]
    #[arg(
        long,
        global = true,
        env = "CHAT_ACCESS_LOG",
        value_name = "WHICH",
        help_heading = SERVING
    )]
    pub access_log: Option<AccessLog>,
    /// Connections held at once; one more is answered 503 [default: 10000]
    #[arg(
        long,
        global = true,
        env = "CHAT_MAX_CONNECTIONS",
        value_name = "COUNT",
        help_heading = SERVING
    )]
    pub max_connections: Option<usize>,
    /// How long a client may take to send a request's head [default: 10s]
    #[arg(
        long,
        global = true,
        env = "CHAT_HEADER_TIMEOUT",
        value_name = "TIME",
        help_heading = SERVING
    )]
    pub header_timeout: Option<Span>,
    /// How long a client may take to send a request's body [default: 30s]
    #[arg(
        long,
        global = true,
        env = "CHAT_BODY_TIMEOUT",
        value_name = "TIME",
        help_heading = SERVING
    )]
    pub body_timeout: Option<Span>,
    /// How long a client may take nothing of an answer that waits for it [default: 30s]
    #[arg(
        long,
        global = true,
        env = "CHAT_WRITE_TIMEOUT",
        value_name = "TIME",
        help_heading = SERVING
    )]
    pub write_timeout: Option<Span>,
    /// How long a connection may wait for its next request [default: 75s]
    #[arg(
        long,
        global = true,
        env = "CHAT_IDLE_TIMEOUT",
        value_name = "TIME",
        help_heading = SERVING
    )]
    pub idle_timeout: Option<Span>,
    /// Largest request body in bytes [default: 1048576]
    #[arg(
        long,
        global = true,
        env = "CHAT_BODY_LIMIT",
        value_name = "BYTES",
        value_parser = bytes,
        help_heading = SERVING
    )]
    pub body_limit: Option<usize>,
    /// Requests one application may make, such as 600/1m [default: no limit]
    #[arg(
        long,
        global = true,
        env = "CHAT_RATE_LIMIT",
        value_name = "COUNT/TIME",
        help_heading = SERVING
    )]
    pub rate_limit: Option<RateLimit>,
    /// How often counts are recomputed and repaired [default: 30m]
    #[arg(
        long,
        global = true,
        env = "CHAT_RECOUNT_INTERVAL",
        value_name = "TIME",
        help_heading = SERVING
    )]
    pub recount_interval: Option<Span>,
    /// How long requests in flight may take to finish when the server stops [default: 10s]
    #[arg(
        long,
        global = true,
        env = "CHAT_SHUTDOWN_DEADLINE",
        value_name = "TIME",
        help_heading = SERVING
    )]
    pub shutdown_deadline: Option<Span>,
    /// Where the process kills itself, to test what a crash there leaves
    #[cfg(feature = "failpoints")]
    #[arg(long, global = true, hide = true, value_name = "PLACE")]
    pub failpoint: Option<String>,
}

impl Layer {
    /// Reads the file; a key that is no setting is refused by name.
    ///
    /// # Errors
    /// When the file cannot be read or is not a TOML file of settings.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|source| ConfigError::Malformed {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// The settings that stand in a file's text.
    ///
    /// # Errors
    /// When the text is not TOML, or names what is no setting.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// This layer, with what it leaves open taken from the one below.
    #[must_use]
    pub fn or(self, below: Self) -> Self {
        Self {
            listen: self.listen.or(below.listen),
            data: self.data.or(below.data),
            store: self.store.or(below.store),
            search: self.search.or(below.search),
            queue: self.queue.or(below.queue),
            notify: self.notify.or(below.notify),
            notify_secret: self.notify_secret.or(below.notify_secret),
            write: self.write.or(below.write),
            write_of: self.write_of.or(below.write_of),
            work: self.work.or(below.work),
            token_key: self.token_key.or(below.token_key),
            admin_key: self.admin_key.or(below.admin_key),
            door: self.door.or(below.door),
            registration: self.registration.or(below.registration),
            page: self.page.or(below.page),
            allow_origin: self.allow_origin.or(below.allow_origin),
            sockets_per_user: self.sockets_per_user.or(below.sockets_per_user),
            sockets_per_address: self.sockets_per_address.or(below.sockets_per_address),
            presence_grace: self.presence_grace.or(below.presence_grace),
            log_format: self.log_format.or(below.log_format),
            log_level: self.log_level.or(below.log_level),
            access_log: self.access_log.or(below.access_log),
            max_connections: self.max_connections.or(below.max_connections),
            header_timeout: self.header_timeout.or(below.header_timeout),
            body_timeout: self.body_timeout.or(below.body_timeout),
            write_timeout: self.write_timeout.or(below.write_timeout),
            idle_timeout: self.idle_timeout.or(below.idle_timeout),
            body_limit: self.body_limit.or(below.body_limit),
            rate_limit: self.rate_limit.or(below.rate_limit),
            recount_interval: self.recount_interval.or(below.recount_interval),
            shutdown_deadline: self.shutdown_deadline.or(below.shutdown_deadline),
            #[cfg(feature = "failpoints")]
            failpoint: self.failpoint.or(below.failpoint),
        }
    }
}
