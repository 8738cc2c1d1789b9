//! Every setting: flag over environment variable over file over default.

mod doors;
mod layer;
mod origin;
mod secret;
mod token_key;
mod value;
mod write;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use chat_core::live::LiveLimits;
use serde::Serialize;
use thiserror::Error;

pub use doors::{DoorChoice, DoorName};
pub use layer::{Layer, SERVING};
pub use origin::Origin;
pub use secret::Secret;
pub use token_key::TokenKey;
pub use value::{AccessLog, BackendUrl, LogFormat, RateLimit, Span};
pub use write::{Write, WriteOf};

/// Why the settings cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the file {} cannot be read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is no file of settings.
    #[error("the file {} is not valid", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong in it.
        source: Box<toml::de::Error>,
    },
    /// One setting has a value that cannot be.
    #[error("the setting {setting} {why}")]
    Invalid {
        /// Its key.
        setting: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Whoever reaches this address would have full power.
    #[error(
        "the setting admin_key is missing: {address} can be reached from other machines, so \
         whoever reaches it could create and list applications; set admin_key (--admin-key, \
         CHAT_ADMIN_KEY), or listen on a loopback address such as 127.0.0.1:3000"
    )]
    Open {
        /// The first address that is not loopback.
        address: SocketAddr,
    },
}

/// What the server runs with, every value decided.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// Directory of everything that is kept on disk.
    pub data: PathBuf,
    /// Where chats are stored.
    pub store: BackendUrl,
    /// Where the search index is. Nodes share it as they share the store: with a store on `mysql:` it is on Elasticsearch.
    pub search: BackendUrl,
    /// Where jobs wait.
    pub queue: BackendUrl,
    /// Where notifications to users who are not connected go; `None` is nowhere.
    pub notify: Option<BackendUrl>,
    /// What they are signed with.
    pub notify_secret: Option<Secret>,
    /// How writes come to their commit.
    pub write: Write,
    /// How the writes of single applications do.
    pub write_of: Vec<WriteOf>,
    /// Whether the server works the queue.
    pub work: bool,
    /// Key that applications' tokens are sealed under.
    pub token_key: Option<TokenKey>,
    /// Key that creating, listing and deleting applications needs.
    pub admin_key: Option<Secret>,
    /// APIs named by the operator; `None` leaves the choice to the loopback rule.
    pub door: Option<Vec<DoorName>>,
    /// Whether anybody may make himself a user of the default application.
    pub registration: bool,
    /// Whether the server's address shows a page to chat on, where the native API is served.
    pub page: bool,
    /// Where pages come from that may open sockets here, besides this server.
    pub allow_origin: Vec<Origin>,
    /// Sockets that one user may have open on a node.
    pub sockets_per_user: usize,
    /// Sockets that may be open from one address to a node.
    pub sockets_per_address: usize,
    /// How long users are shown as there after their last connection ended.
    pub presence_grace: Span,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_level: String,
    /// Which requests are logged.
    pub access_log: AccessLog,
    /// Connections held at once.
    pub max_connections: usize,
    /// How long a request's head may take.
    pub header_timeout: Span,
    /// How long a request's body may take.
    pub body_timeout: Span,
    /// How long a client may take nothing of an answer.
    pub write_timeout: Span,
    /// How long a connection may wait for its next request.
    pub idle_timeout: Span,
    /// Largest request body in bytes.
    pub body_limit: usize,
    /// Requests one application may make.
    pub rate_limit: Option<RateLimit>,
    /// How often counts are recomputed and repaired.
    pub recount_interval: Span,
    /// How long requests in flight may take to finish when the server stops.
    pub shutdown_deadline: Span,
    /// Where the process kills itself, to test what a crash there leaves.
    #[cfg(feature = "failpoints")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failpoint: Option<String>,
}

