//! A chat server on chat-core.
fn main() {}
