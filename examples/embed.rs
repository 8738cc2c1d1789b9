//! Chat inside your own program: two crates, one file on disk, no server.
//!
//! `cargo run -p examples --example embed`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use chat_core::commit::Post;
use chat_core::page::{Limit, Span};
use chat_core::seal::Keyring;
use chat_core::text::{Body, Name};
use chat_core::{Access, Chat, Parts};
use chat_embedded::{SearchConfig, SqliteSearch, SqliteStore, StoreConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // Keep the key in your configuration: tokens are sealed under it.
    let key = Keyring::random_key();
    let token = talk(folder.path(), key).await?;
    for line in remember(folder.path(), key, token).await? {
        println!("{line}");
    }
    Ok(())
}

async fn open(folder: &Path, key: [u8; 32]) -> Result<Chat, Box<dyn Error>> {
    let store = SqliteStore::open(StoreConfig::new(folder.join("chat.db")))?;
    let search = SqliteSearch::open(SearchConfig::new(folder.join("search.db")))?;
    let parts = Parts::new(Arc::new(store), Arc::new(search), Keyring::new(key));
    Ok(Chat::start(parts).await?)
}

async fn talk(folder: &Path, key: [u8; 32]) -> Result<Access, Box<dyn Error>> {
    let chat = open(folder, key).await?;
    let name = Name::parse("shop")?;
    let shop = chat.create_application(name, true, None).await?.value;
    let access = Access::from(shop.token);
    let room = chat.create_chat(access, None, None).await?.value;
    for text in ["Is it in stock?", "Yes, three of them."] {
        let body = Body::parse(text)?;
        let post = Post {
            body,
            data: None,
            reply_to: None,
        };
        chat.post(access, room.number, post, None).await?;
    }
    chat.stop().await;
    Ok(access)
}

/// What was said is there after a restart.
async fn remember(
    folder: &Path,
    key: [u8; 32],
    access: Access,
) -> Result<Vec<String>, Box<dyn Error>> {
    let chat = open(folder, key).await?;
    let room = chat.chat(access, "1".parse()?).await?;
    let page = room.messages(Span::After(0), false, Limit::DEFAULT).await?;
    let lines = page.items.iter();
    let lines = lines
        .map(|message| format!("{}. {}", message.number, message.body))
        .collect();
    chat.stop().await;
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_said_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let key = Keyring::random_key();
        let access = talk(folder.path(), key).await.unwrap();
        let lines = remember(folder.path(), key, access).await.unwrap();
        assert_eq!(lines, ["1. Is it in stock?", "2. Yes, three of them."]);
    }
}
