//! What is sent here, as the document shows it: bodies, parameters, and errors on the paths of the original API.
#![expect(
    dead_code,
    reason = "these shapes are for the document; requests are read field by field"
)]

mod people;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::problem::Code;

pub(super) use people::{
    Erasing, ForUser, InMember, InSession, InUser, MarkInput, MemberPatch, MemberRole,
    MembersInput, PagedByActivity, PagedByOpening, SessionInput, SyncInput, UserInput, UserNamed,
    UserPatch, UsersAsked,
};

/// Who takes part in a chat.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChatKind {
    /// Whoever holds the application's token.
    Open,
    /// Two users; each two have one such chat.
    Direct,
    /// Its members.
    Group,
}

/// A new chat, flat or in an object of its own; an empty body asks for an open one without a name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ChatInput {
    Flat(ChatFields),
    Nested { chat: ChatFields },
}

/// What a new chat is like. Whoever asks takes part in it, if it is a user, and owns a group.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatFields {
    #[schema(value_type = Option<ChatKind>, required = false)]
    kind: Option<ChatKind>,
    #[schema(
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    name: Option<String>,
    /// The numbers of those who take part: two in a direct chat, which has no name; at least one in a group, which has no others
    /// than these and whoever asks; none in an open one.
    #[schema(required = false, max_items = 1000, value_type = Option<Vec<u64>>)]
    members: Option<Vec<u64>>,
}

/// A chat's new name; null takes it away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatPatch {
    #[schema(
        required = true,
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    name: Option<String>,
}

/// A message, flat or in an object of its own; also read from a form or from the query.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum MessageInput {
    Flat(MessageFields),
    Nested { message: MessageFields },
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct MessageFields {
    /// The text, at most 65,536 bytes of UTF-8.
    #[schema(
        min_length = 1,
        max_length = 65536,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    body: String,
    /// What the host keeps beside it, at most 4,096 bytes of JSON; null in a change takes it away.
    #[schema(required = false, value_type = Option<Object>)]
    data: Option<serde_json::Value>,
    /// The number of the message that it answers.
    #[schema(required = false, minimum = 1)]
    reply_to: Option<u64>,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InApplication {
    /// The application's token.
    app: Uuid,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InChat {
    /// The application's token.
    app: Uuid,
    /// The chat's number.
    #[param(minimum = 1)]
    chat: u64,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InMessage {
    /// The application's token.
    app: Uuid,
    /// The chat's number.
    #[param(minimum = 1)]
    chat: u64,
    /// The message's number.
    #[param(minimum = 1)]
    message: u64,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InOperation {
    /// The application's token.
    app: Uuid,
    /// The operation's id.
    operation: Uuid,
}

/// How the caller would like to be answered.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Preferring {
    /// `respond-async` (RFC 7240): where writes go through a queue that outlives a crash, the answer is 202 at once.
    #[param(rename = "Prefer", required = false, example = "respond-async")]
    prefer: Option<String>,
}

/// Which page of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paged {
    /// The most that the page may hold; 50 when only a place is given.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Only what comes after this number; not together with another place.
    #[param(required = false, minimum = 0)]
    after: Option<u64>,
    /// Only what comes before this number; not together with another place.
    #[param(required = false, minimum = 0)]
    before: Option<u64>,
    /// What is around this number, so much older as newer, and more of the one where the other ends; not together with
    /// another place.
    #[param(required = false, minimum = 0)]
    around: Option<u64>,
}

/// Which page of the list of applications.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PagedForward {
    /// The most that the page may hold; 50 when only a place is given.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Only what comes after this place, which the `Link` of the page before tells; 0 is the beginning.
    #[param(required = false, minimum = 0)]
    after: Option<u64>,
}

/// What a list of messages shows.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Tombstones {
    /// With 1 deleted messages are shown too.
    #[param(required = false, minimum = 0, maximum = 1)]
    tombstones: Option<u8>,
}

/// What is searched for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Words, parts of words, phrases in quotes; all are required. A piece of one or two letters finds the beginnings
    /// of words only, a longer one any part of a word. Emoji and symbols (`+`, `$`, `€`) are found, punctuation only
    /// inside words. Nothing finds nothing.
    #[param(required = false)]
    query: Option<String>,
    /// In which order: newest or relevance. By relevance there is one page only, of at most `limit` messages, the best
    /// matches, and never a next one: no `Link`, and `before` does not lead further.
    #[param(required = false, pattern = "^(newest|relevance)$")]
    sort: Option<String>,
    /// The most that the page may hold.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Only what comes before this number.
    #[param(required = false, minimum = 0)]
    before: Option<u64>,
}

/// What is searched for, in all chats or in one.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchAnywhereQuery {
    /// Words, parts of words, phrases in quotes; all are required. A piece of one or two letters finds the beginnings
    /// of words only, a longer one any part of a word. Emoji and symbols (`+`, `$`, `€`) are found, punctuation only
    /// inside words. Nothing finds nothing.
    #[param(required = false)]
    query: Option<String>,
    /// Only in the chat with this number.
    #[param(required = false, minimum = 1)]
    chat: Option<u64>,
    /// Only what the user with this number wrote.
    #[param(required = false, minimum = 1)]
    author: Option<u64>,
    /// The most that the page may hold.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Only what comes behind the page whose `next` this is; in one chat, before this number.
    #[param(required = false, minimum = 0)]
    before: Option<u64>,
}

/// From where on, how many, and how long to wait.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ChangesQuery {
    /// A cursor of this chat; without it, from now on.
    #[param(required = false)]
    after: Option<String>,
    /// The most that the page may hold.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Seconds to wait for something to happen.
    #[param(required = false, minimum = 0, maximum = 60)]
    wait: Option<u16>,
}

/// What an error answer on a path of the original API holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ErrorJson {
    /// What is missing or wrong, and for programs why.
    Error {
        error: String,
        #[schema(required = false)]
        code: Option<Code>,
    },
    /// What is wrong with each field.
    Fields(BTreeMap<String, Vec<String>>),
}
