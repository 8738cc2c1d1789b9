#![doc = include_str!("../README.md")]

mod config;
mod error;
mod notifier;
mod signature;
#[cfg(test)]
mod tests;

pub use config::{ConfigError, HttpConfig};
pub use notifier::HttpNotifier;
