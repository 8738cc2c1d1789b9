//! What happens in chats, told to those who are connected, as it happens.
//!
//! A [`Listener`] is one socket, or whatever else stays connected. It follows chats, from cursors on, and is told [`News`] in the order
//! in which they may be shown. There is no transport here and no format: a door asks [`Shared::encoded`] for its own, which is made once
//! however many sockets it goes to.
//!
//! ```
//! # use chat_core::{Access, Chat, Parts, commit::Post, text::{Body, Name}};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let chat = Chat::start(Parts::in_memory()).await?;
//! # let shop = chat.create_application(Name::parse("shop")?, true, None).await?.value;
//! # let access = Access::from(shop.token);
//! # let room = chat.create_chat(access, None, None).await?.value;
//! # let hello = Post { body: Body::parse("hello")?, data: None, reply_to: None };
//! use chat_core::live::{Ear, News, Rest};
//!
//! let listener = chat.listen(Ear::of(access)).await?;
//! listener.follow(&[(room.number, Some(room.cursor))], Rest::Later).await?;
//! assert!(matches!(listener.next().await, News::CaughtUp));
//! chat.post(access, room.number, hello, None).await?;
//! let News::Batch(batch) = listener.next().await else { panic!() };
//! assert_eq!(batch.encoded(|batch| format!("{} new", batch.items.len())), "1 new");
//! # Ok(()) }
//! ```

mod attendance;
mod batch;
mod companions;
mod hub;
mod listener;
mod news;
mod people;
mod presence;
mod queue;
mod room;
mod seat;
mod seats;
mod shared;
mod tail;
#[cfg(test)]
mod tests;
mod waits;

use std::time::Duration;

pub use attendance::Attendance;
pub use batch::Batch;
pub use listener::{Ear, Listener, Rest, network_of};
pub use news::{Bye, Joined, Marked, News, Sighting, Typing};
pub use shared::Shared;

pub(crate) use hub::Hub;
pub(crate) use presence::Presences;

/// How much may be connected and wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveLimits {
    /// How many listeners one user may have on a node.
    pub per_user: usize,
    /// How many listeners may come from one address to a node.
    pub per_address: usize,
    /// How many news may wait for one listener. Typing goes first when there are more, then the listener.
    pub waiting: usize,
    /// How many bytes of texts may wait for one listener, before the last batch.
    pub waiting_bytes: usize,
    /// Of how many users one listener may be told whether they are there.
    pub watched: usize,
    /// How long a user is there after the last connection ended: who comes back in time never left.
    pub grace: Duration,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            per_user: 20,
            per_address: 20_000,
            waiting: 256,
            waiting_bytes: 1 << 20,
            watched: 200,
            grace: Duration::from_secs(15),
        }
    }
}
