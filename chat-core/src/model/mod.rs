//! Plain data, a file a noun.

mod application;
mod chat;
mod message;

pub use application::Application;
pub use chat::{ChatInfo, ChatKind};
pub use message::Message;
