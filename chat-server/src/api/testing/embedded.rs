//! One node on files of its own.

use chat_core::Chat;
use tempfile::TempDir;

use crate::config::{Layer, Settings};
use crate::wiring::Node;

/// The folder of the files.
pub(super) struct Place(TempDir);

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A node that starts as a server does.
    pub(super) async fn node(&self) -> Chat {
        let settings = Settings::decide(Layer {
            data: Some(self.0.path().to_owned()),
            ..Layer::default()
        });
        let node = Node::start(&settings.unwrap()).await;
        let node = node.unwrap_or_else(|error| panic!("{}", crate::cli::sentence(&error)));
        node.chat
    }
}
