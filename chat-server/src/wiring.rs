//! URLs to adapters, in one place.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chat_core::error::{BackendError, ChatError, ErrorKind};
use chat_core::ids::{ApplicationId, ChatId};
use chat_core::memory::{MemorySearch, MemoryStore};
use chat_core::page::Limit;
use chat_core::port::{Document, Hit, Search, SearchQuery, Stores};
use chat_core::seal::Keyring;
use chat_core::{Chat, Parts};
#[cfg(feature = "embedded")]
use chat_embedded::{SearchConfig, SqliteSearch, SqliteStore, StoreConfig};
use thiserror::Error;

use crate::api::ops::Probe;
use crate::config::{BackendUrl, Settings};
use crate::keyfile::{self, KeyError};

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
        known: &'static str,
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
    /// Whether another process has the store open for writing.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Backend { role: "store", source } if source.kind() == ErrorKind::Conflict)
    }
}

/// When the search index follows the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexing {
    /// At once.
    Now,
    /// In a process that comes later: what there is to do is noted in the store.
    Later,
}

/// Everything a process that writes runs on.
pub struct Node {
    /// The service.
    pub chat: Chat,
    /// Its stores.
    pub stores: Stores,
    /// Whether the search index was lost, and has to be built again from the store.
    pub wants_reindex: bool,
}

impl Node {
    /// Opens the backends that the settings name and starts the service on them.
    ///
    /// # Errors
    /// What cannot be opened, and why; when another process writes the store, who it is.
    pub async fn start(settings: &Settings) -> Result<Self, WiringError> {
        Self::start_indexing(settings, Indexing::Now).await
    }

    /// As [`Node::start`], choosing when the search index follows.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_indexing(
        settings: &Settings,
        indexing: Indexing,
    ) -> Result<Self, WiringError> {
        if settings.queue.scheme() != "memory" {
            return Err(WiringError::UnknownScheme {
                setting: "queue",
                url: settings.queue.clone(),
                known: "memory",
            });
        }
        let (stores, keyring) = open_store(settings).await?;
        let (search, search_is_new) = match indexing {
            Indexing::Now => open_search(&settings.search).await?,
            Indexing::Later => (Arc::new(Later) as Arc<dyn Search>, false),
        };
        let wants_reindex = search_is_new && has_chats(&stores).await?;
        let parts = Parts {
            stores: stores.clone(),
            search,
            recount_every: settings.recount_interval.0,
            keyring,
            ..Parts::in_memory()
        };
        Ok(Self {
            chat: Chat::start(parts).await?,
            stores,
            wants_reindex,
        })
    }

    /// Asks the backends whether they work.
    #[must_use]
    pub fn probes(&self, settings: &Settings) -> Vec<Arc<dyn Probe>> {
        vec![
            Arc::new(StoreProbe {
                chat: self.chat.clone(),
                url: settings.store.clone(),
            }),
            Arc::new(SearchProbe {
                chat: self.chat.clone(),
                url: settings.search.clone(),
            }),
        ]
    }
}

async fn open_store(settings: &Settings) -> Result<(Stores, Keyring), WiringError> {
    let url = &settings.store;
    match url.scheme() {
        "memory" => {
            let store: Arc<dyn chat_core::port::Store> = Arc::new(MemoryStore::new());
            Ok((store.into(), Keyring::new(Keyring::random_key())))
        }
        #[cfg(feature = "embedded")]
        "sqlite" => {
            let path = file_of(url);
            make_directory(&path)?;
            let config = store_config(settings, &path);
            let store = blocking("store", move || SqliteStore::open(config)).await?;
            let store: Arc<dyn chat_core::port::Store> = Arc::new(store);
            let stores = Stores::from(store);
            let keyring = keyring(&stores, &keyfile::beside(&path)).await?;
            Ok((stores, keyring))
        }
        _ => Err(no_adapter("store", url)),
    }
}

#[cfg(feature = "embedded")]
#[cfg_attr(
    not(feature = "failpoints"),
    expect(unused_variables, reason = "only failpoints are set")
)]
fn store_config(settings: &Settings, path: &Path) -> StoreConfig {
    StoreConfig {
        #[cfg(feature = "failpoints")]
        failpoint: settings.failpoint.clone(),
        ..StoreConfig::new(path)
    }
}

/// Over a store that has applications a new key would open none of their tokens.
async fn keyring(stores: &Stores, path: &Path) -> Result<Keyring, WiringError> {
    if let Some(keyring) = keyfile::read(path)? {
        return Ok(keyring);
    }
    let applications = &stores.applications;
    let one = Limit::new(1).unwrap_or(Limit::DEFAULT);
    let is_used = applications
        .default_application()
        .await
        .map_err(backend("store"))?
        .is_some()
        || !applications
            .list(ApplicationId(0), one)
            .await
            .map_err(backend("store"))?
            .items
            .is_empty();
    if is_used {
        return Err(KeyError::Missing {
            path: path.to_owned(),
        }
        .into());
    }
    Ok(keyfile::create(path)?)
}

