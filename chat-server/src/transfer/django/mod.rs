//! What Django's `dumpdata` writes of a chat: users, their tokens, threads of two, messages.
//!
//! A dump is one array of objects, in whatever order. It is read several times, an object at a time: once to know that
//! all of it can be taken over, before anything is; then for users, tokens, threads and messages, because each names
//! those before it.

pub mod import;
pub mod look;
mod messages;
mod read;
pub mod row;
#[cfg(test)]
mod tests;

pub use read::{Dump, DumpError};
