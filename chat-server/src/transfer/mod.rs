//! Files of messages: JSON lines in and out.

pub mod export;
pub mod identity;
pub mod import;
mod known;
pub mod line;
pub mod source;
mod targets;
#[cfg(test)]
mod tests;
