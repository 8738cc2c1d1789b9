//! An engine to move to.

use std::process::{Child, Stdio};

use tests::scratch::Database;
use tokio::runtime::Runtime;

use crate::program::migration;

/// A directory and an empty database.
pub(super) struct Place {
    pub(super) dir: tempfile::TempDir,
    pub(super) database: Database,
    runtime: Runtime,
}

impl Place {
    pub(super) fn on(engine: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        Self {
            dir: tempfile::tempdir().unwrap(),
            database: runtime.block_on(Database::create(engine)),
            runtime,
        }
    }

    pub(super) fn change(&self, sql: &'static str) {
        self.runtime.block_on(self.database.change(sql));
    }

    /// The command on its way, once it has written messages into the database.
    pub(super) fn in_the_middle(&self, from: &str) -> Child {
        let mut child = migration(from, &self.database.url(), false)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let tables = "SELECT COUNT(*) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = 'messages'";
        let written = "SELECT EXISTS (SELECT 1 FROM messages)";
        for look in [tables, written] {
            while self.runtime.block_on(self.database.ask(look)) == 0 {
                assert!(child.try_wait().unwrap().is_none(), "it ended too early");
            }
        }
        child
    }

    pub(super) fn messages(&self) -> i64 {
        let count = "SELECT COUNT(*) FROM messages";
        self.runtime.block_on(self.database.ask(count))
    }
}
