//! What the adapters can be told.

use std::path::PathBuf;

/// How a [`SqliteStore`](crate::SqliteStore) is opened.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The database file. Beside it stand its log (`-wal`, `-shm`) and the writer's lock (`.lock`).
    pub path: PathBuf,
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// After how many pages (4 KiB each) the log is copied into the database.
    pub checkpoint_pages: u32,
    /// How many reads run at once.
    pub readers: usize,
    /// The most memory that the writer's page cache takes, in KiB.
    pub writer_cache_kib: u32,
    /// The most memory that each reader's page cache takes, in KiB.
    pub reader_cache_kib: u32,
    /// Where the process kills itself, to test what a crash there leaves: `after-commit`,
    /// `during-checkpoint` or `during-backup`.
    #[cfg(feature = "failpoints")]
    pub failpoint: Option<String>,
}

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Until it is on disk: a power cut loses nothing that was acknowledged.
    #[default]
    Full,
    /// Until the operating system has it: a power cut loses the last moments, a killed process
    /// nothing.
    Normal,
}

impl StoreConfig {
    /// The defaults for this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            synchronous: Synchronous::Full,
            checkpoint_pages: 16_000,
            readers: 4,
            writer_cache_kib: 16 * 1_024,
            reader_cache_kib: 2 * 1_024,
            #[cfg(feature = "failpoints")]
            failpoint: None,
        }
    }
}

/// How a [`SqliteSearch`](crate::SqliteSearch) is opened.
#[derive(Debug, Clone)]
pub struct SearchConfig {
    /// The index file. Beside it stand its log (`-wal`, `-shm`) and, while it is rebuilt, the copy
    /// that is to take its place (`.copy`).
    pub path: PathBuf,
    /// How many questions are answered at once.
    pub readers: u32,
    /// The most memory that the writer's page cache takes, in KiB.
    pub writer_cache_kib: u32,
    /// The most memory that each reader's page cache takes, in KiB.
    pub reader_cache_kib: u32,
}

impl SearchConfig {
    /// The defaults for this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 4,
            writer_cache_kib: 8 * 1_024,
            reader_cache_kib: 4 * 1_024,
        }
    }
}
