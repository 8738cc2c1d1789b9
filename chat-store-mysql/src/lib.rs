#![doc = include_str!("../README.md")]

mod config;
mod error;
mod store;

pub use config::MysqlConfig;
pub use error::OpenError;
pub use store::MysqlStore;
