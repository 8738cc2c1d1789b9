//! A chat server on chat-core: settings, sockets, and the APIs that turn HTTP into calls of the core.

pub mod api;
pub mod cli;
pub mod config;
mod figures;
pub mod http;
pub mod keyfile;
pub mod live;
pub mod log;
pub mod page;
pub mod transfer;
mod watch;
pub mod wiring;
