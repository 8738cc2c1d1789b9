//! What a batch works on: applications, users, chats and members as the commands so far have left them.

mod application;
mod chat;
mod devices;
mod imports;
mod marks;
mod members;
mod users;

pub(super) use application::WorkingApplication;
pub(super) use chat::WorkingChat;
pub(super) use marks::READ_SINGLY;
pub(super) use members::Right;
