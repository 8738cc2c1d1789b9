//! The OpenAPI document of this API: what is sent, and the errors that every operation can answer with.
#![expect(
    dead_code,
    reason = "these shapes are for the document; requests are read field by field"
)]

use serde::{Deserialize, Serialize};
use utoipa::openapi::OpenApi as Document;
use utoipa::{IntoParams, Modify, OpenApi, ToSchema};
use uuid::Uuid;

use super::status::ErrorJson;
use super::{application, changes, chats, info, messages, search};
use crate::api::document::{ErrorAnswer, add_errors, add_links, every_operation, loosen};
use crate::http::accept::PROBLEM;
use crate::http::problem::Problem;

/// Who takes part in a chat.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChatKind {
    /// Whoever holds the application's token.
    Open,
}

/// A name, flat or in an object of its own; also read from a form or from the query.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ApplicationInput {
    Flat(ApplicationName),
    Nested { application: ApplicationName },
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ApplicationName {
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    name: String,
}

/// A new chat, flat or in an object of its own; an empty body asks for an open one without a name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ChatInput {
    Flat(ChatFields),
    Nested { chat: ChatFields },
}

/// What a new chat is like; `members`, and kinds that need users, are refused until there are users.
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
    /// What is around this number; not together with another place.
    #[param(required = false, minimum = 0)]
    around: Option<u64>,
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
    /// Words, parts of words, phrases in quotes; all are required. Nothing finds nothing.
    #[param(required = false)]
    query: Option<String>,
    /// In which order: newest or relevance.
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
    /// Words, parts of words, phrases in quotes; all are required. Nothing finds nothing.
    #[param(required = false)]
    query: Option<String>,
    /// Only in the chat with this number.
    #[param(required = false, minimum = 1)]
    chat: Option<u64>,
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

/// Makes a command happen once.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Keyed {
    /// The same key again answers what the first request was answered.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    idempotency_key: Option<String>,
}

#[derive(OpenApi)]
#[openapi(
    paths(
        application::list, application::create, application::get, application::replace,
        application::update, application::delete, info::capabilities, info::limits,
        chats::list, chats::create, chats::get, chats::update, chats::delete,
        changes::changes, search::search, search::search_anywhere,
        messages::list, messages::create, messages::get, messages::replace, messages::update,
        messages::delete,
    ),
    components(schemas(Problem, ErrorJson)),
    modifiers(&Complete),
)]
pub(super) struct Api;

/// Adds to each operation the errors that it can answer with, and where to go on from what it made.
struct Complete;

impl Modify for Complete {
    fn modify(&self, document: &mut Document) {
        for (path, method, operation) in every_operation(document) {
            let (native, forms): (bool, &[_]) = match is_native(path, method) {
                true => (true, &[(PROBLEM, "Problem")]),
                false => (
                    false,
                    &[(PROBLEM, "Problem"), ("application/json", "ErrorJson")],
                ),
            };
            let errors = possible(path, method, native);
            let answer = |(status, words)| ErrorAnswer {
                status,
                words,
                forms,
            };
            add_errors(operation, errors.into_iter().map(answer));
        }
        loosen(
            document,
            &["ApplicationInput", "ChatInput", "MessageInput", "ErrorJson"],
            &["create_chat"],
        );
        link(document);
    }
}

/// Whether the original API does not have it.
fn is_native(path: &str, method: &str) -> bool {
    let word = path.rsplit('/').next().unwrap_or_default();
    matches!(word, "changes" | "limits" | "capabilities")
        || word == "{chat}" && method == "patch"
        || path.ends_with("{app}/search")
}

fn possible(path: &str, method: &str, native: bool) -> Vec<(&'static str, &'static str)> {
    let inside = path.contains("{app}");
    let sends = matches!(method, "post" | "put" | "patch");
    let reads_query = native || path.ends_with("/chats") || path.contains("/messages");
    let needs_admin =
        path.ends_with("/applications") || path.ends_with("{app}") && method == "delete";
    let follows = path.ends_with("/changes");
    [
        (
            "400",
            "The request cannot be understood",
            sends || reads_query,
        ),
        (
            "401",
            if needs_admin {
                "The admin key is needed"
            } else {
                "The session in Authorization is not known"
            },
            needs_admin || inside,
        ),
        (
            "403",
            "This is allowed to nobody",
            path.ends_with("{app}") && method == "delete",
        ),
        (
            "404",
            "There is no such thing, or no such user as As-User names",
            inside,
        ),
        ("406", "No form of the answer is acceptable", follows),
        ("408", "The body came too slowly", sends),
        ("410", "The cursor's past is gone: take a snapshot", follows),
        ("413", "The body is too large", sends),
        ("415", "The content type is not read here", sends),
        ("422", "A value is not allowed", sends),
        ("429", "Too many requests", inside || sends),
        ("500", "The server is at fault", true),
        ("503", "Not available now", true),
    ]
    .into_iter()
    .filter_map(|(status, words, applies)| applies.then_some((status, words)))
    .collect()
}

fn link(document: &mut Document) {
    let application = [("app", "$response.body#/token")];
    add_links(
        document,
        "create_application",
        "201",
        &application,
        &[
            "get_application",
            "replace_application",
            "update_application",
            "delete_application",
            "get_limits",
            "search_application",
            "list_chats",
            "create_chat",
        ],
    );
    let chat = [
        ("app", "$request.path.app"),
        ("chat", "$response.body#/number"),
    ];
    add_links(
        document,
        "create_chat",
        "201",
        &chat,
        &[
            "get_chat",
            "update_chat",
            "delete_chat",
            "follow_chat",
            "list_messages",
            "post_message",
            "search_messages",
        ],
    );
    let message = [
        ("app", "$request.path.app"),
        ("chat", "$request.path.chat"),
        ("message", "$response.body#/number"),
    ];
    add_links(
        document,
        "post_message",
        "201",
        &message,
        &[
            "get_message",
            "replace_message",
            "update_message",
            "delete_message",
        ],
    );
}
