//! A chat backend as a library: the rules of chat, the ports it needs from the world, in-memory
//! adapters that obey the whole contract, and the conformance kit that every adapter runs. It does
//! no I/O and knows no driver and no HTTP.
//!
//! **Start in memory.** [`Chat`] is what you hold; everything below it can be swapped.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use chat_core::{Chat, Parts, text::Name};
//!
//! let chat = Chat::start(Parts::in_memory()).await?;
//! let shop = chat.create_application(Name::parse("shop")?, true, None).await?.value;
//! assert_eq!(shop.name, "shop");
//! # Ok(()) }
//! ```
//!
//! **Send.** The token gives access; chats and messages are numbered 1, 2, 3 … A key makes a retry
//! harmless. When `post` returns, the message is durable.
//!
//! ```
//! # use chat_core::{Chat, Parts, text::Name};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let chat = Chat::start(Parts::in_memory()).await?;
//! # let shop = chat.create_application(Name::parse("shop")?, true, None).await?.value;
//! use chat_core::{commit::Post, text::{Body, IdempotencyKey}};
//!
//! let room = chat.create_chat(shop.token.into(), None, None).await?.value;
//! let key = IdempotencyKey::parse("order-17")?;
//! let hello = Post { body: Body::parse("hello")?, data: None, reply_to: None };
//! let first = chat.post(shop.token.into(), room.number, hello.clone(), Some(&key)).await?;
//! let again = chat.post(shop.token.into(), room.number, hello, Some(&key)).await?;
//! assert_eq!((first.value.number.0, again.value.number.0), (1, 1));
//! assert!(again.replayed);
//! # Ok(()) }
//! ```
//!
//! **Page and follow.** Pages are keysets: their cost does not depend on the length of the history.
//! A chat's cursor and the changes after it always give what a fresh snapshot would.
//!
//! ```
//! # use chat_core::{Chat, Parts, commit::Post, text::{Body, Name}};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let chat = Chat::start(Parts::in_memory()).await?;
//! # let shop = chat.create_application(Name::parse("shop")?, true, None).await?.value;
//! # let room = chat.create_chat(shop.token.into(), None, None).await?.value;
//! use chat_core::page::{Limit, Span};
//!
//! let reader = chat.chat(shop.token.into(), room.number).await?;
//! let cursor = reader.view().cursor;
//! # let hello = Post { body: Body::parse("hello")?, data: None, reply_to: None };
//! chat.post(shop.token.into(), room.number, hello, None).await?;
//! let reader = chat.chat(shop.token.into(), room.number).await?;
//! let newest = reader.messages(Span::Before(u64::MAX), false, Limit::DEFAULT).await?;
//! let since = reader.changes(Some(cursor), Limit::DEFAULT).await?;
//! assert_eq!((newest.items.len(), since.items.len()), (1, 1));
//! # Ok(()) }
//! ```
//!
//! **Plug a backend.** A store is one `Arc<dyn Store>`; `chat-embedded` has one on SQLite.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use chat_core::{Chat, Parts, seal::Keyring};
//! use chat_core::memory::{MemorySearch, MemoryStore};
//!
//! let key = Keyring::new(Keyring::random_key()); // keep it: tokens are sealed under it
//! let parts = Parts::new(Arc::new(MemoryStore::new()), Arc::new(MemorySearch::new()), key);
//! let chat = Chat::start(parts).await?;
//! # chat.stop().await;
//! # Ok(()) }
//! ```
//!
//! **Write your own.** A port is a small trait whose documentation is the contract; the rules are
//! one pure function that your adapter calls between loading and writing. With feature `kit` the
//! cases of [`kit`](https://docs.rs/chat-core) tell you when you are done; with feature `mock`
//! every port has a mockall double.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use chat_core::error::BackendError;
//! use chat_core::port::{Bus, Event, Subscription};
//!
//! /// Carries nothing: every reader looks at the Store by itself, a little later.
//! struct NoBus(tokio::sync::broadcast::Sender<Event>);
//!
//! #[async_trait::async_trait]
//! impl Bus for NoBus {
//!     async fn publish(&self, _: &[Event]) -> Result<(), BackendError> { Ok(()) }
//!     async fn subscribe(&self) -> Result<Subscription, BackendError> {
//!         Ok(Subscription(self.0.subscribe()))
//!     }
//! }
//!
//! let mut parts = chat_core::Parts::in_memory();
//! parts.bus = std::sync::Arc::new(NoBus(tokio::sync::broadcast::channel(1).0));
//! chat_core::Chat::start(parts).await?;
//! # Ok(()) }
//! ```

pub mod bearer;
pub mod clock;
pub mod commit;
pub mod cursor;
pub mod error;
pub mod ids;
#[cfg(any(test, feature = "kit"))]
pub mod kit;
pub mod lane;
pub mod live;
pub mod memory;
pub mod model;
pub mod page;
pub mod password;
pub mod port;
pub mod queued;
pub mod recount;
pub mod seal;
pub mod service;
pub mod sink;
pub mod terms;
#[cfg(test)]
mod testing;
pub mod text;
pub mod transfer;
mod veil;

pub use service::{Access, Answer, Chat, Parts};
