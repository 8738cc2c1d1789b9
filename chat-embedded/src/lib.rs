#![doc = include_str!("../README.md")]

mod config;
mod error;
mod search;
mod store;

pub use config::{SearchConfig, StoreConfig, Synchronous};
pub use error::OpenError;
pub use search::SqliteSearch;
pub use store::{Report, SqliteStore};