async fn open_search(url: &BackendUrl) -> Result<(Arc<dyn Search>, bool), WiringError> {
    match url.scheme() {
        "memory" => Ok((Arc::new(MemorySearch::new()), true)),
        #[cfg(feature = "embedded")]
        "sqlite" => {
            let path = file_of(url);
            make_directory(&path)?;
            let config = SearchConfig::new(path);
            let search = blocking("search", move || SqliteSearch::open(config)).await?;
            let is_new = search.is_new();
            Ok((Arc::new(search), is_new))
        }
        _ => Err(no_adapter("search", url)),
    }
}

async fn has_chats(stores: &Stores) -> Result<bool, WiringError> {
    let first = stores.upkeep.next_chat(ChatId(0)).await;
    Ok(first.map_err(backend("store"))?.is_some())
}

/// The store's file, open for reading alone: also beside the process that writes it.
#[cfg(feature = "embedded")]
pub struct ReadOnly {
    /// The file.
    pub path: PathBuf,
    /// The store with what it can do as a file.
    pub file: Arc<SqliteStore>,
    /// The same as ports.
    pub stores: Stores,
}

#[cfg(feature = "embedded")]
impl ReadOnly {
    /// Opens the file that the settings name.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub async fn open(settings: &Settings) -> Result<Self, WiringError> {
        let url = &settings.store;
        match url.scheme() {
            "sqlite" => {}
            "memory" => return Err(WiringError::NotShared(url.clone())),
            _ => return Err(no_adapter("store", url)),
        }
        let path = file_of(url);
        if !path.exists() {
            return Err(WiringError::NoDatabase(path));
        }
        let config = store_config(settings, &path);
        let file = Arc::new(blocking("store", move || SqliteStore::open_read_only(config)).await?);
        let store: Arc<dyn chat_core::port::Store> = file.clone();
        Ok(Self {
            path,
            file,
            stores: store.into(),
        })
    }

    /// The key that the tokens in it are sealed under.
    ///
    /// # Errors
    /// When the file of the key is missing or cannot be read.
    pub fn keyring(&self) -> Result<Keyring, WiringError> {
        let path = keyfile::beside(&self.path);
        Ok(keyfile::read(&path)?.ok_or(KeyError::Missing { path })?)
    }
}

#[cfg(feature = "embedded")]
fn file_of(url: &BackendUrl) -> PathBuf {
    let path = url.expose().strip_prefix("sqlite:").unwrap_or_default();
    // `sqlite:///var/lib/chat.db` is written too.
    PathBuf::from(path.strip_prefix("//").unwrap_or(path))
}

#[cfg(feature = "embedded")]
fn make_directory(file: &Path) -> Result<(), WiringError> {
    match file.parent().filter(|path| !path.as_os_str().is_empty()) {
        None => Ok(()),
        Some(path) => std::fs::create_dir_all(path).map_err(|source| WiringError::Directory {
            path: path.to_owned(),
            source,
        }),
    }
}

fn no_adapter(setting: &'static str, url: &BackendUrl) -> WiringError {
    let url = url.clone();
    match url.scheme() {
        "sqlite" => WiringError::LeftOut {
            setting,
            url,
            feature: "embedded",
        },
        _ => WiringError::UnknownScheme {
            setting,
            url,
            known: "sqlite, memory",
        },
    }
}

#[cfg(feature = "embedded")]
async fn blocking<T: Send + 'static>(
    role: &'static str,
    open: impl FnOnce() -> Result<T, BackendError> + Send + 'static,
) -> Result<T, WiringError> {
    let opened = tokio::task::spawn_blocking(open).await;
    opened
        .unwrap_or_else(|error| {
            Err(BackendError::new(ErrorKind::Internal, "sqlite", "open").with_source(error))
        })
        .map_err(backend(role))
}

fn backend(role: &'static str) -> impl Fn(BackendError) -> WiringError {
    move |source| WiringError::Backend { role, source }
}

/// A search index that is not here: whoever would put something into it waits until the process ends.
struct Later;

impl Later {
    fn absent(op: &'static str) -> BackendError {
        BackendError::new(ErrorKind::Unavailable, "search", op)
    }
}

#[async_trait]
impl Search for Later {
    async fn put(&self, _: &[Document]) -> Result<(), BackendError> {
        std::future::pending().await
    }

    async fn query(&self, _: &SearchQuery) -> Result<Vec<Hit>, BackendError> {
        Err(Self::absent("query"))
    }

