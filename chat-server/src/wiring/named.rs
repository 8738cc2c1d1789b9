use std::fmt;
use std::path::PathBuf;

use crate::config::{BackendUrl, Settings};

/// A URL and what whoever gave it calls it.
#[derive(Debug, Clone)]
pub struct NamedUrl {
    /// What it is called.
    pub name: UrlName,
    /// The URL.
    pub url: BackendUrl,
}

/// What a URL is called by whoever gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlName {
    /// The setting `store`.
    Store,
    /// The setting `search`.
    Search,
    /// The setting `queue`.
    Queue,
    /// The setting `notify`.
    Notify,
    /// What `migrate` moves.
    From,
    /// Where `migrate` moves it.
    To,
}

impl UrlName {
    /// What stands behind the URL.
    pub(super) const fn port(self) -> &'static str {
        match self {
            Self::Store | Self::From | Self::To => "store",
            Self::Search => "search",
            Self::Queue => "queue",
            Self::Notify => "notifier",
        }
    }

    /// What may be wrong when there is no database.
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Store => ": start the server once, or say where it is with --data or --store",
            _ => "",
        }
    }
}

impl fmt::Display for UrlName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From => out.write_str("--from"),
            Self::To => out.write_str("--to"),
            Self::Notify => out.write_str("the setting notify"),
            Self::Store | Self::Search | Self::Queue => write!(out, "the setting {}", self.port()),
        }
    }
}

impl NamedUrl {
    /// The store of the settings.
    pub fn store(settings: &Settings) -> Self {
        Self::new(UrlName::Store, &settings.store)
    }

    /// Whether both lead to the same place, as far as it can be told without going there.
    pub fn is_the_place_of(&self, other: &Self) -> bool {
        let file = |one: &Self| {
            let path = one.url.file()?;
            Some(path.canonicalize().unwrap_or(path))
        };
        self.url == other.url || file(self).is_some_and(|path| file(other) == Some(path))
    }

    /// This URL under this name.
    pub fn new(name: UrlName, url: &BackendUrl) -> Self {
        let url = url.clone();
        Self { name, url }
    }
}

impl fmt::Display for NamedUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is {}", self.name, self.url)
    }
}

/// Where a key was found.
#[derive(Debug, Clone)]
pub enum KeyFrom {
    /// In the setting `token_key`.
    Setting,
    /// In this file.
    File(PathBuf),
}

impl fmt::Display for KeyFrom {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting => out.write_str("the setting token_key"),
            Self::File(path) => write!(out, "the key file {}", path.display()),
        }
    }
}
