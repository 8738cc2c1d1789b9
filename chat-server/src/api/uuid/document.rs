//! The OpenAPI document of this API, with the errors that every operation can answer with.

use utoipa::openapi::OpenApi as Document;
use utoipa::{Modify, OpenApi};

use super::shapes::{ErrorJson, Errors};
use super::{applications, chats, messages};
use crate::api::document::{
    ErrorAnswer, add_accepted, add_errors, add_links, every_operation, loosen,
};
use crate::api::gate::AcceptedJson;

#[derive(OpenApi)]
#[openapi(
    paths(
        applications::list, applications::create, applications::get, applications::update,
        applications::replace, chats::list, chats::create, messages::create, messages::create_one,
        messages::list, messages::search,
    ),
    components(schemas(ErrorJson, Errors, AcceptedJson)),
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
            let sends = writes || searches;
            let errors = [
                ("400", "The request cannot be understood", sends),
                ("403", "A page of another site asks", true),
                ("404", "There is no such thing", below),
                ("408", "The body came too slowly", sends),
                ("413", "The body is too large", sends),
                (
                    "415",
                    "The content type is not read here",
                    sends && !path.ends_with("/chats"),
                ),
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
            if writes && below {
                add_accepted(operation, "AcceptedJson");
            }
        }
        loosen(
            document,
            &["ApplicationInput", "UuidError", "UuidErrors"],
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
