//! What all doors share: sockets, limits, request ids, problems, figures, long answers.

pub mod accept;
pub mod access_log;
pub mod auth;
pub mod body;
pub mod call;
pub mod connection;
mod cors;
pub mod door;
pub mod front;
pub mod host;
pub mod input;
pub mod leaf;
pub mod list;
pub mod listener;
pub mod metrics;
mod near;
pub mod paging;
pub mod path;
pub mod problem;
pub mod query;
pub mod rate;
pub mod reply;
pub mod request_id;
pub mod sse;
pub mod stream;
pub mod tree;

#[cfg(test)]
pub(crate) mod testing;
