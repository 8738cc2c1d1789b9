#![doc = include_str!("../README.md")]

mod config;
mod connection;
mod counter;
mod error;
mod line;

pub use config::{Node, RedisConfig, Topology, UrlError};
pub use connection::Redis;
pub use counter::RedisCounter;
