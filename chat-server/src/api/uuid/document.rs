//! The OpenAPI document of this API: what is sent, and the errors that every operation can answer with.
#![expect(
    dead_code,
    reason = "these shapes are for the document; requests are read field by field"
)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::OpenApi as Document;
use utoipa::{IntoParams, Modify, OpenApi, ToSchema};
use uuid::Uuid;

use super::{applications, chats, messages};
use crate::api::document::{ErrorAnswer, add_errors, add_links, every_operation, loosen};

/// A name, flat or in an object of its own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = UuidApplicationInput)]
pub(super) enum ApplicationInput {
    Nested { application: ApplicationName },
    Flat(ApplicationName),
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UuidApplicationName)]
pub(super) struct ApplicationName {
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    name: String,
}

/// A new message.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UuidMessageInput)]
pub(super) struct MessageInput {
    message: MessageText,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UuidMessageText)]
pub(super) struct MessageText {
    /// The text, at most 65,536 bytes of UTF-8.
    #[schema(
        min_length = 1,
        max_length = 65536,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    message: String,
}

/// What is searched for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UuidSearchInput)]
pub(super) struct SearchInput {
    /// Words, parts of words, phrases in quotes; all are required.
    #[schema(min_length = 1, pattern = r"\S")]
    message: String,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InApplication {
    /// The application's uuid.
    uuid: Uuid,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InChat {
    /// The application's uuid.
    uuid: Uuid,
    /// The chat's number.
    #[param(minimum = 1)]
    n: u64,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InMessages {
    /// The application's uuid.
    uuid: Uuid,
    /// The chat's number.
    #[param(minimum = 1)]
    n: u64,
}

/// What is searched for, when there is no body.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Words, parts of words, phrases in quotes; all are required.
    #[param(required = false, min_length = 1, pattern = r"\S")]
    message: Option<String>,
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

/// What an error answer holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = UuidError)]
pub(super) enum ErrorJson {
    /// What failed; with a text for what is missing, or with the words for each field that is wrong.
    Failed {
        message: String,
        #[schema(required = false)]
        errors: Option<Errors>,
    },
    /// The words for each field that is wrong.
    Fields(BTreeMap<String, Vec<String>>),
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = UuidErrors)]
pub(super) enum Errors {
    Text(String),
    Fields(BTreeMap<String, Vec<String>>),
}

#[derive(OpenApi)]
#[openapi(
    paths(
        applications::list, applications::create, applications::get, applications::update,
        applications::replace, chats::list, chats::create, messages::create, messages::create_one,
        messages::list, messages::search,
    ),
    components(schemas(ErrorJson, Errors)),
    modifiers(&Complete),
)]
pub(super) struct Api;

struct Complete;

impl Modify for Complete {
    fn modify(&self, document: &mut Document) {
        for (path, method, operation) in every_operation(document) {
            let below = path.contains("{uuid}");
            let writes = method != "get";
            let searches = path.ends_with("/search");
            let sends = writes && !path.ends_with("/chats") || searches;
            let errors = [
                ("400", "The request cannot be understood", sends || writes),
                ("404", "There is no such thing", below),
                ("408", "The body came too slowly", sends),
                ("413", "The body is too large", sends),
                ("415", "The content type is not read here", sends),
                ("422", "A value is not allowed", writes),
                ("429", "Too many requests", below || writes),
                ("500", "The server is at fault", true),
                ("503", "Not available now", true),
            ];
            let errors = errors.into_iter().filter(|(.., applies)| *applies);
            add_errors(
                operation,
                errors.map(|(status, words, _)| ErrorAnswer {
                    status,
                    words,
                    forms: &[("application/json", "UuidError")],
                }),
            );
        }
        loosen(
            document,
            &["UuidApplicationInput", "UuidError", "UuidErrors"],
            &["uuid_search_messages"],
        );
        let application = [("uuid", "$response.body#/uuid")];
        let chat = [
            ("uuid", "$request.path.uuid"),
            ("n", "$response.body#/chat_number"),
        ];
        let made = "201";
        add_links(
            document,
            "uuid_create_application",
            made,
            &application,
            &[
                "uuid_get_application",
                "uuid_update_application",
                "uuid_replace_application",
                "uuid_create_chat",
                "uuid_list_chats",
            ],
        );
        add_links(
            document,
            "uuid_create_chat",
            "200",
            &chat,
            &[
                "uuid_post_message",
                "uuid_post_a_message",
                "uuid_list_messages",
                "uuid_search_messages",
            ],
        );
    }
}
