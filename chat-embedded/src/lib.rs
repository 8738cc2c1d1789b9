#![doc = include_str!("../README.md")]

mod config;
mod error;
mod store;

pub use config::{StoreConfig, Synchronous};
pub use error::OpenError;
pub use store::{Report, SqliteStore};
