//! What the contract of the ports does not say: files, locks, versions, disks.

mod disk;
mod files;
mod upkeep;

use std::sync::Arc;

use chat_core::clock::Timestamp;
use chat_core::commit::{
    Batch, Command, CreateApplication, CreateChat, Done, Outcome, Post, Request, Scope, Sink,
};
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, ChatNumber, ChatUuid, PublicId, TokenHash};
use chat_core::model::ChatKind;
use chat_core::port::{Applications as _, Commit as _, Committed};
use chat_core::seal::Sealed;
use chat_core::text::{Body, Name};
use tempfile::TempDir;
use uuid::Uuid;

use super::SqliteStore;
use crate::config::StoreConfig;

const NOW: Timestamp = Timestamp(1_700_000_000_000_000);
const CHAT: ChatNumber = ChatNumber(1);

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn config(&self) -> StoreConfig {
        StoreConfig::new(self.folder.path().join("chat.db"))
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.config()).unwrap()
    }
}

async fn commit(
    store: &SqliteStore,
    scope: Scope,
    commands: Vec<Command>,
) -> Result<Committed, BackendError> {
    let requests = commands
        .into_iter()
        .map(|command| Request::new(scope, command))
        .collect();
    let sinks = vec![Sink::Index];
    store.commit(Arc::new(Batch { requests, sinks }), NOW).await
}

fn application(name: &str) -> (PublicId, Command) {
    let public_id = PublicId(Uuid::new_v4());
    let mut token = [0; 32];
    token[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    let command = Command::CreateApplication(CreateApplication {
        public_id,
        token_hash: TokenHash(token),
        token: Sealed(vec![1, 2, 3]),
        name: Name::parse(name).unwrap(),
        unique_name: true,
        is_default: false,
    });
    (public_id, command)
}

fn chat() -> Command {
    let name = Some(Name::parse("a chat").unwrap());
    Command::CreateChat(CreateChat {
        created_at: None,
        kind: ChatKind::Open,
        name,
        unique_name: false,
        members: Vec::new(),
        uuid: ChatUuid::random(),
    })
}

fn post(text: &str) -> Command {
    let post = Post {
        body: Body::parse(text).unwrap(),
        data: None,
        reply_to: None,
    };
    Command::Post(CHAT, post)
}

fn posts(count: usize) -> Vec<Command> {
    (0..count).map(|n| post(&format!("message {n}"))).collect()
}

/// An application with one chat in it.
async fn with_chat(store: &SqliteStore) -> ApplicationId {
    let (public_id, command) = application(&Uuid::new_v4().to_string());
    let made = commit(store, Scope::Root, vec![command]).await.unwrap();
    let Outcome::Done {
        done: Done::ApplicationCreated { .. },
        ..
    } = &made.outcomes[0]
    else {
        panic!("{:?}", made.outcomes);
    };
    let found = store.by_public_id(public_id).await.unwrap();
    let id = found.unwrap().id;
    commit(store, Scope::Application(id), vec![chat()])
        .await
        .unwrap();
    id
}
