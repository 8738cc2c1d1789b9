#![doc = include_str!("../README.md")]

mod config;
mod error;
mod store;

pub use config::{ConfigError, MysqlConfig};
pub use error::OpenError;
pub use store::MysqlStore;
