//! What is sent here, as the document shows it.
#![expect(
    dead_code,
    reason = "these shapes are for the document; requests are read field by field"
)]

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::shapes::Id;

/// A new user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationsRegisterInput)]
pub(super) struct RegisterInput {
    /// Unique without regard to case.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"
    )]
    username: String,
    /// At most 1,024 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 1024)]
    password: String,
    #[schema(
        max_length = 254,
        pattern = r"^[^\s\x00-\x1F\x7F-\x9F]+@[^\s@\x00-\x1F\x7F-\x9F]+$"
    )]
    email: Option<String>,
    /// A URL.
    #[schema(max_length = 2048, pattern = r"^https?://[^\s\x00-\x1F\x7F-\x9F]+$")]
    profile_picture: Option<String>,
}

/// Who logs in.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ConversationsLoginInput)]
pub(super) struct LoginInput {
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"
    )]
    username: String,
    #[schema(min_length = 1, max_length = 1024)]
    password: String,
}

/// What is changed of a user; what is not sent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationsUserInput)]
pub(super) struct UserInput {
    #[schema(
        required = false,
        nullable = false,
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"
    )]
    username: Option<String>,
    #[schema(required = false, nullable = false, min_length = 1, max_length = 1024)]
    password: Option<String>,
    #[schema(
        max_length = 254,
        pattern = r"^[^\s\x00-\x1F\x7F-\x9F]+@[^\s@\x00-\x1F\x7F-\x9F]+$"
    )]
    email: Option<String>,
    #[schema(max_length = 2048, pattern = r"^https?://[^\s\x00-\x1F\x7F-\x9F]+$")]
    profile_picture: Option<String>,
}

/// A new conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ConversationInput)]
pub(super) struct ConversationInput {
    /// At least one besides yourself.
    #[schema(min_items = 1)]
    participants: Vec<Id>,
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    name: Option<String>,
}

/// Another name.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ConversationNameInput)]
pub(super) struct NameInput {
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    name: String,
}

/// A text.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ConversationsMessageInput)]
pub(super) struct MessageInput {
    /// At most 65,536 bytes of UTF-8.
    #[schema(
        min_length = 1,
        max_length = 65536,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    content: String,
}

/// Who comes in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ParticipantInput)]
pub(super) struct ParticipantInput {
    user_id: Id,
}

/// How far it is read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ConversationReadInput)]
pub(super) struct ReadInput {
    /// The number of a message in the conversation.
    #[schema(minimum = 0)]
    number: u64,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfId {
    #[param(minimum = 1)]
    id: u64,
}

/// A key.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ConversationsKeyInput)]
pub(super) struct KeyInput {
    /// Base64 (RFC 4648, section 4, with padding).
    #[schema(
        min_length = 1,
        max_length = 4096,
        pattern = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"
    )]
    key: String,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfDevice {
    /// The user's id.
    #[param(minimum = 1)]
    id: u64,
    /// What the user calls the device: visible ASCII characters.
    #[param(min_length = 1, max_length = 64, pattern = r"^[!-~]+$")]
    device: String,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfMessage {
    /// The conversation's id.
    #[param(minimum = 1)]
    id: u64,
    /// The message's id.
    #[param(minimum = 1)]
    message: u64,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfParticipant {
    /// The conversation's id.
    #[param(minimum = 1)]
    id: u64,
    /// The user's id.
    #[param(minimum = 1)]
    user: u64,
}

/// Which users.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UserPage {
    #[param(required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// A user's id.
    #[param(required = false, minimum = 0)]
    after: Option<u64>,
}

/// Which messages.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagePage {
    #[param(required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// A message's id.
    #[param(required = false, minimum = 1)]
    before: Option<u64>,
    /// A message's id, or 0 for the beginning.
    #[param(required = false, minimum = 0)]
    after: Option<u64>,
    /// Seconds to wait for something newer than `after`.
    #[param(required = false, minimum = 0, maximum = 60)]
    wait: Option<u64>,
}

/// Who opens a socket, where no header says it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SocketToken {
    /// The token of a login.
    #[param(required = false)]
    token: Option<String>,
}
