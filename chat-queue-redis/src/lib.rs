#![doc = include_str!("../README.md")]

mod bus;
mod config;
mod connection;
mod counter;
mod durable;
mod error;
mod line;
mod presence;
mod wire;

pub use bus::RedisBus;
pub use config::{Node, RedisConfig, Topology, UrlError};
pub use connection::Redis;
pub use counter::RedisCounter;
pub use presence::RedisPresence;
