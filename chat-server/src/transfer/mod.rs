//! Files of messages: JSON lines in and out.

pub mod export;
pub mod import;
pub mod line;
pub mod source;
#[cfg(test)]
mod tests;
