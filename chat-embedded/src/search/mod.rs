//! The search index: SQLite FTS5 in a file of its own.

mod copy;
mod file;
mod find;
mod put;
mod readers;
#[cfg(test)]
mod tests;
mod writer;

use async_trait::async_trait;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ChatId, Epoch};
use chat_core::port::{Document, Hit, Search, SearchQuery};

use self::file::{IndexFile, Mode};
use self::readers::Readers;
use self::writer::Writer;
use crate::SearchConfig;
use crate::error::{failure, translate, translate_io};

/// A search index in one file, with one writing thread and a few readers.
///
/// The index is a copy and can be made again: a file that is no index, or one of another version,
/// is replaced by an empty one, which was [built from](Search::built_from) no store yet.
pub struct SqliteSearch {
    writer: Writer,
    readers: Readers,
}

impl SqliteSearch {
    /// Opens the index, and makes it if there is none.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be opened or made.
    pub fn open(config: SearchConfig) -> Result<Self, BackendError> {
        // A copy that did not take its place is of no use.
        file::remove(&writer::copy_path(&config.path)).map_err(translate_io("open"))?;
        let index = IndexFile::open(&config, Mode::Live).map_err(translate("open"))?;
        let readers = Readers::new(&config);
        let writer = Writer::start(config, index).map_err(translate_io("open"))?;
        Ok(Self { writer, readers })
    }

    /// Closes the file, after what was asked before.
    ///
    /// # Errors
    /// `Unavailable` when SQLite could not tidy up; nothing is lost.
    pub async fn close(self) -> Result<(), BackendError> {
        drop(self.readers.pause("close").await?);
        self.writer.close().await
    }
}

#[async_trait]
impl Search for SqliteSearch {
    async fn put(&self, documents: &[Document]) -> Result<(), BackendError> {
        self.writer.put(documents.to_vec()).await
    }

    async fn query(&self, query: &SearchQuery) -> Result<Vec<Hit>, BackendError> {
        let query = query.clone();
        self.readers
            .read("query", move |db| find::find(db, &query))
            .await
    }

    async fn erase(&self, chat: ChatId) -> Result<(), BackendError> {
        self.writer.erase(chat).await
    }

    async fn refresh(&self) -> Result<(), BackendError> {
        // A batch is committed before its put is answered, and every question reads anew.
        Ok(())
    }

    async fn rebuild(&self) -> Result<(), BackendError> {
        self.writer.rebuild().await
    }

    async fn refill(&self, documents: &[Document]) -> Result<(), BackendError> {
        self.writer.refill(documents.to_vec()).await
    }

    async fn swap(&self, epoch: Epoch) -> Result<(), BackendError> {
        let nobody_reads = self.readers.pause("swap").await?;
        self.writer.swap(epoch, nobody_reads).await
    }

    async fn built_from(&self) -> Result<Option<Epoch>, BackendError> {
        self.readers.read("built_from", file::built_from).await
    }

    async fn ready(&self) -> Result<(), BackendError> {
        if !self.writer.is_running() {
            return Err(failure(ErrorKind::Internal, "ready"));
        }
        self.readers
            .read("ready", |db| {
                db.prepare_cached("SELECT 1 FROM docs")?.exists([])
            })
            .await?;
        Ok(())
    }
}
