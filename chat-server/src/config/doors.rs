//! Which APIs are served: the loopback rule.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{ConfigError, Settings};

/// The name of an API, as the settings say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoorName {
    /// `/api/v1`: the native API.
    Applications,
    /// `/applications` and `/messages`: whoever knows a UUID has full power.
    UuidApplications,
    /// `/register`, `/login`, `/users` and `/conversations`: for the users of the default application.
    Conversations,
    /// `POST /users/add` and its like: whoever can reach it has full power in the default application.
    Rpc,
    /// `/chat-api`: for the users of the default application.
    Threads,
}

impl DoorName {
    /// Every API this server can serve.
    pub const ALL: [Self; 5] = [
        Self::Applications,
        Self::UuidApplications,
        Self::Conversations,
        Self::Threads,
        Self::Rpc,
    ];

    /// Whether it can ask for the admin key.
    fn is_guarded(self) -> bool {
        self == Self::Applications
    }

    /// Whether it serves nobody who has not logged in.
    fn has_logins(self) -> bool {
        matches!(self, Self::Conversations | Self::Threads)
    }
}

impl fmt::Display for DoorName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Applications => "applications",
            Self::UuidApplications => "uuid-applications",
            Self::Conversations => "conversations",
            Self::Rpc => "rpc",
            Self::Threads => "threads",
        })
    }
}

/// Whether an API is served, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorChoice {
    /// Which API.
    pub door: DoorName,
    /// Whether it is served.
    pub open: bool,
    /// Why, for the operator.
    pub why: &'static str,
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

pub(super) fn check_exposure(settings: &Settings) -> Result<(), ConfigError> {
    let exposed = settings
        .listen
        .iter()
        .find(|address| !is_loopback(**address));
    match exposed {
        Some(&address) if settings.admin_key.is_none() => Err(ConfigError::Open { address }),
        _ => Ok(()),
    }
}

pub(super) fn choose(settings: &Settings) -> Vec<DoorChoice> {
    let loopback = settings.listen.iter().copied().all(is_loopback);
    let choice = |door: DoorName| match &settings.door {
        Some(named) if named.contains(&door) => (true, "named by the setting door"),
        Some(_) => (false, "not named by the setting door"),
        None if door.has_logins() => (true, "open to whoever logs in"),
        None if door.is_guarded() && settings.admin_key.is_some() => {
            (true, "guarded by the admin key")
        }
        None if loopback && settings.admin_key.is_some() => (
            true,
            "open without the admin key: only this machine can reach it",
        ),
        None if loopback => (true, "open: only this machine can reach it"),
        // An API that asks nobody for anything would be the way around the key.
        None if settings.admin_key.is_some() => (
            false,
            "other machines could reach it without the admin key: name it in the setting door",
        ),
        None => (
            false,
            "other machines can reach it and no admin key guards it",
        ),
    };
    DoorName::ALL
        .into_iter()
        .map(|door| {
            let (open, why) = choice(door);
            DoorChoice { door, open, why }
        })
        .collect()
}
