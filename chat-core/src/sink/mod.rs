//! Sinks: derived copies that follow the Store, one file a sink.

mod announcer;
mod counts;
mod index;
mod push;
#[cfg(test)]
mod tests;

pub use announcer::Announcer;
pub use counts::CountFeed;
pub(crate) use counts::key as count_key;
pub use index::{Followed, Indexer, Rebuild};
pub(crate) use push::Pusher;
