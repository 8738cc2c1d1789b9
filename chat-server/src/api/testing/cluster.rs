//! Two nodes on the real engines.

use chat_core::Chat;
use tests::scratch::{Database, Indices, Keys};

use crate::config::{Layer, Settings};
use crate::wiring::Node;

/// Where the nodes of one house meet; nobody else comes there.
pub(super) struct Place {
    database: Database,
    indices: Indices,
    keys: Keys,
}

impl Place {
    pub(super) async fn new() -> Self {
        Self {
            database: Database::create("mysql").await,
            indices: Indices::of("elasticsearch"),
            keys: Keys::of("redis7"),
        }
    }

    /// Two nodes that start at once, as a server starts.
    pub(super) async fn nodes(&self) -> Vec<Chat> {
        let settings = Settings::decide(Layer {
            store: Some(self.database.url().parse().unwrap()),
            search: Some(self.indices.url().parse().unwrap()),
            queue: Some(self.keys.url().parse().unwrap()),
            token_key: Some("07".repeat(32).parse().unwrap()),
            ..Layer::default()
        })
        .unwrap();
        let (one, other) = tokio::join!(Node::start(&settings), Node::start(&settings));
        [one, other]
            .map(|node| node.unwrap_or_else(|error| panic!("{}", crate::cli::sentence(&error))))
            .map(|node| node.chat)
            .into()
    }
}
