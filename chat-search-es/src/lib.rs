#![doc = include_str!("../README.md")]

mod bulk;
mod client;
mod config;
mod error;
mod find;
mod index;
mod search;
#[cfg(test)]
mod tests;

pub use config::{ConfigError, EsConfig};
pub use search::EsSearch;
