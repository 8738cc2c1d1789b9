//! Plain data, a file a noun.

mod application;
mod chat;
mod chat_view;
mod device_key;
mod member;
mod message;
mod session;
mod tenant;
mod user;
mod user_view;

pub use application::Application;
pub(crate) use chat::MARKS_TOLD_UP_TO;
pub use chat::{ChatInfo, ChatKind, Direct, Pair};
pub use chat_view::ChatView;
pub use device_key::DeviceKey;
pub use member::{Member, Role};
pub use message::Message;
pub use session::Session;
pub use tenant::Tenant;
pub use user::{LastingToken, User};
pub use user_view::UserView;
