#[cfg(feature = "embedded")]
use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use chat_core::error::{BackendError, ChatError};
use thiserror::Error;

use crate::config::BackendUrl;
use crate::keyfile::KeyError;

/// Why the backends cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WiringError {
    /// No adapter has this scheme.
    #[error(
        "the setting {setting} is {url}, and there is no {setting} with the scheme {}: known are {known}",
        url.scheme()
    )]
    UnknownScheme {
        /// The setting.
        setting: &'static str,
        /// Its value.
        url: BackendUrl,
        /// The schemes that it takes.
        known: String,
    },
    /// The adapter is not in this program.
    #[error(
        "the setting {setting} is {url}, but this program was built without the cargo feature {feature}"
    )]
    LeftOut {
        /// The setting.
        setting: &'static str,
        /// Its value.
        url: BackendUrl,
        /// The feature that brings the adapter.
        feature: &'static str,
    },
    /// There is nothing to look at from outside.
    #[error("the setting store is {0}, which no other process can read")]
    NotShared(BackendUrl),
    /// The command reads or copies the store's file.
    #[error("the setting store is {0}, and this command works on a store in a file alone")]
    NotAFile(BackendUrl),
    /// There is no database yet.
    #[error("there is no database at {}: start the server once, or say where it is with --data or --store", .0.display())]
    NoDatabase(PathBuf),
    /// The directory cannot be made.
    #[error("the directory {} cannot be made", path.display())]
    Directory {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A queue inside one process has no other workers.
    #[error(
        "the setting queue is {0}, which no other process can work: name the queue that the servers use"
    )]
    NothingToWork(BackendUrl),
    /// Each node would find what it wrote itself alone.
    #[error(
        "the setting search is {search}, which belongs to one process alone, while any number of them write {store}: name an Elasticsearch that they share (http:… or https:…)"
    )]
    SearchNotShared {
        /// The store.
        store: BackendUrl,
        /// The index.
        search: BackendUrl,
    },
    /// Nodes on one store must share the key that tokens are sealed under.
    #[error(
        "the setting token_key is missing: every node on {0} needs the same one; make it once, with `openssl rand -hex 32`, and keep it"
    )]
    NoTokenKey(BackendUrl),
    /// Only a part of another store is in it.
    #[error(
        "{0} is the target of a migration that has not come to its end: run the same migrate command again"
    )]
    Unfinished(BackendUrl),
    /// The URL is not one that the adapter understands.
    #[error("the setting {setting} cannot be used: {why}")]
    BadUrl {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The key that tokens are sealed under cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A backend cannot be opened.
    #[error("the {role} cannot be opened")]
    Backend {
        /// What it is to the server.
        role: &'static str,
        /// Why not.
        source: BackendError,
    },
    /// The service does not start.
    #[error("the service does not start")]
    Chat(#[from] ChatError),
}

impl WiringError {
    /// The process that has the store open for writing, when that is what is wrong.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        #[cfg(feature = "embedded")]
        if let Self::Backend { source, .. } = self
            && let Some(chat_embedded::OpenError::Locked { holder, .. }) =
                source.source().and_then(|source| source.downcast_ref())
        {
            return Some(holder);
        }
        None
    }
}
