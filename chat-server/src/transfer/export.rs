//! Writes an application as lines: chat by chat, by number.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZeroU64;

use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, UserNumber};
use chat_core::model::{ChatInfo, ChatKind, Message};
use chat_core::page::{Limit, Span};
use chat_core::port::Stores;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::line;

/// Why an export ended too early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The store could not be read.
    #[error("the store cannot be read")]
    Store(#[from] BackendError),
    /// The lines could not be written.
    #[error("the lines cannot be written")]
    Write(#[from] io::Error),
    /// A message cannot be told as JSON.
    #[error("a message cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// How much was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// How many chats.
    pub chats: u64,
    /// How many messages, deleted ones included.
    pub messages: u64,
    /// How many direct chats and groups were left out.
    pub left_out: u64,
}

/// Writes every chat that exists now, each up to where it is when its turn comes; direct chats and groups `with_private` alone, for
/// lines say nothing of members. The author of a message is its user's name, or the name that was imported with it.
///
/// # Errors
/// When the store cannot be read, or the lines cannot be written.
pub async fn export(
    stores: &Stores,
    application: ApplicationId,
    with_private: bool,
    out: &mut (impl Write + Send),
    mut progress: impl FnMut(Written) + Send,
) -> Result<Written, ExportError> {
    let names = Names::read(stores, application).await?;
    let mut written = Written::default();
    let mut after = 0;
    loop {
        let chats = stores
            .chats
            .list(application, Span::After(after), Limit::MAX)
            .await?;
        for chat in chats.items {
            if chat.number.0 > names.last {
                return Ok(written);
            }
            after = chat.number.0;
            if chat.kind != ChatKind::Open && !with_private {
                written.left_out += 1;
                continue;
            }
            let number = names.number(&chat);
            write_chat(stores, &chat, number, out, &mut written, &mut progress).await?;
        }
        if !chats.more {
            return Ok(written);
        }
    }
}

async fn write_chat(
    stores: &Stores,
    chat: &ChatInfo,
    number: Option<NonZeroU64>,
    out: &mut (impl Write + Send),
    written: &mut Written,
    progress: &mut (impl FnMut(Written) + Send),
) -> Result<(), ExportError> {
    let name = chat.name.as_deref();
    if chat.head.number.0 == 0 {
        out.write_all(&line::print(name, number, None)?)?;
    }
    let mut after = 0;
    loop {
        let span = Span::After(after);
        let page = stores
            .history
            .page(chat.id, span, chat.head.number, true, Limit::MAX)
            .await?;
        let senders = senders(stores, chat.application, &page.items).await?;
        for message in &page.items {
            after = message.number.0;
            let sender = message.sender.and_then(|sender| senders.get(&sender));
            let author = sender.or(message.author_name.as_ref());
            out.write_all(&line::print(name, number, Some((message, author)))?)?;
        }
        written.messages += page.items.len() as u64;
        progress(*written);
        if !page.more {
            break;
        }
    }
    written.chats += 1;
    Ok(())
}

/// The names of those who wrote these messages.
async fn senders(
    stores: &Stores,
    application: ApplicationId,
    messages: &[Message],
) -> Result<BTreeMap<UserNumber, String>, BackendError> {
    let mut numbers: Vec<_> = messages.iter().filter_map(|one| one.sender).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let users = stores.users.users(application, &numbers).await?;
    let named = users.into_iter().map(|user| (user.number, user.username));
    Ok(named.collect())
}

/// Which names stand for one chat alone; sixteen bytes a chat.
struct Names {
    hashes: Vec<(u64, u64)>,
    last: u64,
}

impl Names {
    async fn read(stores: &Stores, application: ApplicationId) -> Result<Self, BackendError> {
        let mut names = Self {
            hashes: Vec::new(),
            last: 0,
        };
        loop {
            let chats = stores
                .chats
                .list(application, Span::After(names.last), Limit::MAX)
                .await?;
            for chat in chats.items {
                names.last = chat.number.0;
                if let Some(name) = &chat.name {
                    names.hashes.push((hash(name), chat.number.0));
                }
            }
            if !chats.more {
                names.hashes.sort_unstable();
                return Ok(names);
            }
        }
    }

    /// The number that a chat's lines carry: where its name does not tell it from all others.
    fn number(&self, chat: &ChatInfo) -> Option<NonZeroU64> {
        let is_told = chat.name.as_deref().is_some_and(|name| {
            let hash = hash(name);
            let first = self.hashes.partition_point(|(other, _)| *other < hash);
            let mut same = self.hashes[first..]
                .iter()
                .take_while(|(other, _)| *other == hash);
            same.next() == Some(&(hash, chat.number.0)) && same.next().is_none()
        });
        NonZeroU64::new(chat.number.0).filter(|_| !is_told)
    }
}

fn hash(name: &str) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(name)[..8]);
    u64::from_be_bytes(first)
}
