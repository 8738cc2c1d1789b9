//! A server where somebody takes part in many chats.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chat_core::memory::MemorySearch;
use chat_core::model::ChatKind;
use chat_core::password::Password;
use chat_core::port::{Store, Stores};
use chat_core::seal::Keyring;
use chat_core::service::{NewChat, NewUser};
use chat_core::text::{Name, Username};
use chat_core::{Access, Chat, Parts};
use chat_embedded::{SqliteStore, StoreConfig};

use crate::Failure;
use crate::client::Client;
use crate::figures::Latencies;
use crate::fill::{self, KEY};

/// Whose chats they are.
pub(crate) const NAME: &str = "ana";
/// What she logs in with.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Who asks, and where.
#[derive(Debug)]
pub(crate) struct Ana {
    /// The secret of the application that she belongs to.
    pub(crate) application: String,
    session: String,
}

impl Ana {
    /// Makes a file where she takes part in so many groups with somebody who wrote all that is there, and is logged in.
    pub(crate) async fn at_home(dir: &Path, chats: usize, messages: u64) -> Result<Self, Failure> {
        let path = dir.join("chat.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(StoreConfig::new(path))?);
        let stores = Stores::from(store.clone());
        let search = Arc::new(MemorySearch::new());
        let chat = Chat::start(Parts::new(store, search, Keyring::new(KEY))).await?;
        let home = chat.default_application().await?;
        let access = Access::from(home.token);
        let mut people = Vec::new();
        for name in [NAME, "ben"] {
            let user = NewUser {
                password: Some(Password::parse(PASSWORD)?),
                ..NewUser::named(Username::parse(name)?)
            };
            people.push(chat.create_user(access, user, None).await?.value.number);
        }
        let application = chat.application_id(access).await?;
        for _ in 0..chats {
            let group = NewChat {
                kind: ChatKind::Group,
                members: people.clone(),
                ..NewChat::open(Some(Name::parse("group")?))
            };
            let made = chat.make_chat(access, group, None).await?;
            let number = made.value.chat.number;
            fill::chat(&stores, application, number, messages, &[]).await?;
        }
        let session = chat.mint_session(access, people[0], None).await?;
        chat.stop().await;
        Ok(Self {
            application: home.token.expose().to_string(),
            session: session.token.expose().to_owned(),
        })
    }

    /// So many answers to the same question, one after the other, after one that does not count.
    pub(crate) async fn asks(
        &self,
        address: SocketAddr,
        path: &str,
        times: usize,
    ) -> Result<Latencies, Failure> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
            self.session
        );
        let mut client = Client::connect(address).await?;
        let mut latencies = Latencies::default();
        for time in 0..=times {
            let start = Instant::now();
            let reply = client.exchange(request.as_bytes()).await?;
            if reply.status != 200 {
                return Err(format!("{path} was answered {}", reply.status).into());
            }
            if time > 0 {
                latencies.push(start.elapsed());
            }
        }
        Ok(latencies)
    }
}
