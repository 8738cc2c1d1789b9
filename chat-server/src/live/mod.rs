//! Live connections: the way into WebSocket (RFC 6455), and one task a socket. What is told and understood there doors say.

pub(crate) mod frames;
pub(crate) mod handshake;
mod over;
mod pace;
pub(crate) mod socket;
pub(crate) mod talk;
#[cfg(test)]
mod tests;

pub(crate) use over::Over;
pub use pace::Pace;
pub(crate) use pace::time_to_return;
