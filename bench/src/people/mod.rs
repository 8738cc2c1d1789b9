//! What one person waits for: the list of chats, the latest page of one, the login.

mod house;
mod lists;
mod logins;

pub(crate) use house::Ana;
pub(crate) use lists::Lists;
pub(crate) use logins::Logins;
