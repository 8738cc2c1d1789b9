//! The OpenAPI document of this API, with the errors that every operation can answer with.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::shapes::ErrorJson;
use super::{messages, root, thread, token};
use crate::api::document::{
    ErrorAnswer, add_accepted, add_errors, add_links, every_operation, loosen,
};

const SCHEME: &str = "thread_token";

#[derive(OpenApi)]
#[openapi(
    paths(
        token::get, token::create, root::get, thread::list, thread::create, thread::get,
        thread::delete, thread::messages, messages::list, messages::create, messages::unread,
        messages::get, messages::update, messages::delete, messages::mark_as_read,
    ),
    components(schemas(ErrorJson)),
    modifiers(&Complete),
)]
pub(super) struct Api;

struct Complete;

impl Modify for Complete {
    fn modify(&self, document: &mut Document) {
        for (path, method, operation) in every_operation(document) {
            let logs_in = path.ends_with("/token/");
            let below = path.contains('{');
            let sends = operation.request_body.is_some() || logs_in;
            let own = below && path.ends_with("{id}/") && method != "get";
            let errors = [
                ("400", "What was sent cannot be", sends),
                ("401", "Nobody is known to ask", !logs_in),
                (
                    "403",
                    "Not for this user",
                    own || path == "/chat-api/messages/",
                ),
                ("404", "There is no such thing", below),
                ("408", "The body came too slowly", true),
                ("413", "The body is too large", true),
                ("415", "The content type is not read here", sends),
                (
                    "422",
                    "The idempotency key was used before",
                    method == "post",
                ),
                ("429", "Too many requests", true),
                ("500", "The server is at fault", true),
                ("503", "Not available now", true),
            ];
            let errors = errors.into_iter().filter(|(.., applies)| *applies);
            add_errors(
                operation,
                errors.map(|(status, words, _)| ErrorAnswer {
                    status,
                    words,
                    forms: &[("application/json", "ThreadsError")],
                }),
            );
            if !logs_in && method != "get" {
                add_accepted(operation, "ThreadsError");
            }
            if !logs_in {
                let none: [&str; 0] = [];
                operation.security = Some(vec![SecurityRequirement::new(SCHEME, none)]);
            }
        }
        let header = ApiKeyValue::with_description("Authorization", "`Token` and 40 hex digits");
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(header));
        document
            .components
            .get_or_insert_default()
            .add_security_scheme(SCHEME, scheme);
        loosen(document, &["ThreadsError"], &["threads_update_message"]);
        let thread = [("uuid", "$response.body#/id")];
        let to = ["threads_get", "threads_delete", "threads_messages"];
        add_links(document, "threads_create", "201", &thread, &to);
        let message = [("id", "$response.body#/id")];
        let to = [
            "threads_get_message",
            "threads_update_message",
            "threads_delete_message",
            "threads_mark_as_read",
        ];
        add_links(document, "threads_post_message", "201", &message, &to);
    }
}
