//! What is sent to create and change users, sessions, members and marks, as the document shows it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What a member may do in a chat.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::applications) enum MemberRole {
    /// Everything a member may, and say who takes part, rename the chat, delete any message.
    Owner,
    /// Read, post, edit and delete what it posted.
    Member,
    /// Read.
    Reader,
}

/// A new user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::applications) struct UserInput {
    /// What it is called by; no other user of the application has the same one, whatever its case.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"
    )]
    username: String,
    /// What it is shown as.
    #[schema(
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    display_name: Option<String>,
    /// The URL of its picture.
    #[schema(
        required = false,
        max_length = 2048,
        pattern = r"^https?://[^\s\x00-\x1F\x7F-\x9F]+$"
    )]
    picture: Option<String>,
    /// Its password, at most 1,024 bytes of UTF-8; without one the application has to log it in.
    #[schema(required = false, min_length = 1, max_length = 1024)]
    password: Option<String>,
}

/// What is to be changed of a user; null takes away what may be missing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::applications) struct UserPatch {
    /// What it is called by.
    #[schema(
        required = false,
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"
    )]
    username: String,
    /// What it is shown as.
    #[schema(
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    display_name: Option<String>,
    /// The URL of its picture.
    #[schema(
        required = false,
        max_length = 2048,
        pattern = r"^https?://[^\s\x00-\x1F\x7F-\x9F]+$"
    )]
    picture: Option<String>,
    /// Another password: every session of the user ends but the one in which this is asked.
    #[schema(required = false, nullable = false, min_length = 1, max_length = 1024)]
    password: String,
}

/// A login with a name and a password, or, with the application's token, one of a user by its number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::applications) enum SessionInput {
    Login(LoginInput),
    Minted(MintedInput),
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::applications) struct LoginInput {
    #[schema(min_length = 1)]
    username: String,
    #[schema(min_length = 1, max_length = 1024)]
    password: String,
    /// Where from, for the list of sessions.
    #[schema(
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    device: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::applications) struct MintedInput {
    /// The number of the user.
    #[schema(minimum = 1)]
    user: u64,
    /// Where from, for the list of sessions.
    #[schema(
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    device: Option<String>,
}

/// Users for a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::applications) struct MembersInput {
    /// Their numbers; all of them come in, or none.
    #[schema(min_items = 1, max_items = 1000)]
    members: Vec<u64>,
    /// What they may do; member unless something else is said.
    #[schema(required = false, value_type = Option<MemberRole>)]
    role: Option<MemberRole>,
}

/// What is to be changed of a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub(in crate::api::applications) struct MemberPatch {
    /// What it may do; those who own the group say it.
    #[schema(required = false, nullable = false, value_type = MemberRole)]
    role: MemberRole,
    /// Whether it wants to be left alone by this chat; it says so itself.
    #[schema(required = false, nullable = false)]
    muted: bool,
}

/// How far a chat was received and read; what is lower than before changes nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub(in crate::api::applications) struct MarkInput {
    /// Everything up to this message was received.
    #[schema(required = false, nullable = false, minimum = 0)]
    delivered: u64,
    /// Everything up to this message was read, and so received.
    #[schema(required = false, nullable = false, minimum = 0)]
    read: u64,
}

/// Where whoever asks stands in his chats.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::applications) struct SyncInput {
    /// A cursor of each chat, by its number; at most 500.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    cursors: std::collections::BTreeMap<u64, String>,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::api::applications) struct InUser {
    /// The application's token, or its public id beside a session.
    app: Uuid,
    /// The user's number.
    #[param(minimum = 1)]
    user: u64,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::api::applications) struct InSession {
    /// The application's token, or its public id beside a session.
    app: Uuid,
    /// The session's id.
    session: Uuid,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::api::applications) struct InMember {
    /// The application's token, or its public id beside a session.
    app: Uuid,
    /// The chat's number.
    #[param(minimum = 1)]
    chat: u64,
    /// The number of the user.
    #[param(minimum = 1)]
    user: u64,
}

/// In whose name.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub(in crate::api::applications) struct ForUser {
    /// The number of the user in whose name the token asks; a session may name its own user alone.
    #[param(rename = "As-User", required = false, minimum = 1)]
    as_user: Option<u64>,
}

/// Which user.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api::applications) struct UserNamed {
    /// Only the one of this name, whatever its case; not together with a page.
    #[param(required = false)]
    username: Option<String>,
}

/// Which page of the list of sessions.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api::applications) struct PagedByOpening {
    /// The most that the page may hold; 1,000 unless it is said.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Only what comes behind this place, which the `Link` of the page before tells.
    #[param(required = false, pattern = r"^-?[0-9]+\.[0-9a-f-]{36}$")]
    after: Option<String>,
}

/// What becomes of what a user wrote.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api::applications) struct Erasing {
    /// With `true` all his messages are deleted first, wherever he wrote them; unless it is said they stay, without an author.
    #[param(required = false)]
    erase: Option<bool>,
}

/// Which users.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api::applications) struct UsersAsked {
    /// Up to 200 numbers of users, with commas between them.
    #[param(pattern = "^[1-9][0-9]*(,[1-9][0-9]*)*$", example = "1,2")]
    users: String,
}

/// Which page of a list that has the latest first.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api::applications) struct PagedByActivity {
    /// The most that the page may hold; 50 unless it is said.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Only what comes behind this place, which the `Link` of the page before tells.
    #[param(required = false, pattern = r"^-?[0-9]+\.[1-9][0-9]*$")]
    after: Option<String>,
}
