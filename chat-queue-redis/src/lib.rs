#![doc = include_str!("../README.md")]

mod asked;
mod bus;
mod config;
mod connection;
mod counter;
mod dead;
mod durable;
mod ear;
mod error;
mod line;
mod presence;
mod queue;
mod scripts;
mod wire;

pub use bus::RedisBus;
pub use config::{Node, RedisConfig, Topology, UrlError};
pub use connection::Redis;
pub use counter::RedisCounter;
pub use presence::RedisPresence;
pub use queue::RedisQueue;