    async fn erase(&self, _: ChatId) -> Result<(), BackendError> {
        std::future::pending().await
    }

    async fn refresh(&self) -> Result<(), BackendError> {
        Err(Self::absent("refresh"))
    }

    async fn rebuild(&self) -> Result<(), BackendError> {
        Err(Self::absent("rebuild"))
    }

    async fn refill(&self, _: &[Document]) -> Result<(), BackendError> {
        Err(Self::absent("refill"))
    }

    async fn swap(&self) -> Result<(), BackendError> {
        Err(Self::absent("swap"))
    }

    async fn ready(&self) -> Result<(), BackendError> {
        Err(Self::absent("ready"))
    }
}

struct StoreProbe {
    chat: Chat,
    url: BackendUrl,
}

struct SearchProbe {
    chat: Chat,
    url: BackendUrl,
}

type Checked = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[async_trait]
impl Probe for StoreProbe {
    fn role(&self) -> &'static str {
        "store"
    }

    fn backend(&self) -> String {
        self.url.scheme().to_owned()
    }

    fn is_vital(&self) -> bool {
        true
    }

    async fn check(&self) -> Checked {
        Ok(self.chat.store_ready().await?)
    }
}

#[async_trait]
impl Probe for SearchProbe {
    fn role(&self) -> &'static str {
        "search"
    }

    fn backend(&self) -> String {
        self.url.scheme().to_owned()
    }

    fn is_vital(&self) -> bool {
        false
    }

    async fn check(&self) -> Checked {
        Ok(self.chat.search_ready().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layer;

    fn settings(store: &str, search: &str, queue: &str) -> Settings {
        Settings::decide(Layer {
            store: Some(store.parse().unwrap()),
            search: Some(search.parse().unwrap()),
            queue: Some(queue.parse().unwrap()),
            ..Layer::default()
        })
        .unwrap()
    }

    async fn refusal(settings: Settings) -> String {
        match Node::start(&settings).await {
            Err(error) => crate::cli::sentence(&error),
            Ok(_) => panic!("it started"),
        }
    }

    #[tokio::test]
    async fn an_unknown_scheme_is_refused_by_name() {
        let text = refusal(settings("mysql://u:s3cret@h/d", "memory:", "memory:")).await;
        assert!(
            text.contains("scheme mysql") && text.contains("sqlite, memory"),
            "{text}"
        );
        assert!(!text.contains("s3cret"), "{text}");
        let text = refusal(settings("memory:", "https://h", "memory:")).await;
        assert!(text.contains("no search with the scheme https"), "{text}");
        let text = refusal(settings("memory:", "memory:", "redis://h")).await;
        assert!(text.contains("no queue with the scheme redis"), "{text}");
    }

    #[cfg(feature = "embedded")]
    mod files {
        use super::*;

        fn within(dir: &Path) -> Settings {
            Settings::decide(Layer {
                data: Some(dir.to_owned()),
                ..Layer::default()
            })
            .unwrap()
        }

        #[tokio::test]
        async fn a_second_writer_is_told_who_the_first_is() {
            let dir = tempfile::tempdir().unwrap();
            let settings = within(&dir.path().join("deep/data"));
            let first = Node::start(&settings).await.unwrap();
            assert!(!first.wants_reindex);
            let text = refusal(settings).await;
            assert!(text.contains(&std::process::id().to_string()), "{text}");
            first.chat.stop().await;
        }

        #[tokio::test]
        async fn applications_never_lose_their_key_in_silence() {
            let dir = tempfile::tempdir().unwrap();
            let settings = within(dir.path());
            let node = Node::start(&settings).await.unwrap();
            let token = node.chat.default_application().await.unwrap().token;
            node.chat.stop().await;
            drop(node);
            let (key, away) = (dir.path().join(keyfile::NAME), dir.path().join("away"));
            std::fs::rename(&key, &away).unwrap();
            let text = refusal(settings.clone()).await;
            assert!(text.contains("token.key is missing"), "{text}");
            assert!(!key.exists());
            std::fs::rename(&away, &key).unwrap();
            let node = Node::start(&settings).await.unwrap();
            assert_eq!(node.chat.default_application().await.unwrap().token, token);
        }

        #[tokio::test]
        async fn a_directory_that_cannot_be_made_is_named() {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("file"), "").unwrap();
            let text = refusal(within(&dir.path().join("file/data"))).await;
            assert!(text.contains("file/data cannot be made"), "{text}");
        }

        #[tokio::test]
        async fn there_is_nothing_to_read_before_the_first_start() {
            let dir = tempfile::tempdir().unwrap();
            let error = ReadOnly::open(&within(dir.path())).await.err().unwrap();
            assert!(
                error.to_string().contains("there is no database at"),
                "{error}"
            );
        }
    }
}
