//! What is sent here, as the document shows it.
#![expect(
    dead_code,
    reason = "these shapes are for the document; requests are read field by field"
)]

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::shapes::Id;

/// A new user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RpcUserInput)]
pub(super) struct UserInput {
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"
    )]
    username: String,
}

/// A new chat.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RpcChatInput)]
pub(super) struct ChatInput {
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    name: String,
    #[schema(min_items = 1)]
    users: Vec<Id>,
}

/// A new message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RpcMessageInput)]
pub(super) struct MessageInput {
    chat: Id,
    author: Id,
    /// The text, at most 65,536 bytes of UTF-8.
    #[schema(
        min_length = 1,
        max_length = 65536,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    text: String,
}

/// Whose chats.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RpcOfUser)]
pub(super) struct OfUser {
    user: Id,
}

/// Which chat's messages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RpcOfChat)]
pub(super) struct OfChat {
    chat: Id,
}
