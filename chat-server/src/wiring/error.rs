#[cfg(feature = "embedded")]
use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use chat_core::error::{BackendError, ChatError};
use chat_core::seal::SealError;
use thiserror::Error;

use super::{KeyFrom, NamedUrl, UrlName};
use crate::config::BackendUrl;
use crate::keyfile::KeyError;

/// Why the backends cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WiringError {
    /// No adapter has this scheme.
    #[error(
        "{given}, and there is no {} with the scheme {}: known are {known}",
        given.name.port(),
        given.url.scheme()
    )]
    UnknownScheme {
        /// What was given.
        given: NamedUrl,
        /// The schemes that it takes.
        known: String,
    },
    /// The adapter is not in this program.
    #[error("{given}, but this program was built without the cargo feature {feature}")]
    LeftOut {
        /// What was given.
        given: NamedUrl,
        /// The feature that brings the adapter.
        feature: &'static str,
    },
    /// There is nothing to look at from outside.
    #[error("{0}, which no other process can read")]
    NotShared(NamedUrl),
    /// The command reads or copies the store's file.
    #[error(
        "{0}, and this command works on a store in a file alone: a database is copied with tools of its own, such as mysqldump, and migrate --verify compares it"
    )]
    NotAFile(NamedUrl),
    /// There is no database yet.
    #[error("there is no database at {}{}", path.display(), name.hint())]
    NoDatabase {
        /// Where none is.
        path: PathBuf,
        /// Who said so.
        name: UrlName,
    },
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
    /// What is in the store was sealed under another key.
    #[error("{key} does not open the tokens in {store}")]
    OtherKey {
        /// The key.
        key: KeyFrom,
        /// The store.
        store: BackendUrl,
        /// Why not.
        source: SealError,
    },
    /// Nobody could read the tokens that are moved.
    #[error("say the key that the tokens in {0} are sealed under, with --token-key")]
    NoKeyToMove(BackendUrl),
    /// Only a part of another store is in it.
    #[error(
        "{0} is the target of a migration that has not come to its end: run the same migrate command again"
    )]
    Unfinished(BackendUrl),
    /// The URL is not one that the adapter understands.
    #[error("{name} cannot be used: {why}")]
    BadUrl {
        /// Which one.
        name: UrlName,
        /// What is wrong with it.
        why: String,
    },
    /// The secret is not one that notifications can be signed with.
    #[error("the setting notify_secret cannot be used: {0}")]
    BadNotifySecret(String),
    /// The key that tokens are sealed under cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A backend cannot be opened.
    #[error("{given}, which cannot be used")]
    Backend {
        /// Where it is.
        given: NamedUrl,
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
