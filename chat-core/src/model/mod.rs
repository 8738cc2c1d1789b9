//! Plain data, a file a noun.

mod application;
mod chat;
mod chat_view;
mod message;
mod tenant;

pub use application::Application;
pub use chat::{ChatInfo, ChatKind};
pub use chat_view::ChatView;
pub use message::Message;
pub use tenant::Tenant;
