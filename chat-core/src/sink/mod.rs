//! Sinks: derived copies that follow the Store, one file a sink.

mod announcer;
mod index;
#[cfg(test)]
mod tests;

pub use announcer::Announcer;
pub use index::{Followed, Indexer, Rebuild};
