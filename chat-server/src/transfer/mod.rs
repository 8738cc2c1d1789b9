//! Files of messages: JSON lines in and out, and dumps of another system in.

pub mod django;
pub mod export;
pub mod identity;
pub mod import;
mod known;
pub mod line;
pub mod source;
mod targets;
#[cfg(test)]
mod tests;
