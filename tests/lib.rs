//! What holds over whole backends: the core on real adapters, one file a promise in `tests/`.

pub mod proxy;
pub mod scratch;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use chat_core::commit::Post;
use chat_core::seal::Keyring;
use chat_core::text::{Body, Violation};
use chat_core::{Chat, Parts};
use chat_embedded::{SearchConfig, SqliteSearch, SqliteStore, StoreConfig};

/// The key of every backend here.
pub const KEY: [u8; 32] = [7; 32];

/// The embedded profile on files in this folder.
///
/// # Errors
/// What the files could not do.
pub async fn embedded(folder: &Path) -> Result<Chat, Box<dyn Error>> {
    let store = SqliteStore::open(StoreConfig::new(folder.join("chat.db")))?;
    let search = SqliteSearch::open(SearchConfig::new(folder.join("search.db")))?;
    let parts = Parts::new(Arc::new(store), Arc::new(search), Keyring::new(KEY));
    Ok(Chat::start(parts).await?)
}

/// A post of this text.
///
/// # Errors
/// What is wrong with the text.
pub fn post(body: &str) -> Result<Post, Violation> {
    Ok(Post {
        body: Body::parse(body)?,
        data: None,
        reply_to: None,
    })
}