impl Settings {
    /// Decides every value that the layers leave open, and checks that they fit together.
    ///
    /// # Errors
    /// When a value cannot be, or the server would stand open to other machines.
    pub fn decide(layer: Layer) -> Result<Self, ConfigError> {
        let seconds = |count| Span(Duration::from_secs(count));
        let data = layer.data.unwrap_or_else(|| "./chat-data".into());
        let file = |name: &str| -> Result<BackendUrl, ConfigError> {
            let path = data.join(name);
            let path = path.to_str().ok_or(ConfigError::Invalid {
                setting: "data",
                why: "is not valid UTF-8, which the default store and search need".into(),
            })?;
            format!("sqlite:{path}")
                .parse()
                .map_err(|why| ConfigError::Invalid {
                    setting: "data",
                    why,
                })
        };
        let live = LiveLimits::default();
        let settings = Self {
            listen: layer
                .listen
                .unwrap_or_else(|| vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 3000))]),
            store: layer.store.map_or_else(|| file("chat.db"), Ok)?,
            search: layer.search.map_or_else(|| file("search.db"), Ok)?,
            queue: layer.queue.map_or_else(
                || {
                    "memory:".parse().map_err(|why| ConfigError::Invalid {
                        setting: "queue",
                        why,
                    })
                },
                Ok,
            )?,
            data,
            notify: layer.notify,
            notify_secret: layer.notify_secret,
            write: layer.write.unwrap_or_default(),
            write_of: layer.write_of.unwrap_or_default(),
            work: layer.work.unwrap_or(true),
            token_key: layer.token_key,
            admin_key: layer.admin_key,
            door: layer.door,
            registration: layer.registration.unwrap_or(true),
            page: layer.page.unwrap_or(true),
            allow_origin: layer.allow_origin.unwrap_or_default(),
            sockets_per_user: layer.sockets_per_user.unwrap_or(live.per_user),
            sockets_per_address: layer.sockets_per_address.unwrap_or(live.per_address),
            presence_grace: layer.presence_grace.unwrap_or(Span(live.grace)),
            log_format: layer.log_format.unwrap_or(LogFormat::Text),
            log_level: layer.log_level.unwrap_or_else(|| "info".into()),
            access_log: layer.access_log.unwrap_or(AccessLog::Errors),
            max_connections: layer.max_connections.unwrap_or(10_000),
            header_timeout: layer.header_timeout.unwrap_or(seconds(10)),
            body_timeout: layer.body_timeout.unwrap_or(seconds(30)),
            write_timeout: layer.write_timeout.unwrap_or(seconds(30)),
            idle_timeout: layer.idle_timeout.unwrap_or(seconds(75)),
            body_limit: layer.body_limit.unwrap_or(1024 * 1024),
            rate_limit: layer.rate_limit,
            recount_interval: layer.recount_interval.unwrap_or(seconds(30 * 60)),
            shutdown_deadline: layer.shutdown_deadline.unwrap_or(seconds(10)),
            #[cfg(feature = "failpoints")]
            failpoint: layer.failpoint,
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let least = [
            ("listen", self.listen.len()),
            ("max_connections", self.max_connections),
            ("body_limit", self.body_limit),
            ("sockets_per_user", self.sockets_per_user),
            ("sockets_per_address", self.sockets_per_address),
            ("door", self.door.as_ref().map_or(1, Vec::len)),
        ];
        for (setting, value) in least {
            if value == 0 {
                let why = "must be at least one".into();
                return Err(ConfigError::Invalid { setting, why });
            }
        }
        value::check_log_level(&self.log_level).map_err(|why| ConfigError::Invalid {
            setting: "log_level",
            why,
        })?;
        self.check_notify()?;
        self.check_work()?;
        doors::check_exposure(self)
    }

    /// Whoever is told of users must know that it was this server that told.
    fn check_notify(&self) -> Result<(), ConfigError> {
        if self.notify.is_some() && self.notify_secret.is_none() {
            return Err(ConfigError::Invalid {
                setting: "notify_secret",
                why: "is missing, and what is told to the setting notify is signed: make one, with `echo whsec_$(openssl rand -base64 32)`, and give it to the receiver too".into(),
            });
        }
        Ok(())
    }

    /// A queue in memory is worked here or nowhere.
    fn check_work(&self) -> Result<(), ConfigError> {
        let mut ways = self
            .write_of
            .iter()
            .map(|own| own.write)
            .chain([self.write]);
        let is_queued = ways.any(|way| way == Write::Queued);
        if is_queued && !self.work && self.queue.scheme() == "memory" {
            let why = format!("must be true: nobody else works the queue {}", self.queue);
            return Err(ConfigError::Invalid {
                setting: "work",
                why,
            });
        }
        Ok(())
    }

    /// Which APIs are served, and why.
    pub fn doors(&self) -> Vec<DoorChoice> {
        doors::choose(self)
    }

    /// The settings as a file that can be read again, credentials hidden.
    ///
    /// # Errors
    /// When a path is not valid UTF-8.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

#[cfg(test)]
mod tests;
