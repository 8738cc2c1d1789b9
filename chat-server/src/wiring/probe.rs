use std::sync::Arc;

use async_trait::async_trait;
use chat_core::Chat;
use chat_core::port::Queue;

use crate::api::ops::{Probe, Working};
use crate::config::BackendUrl;

pub(super) struct StoreProbe {
    pub(super) chat: Chat,
    pub(super) url: BackendUrl,
}

pub(super) struct SearchProbe {
    pub(super) chat: Chat,
    pub(super) url: BackendUrl,
}

pub(super) struct QueueProbe {
    pub(super) queue: Arc<dyn Queue>,
    pub(super) url: BackendUrl,
}

pub(super) struct NotifyProbe {
    pub(super) chat: Chat,
    pub(super) url: BackendUrl,
}

type Checked = Result<Working, Box<dyn std::error::Error + Send + Sync>>;

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
        self.chat.store_ready().await?;
        Ok(Working::Wholly)
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
        self.chat.search_ready().await?;
        Ok(match self.chat.index_is_whole().await? {
            true => Working::Wholly,
            false => Working::Incompletely,
        })
    }
}

#[async_trait]
impl Probe for QueueProbe {
    fn role(&self) -> &'static str {
        "queue"
    }

    fn backend(&self) -> String {
        self.url.scheme().to_owned()
    }

    /// Without it writes are committed directly, and what other nodes write is heard of a second later.
    fn is_vital(&self) -> bool {
        false
    }

    async fn check(&self) -> Checked {
        self.queue.depth().await?;
        Ok(Working::Wholly)
    }
}

#[async_trait]
impl Probe for NotifyProbe {
    fn role(&self) -> &'static str {
        "notify"
    }

    fn backend(&self) -> String {
        self.url.scheme().to_owned()
    }

    /// What is to be told waits in the store.
    fn is_vital(&self) -> bool {
        false
    }

    /// Nothing is sent to find out: it works as long as the last attempt did.
    async fn check(&self) -> Checked {
        self.chat.notifier_ready()?;
        Ok(Working::Wholly)
    }
}
