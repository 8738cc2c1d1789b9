//! The OpenAPI document of this API, with the errors that every operation can answer with.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::status::ErrorJson;
use super::{accounts, conversation, history, keys, messages, participants, users, ws};
use crate::api::document::{
    ErrorAnswer, add_accepted, add_errors, add_links, every_operation, loosen,
};
use crate::api::gate::AcceptedJson;

#[derive(OpenApi)]
#[openapi(
    paths(
        accounts::register, accounts::login, accounts::logout, users::list, users::get, users::update,
        users::delete, conversation::list, conversation::create, conversation::rename,
        conversation::leave, conversation::read, history::get, messages::create, messages::get,
        messages::edit, messages::delete, participants::add, participants::remove, keys::list,
        keys::put, keys::delete, ws::open,
    ),
    components(schemas(ErrorJson, AcceptedJson)),
    modifiers(&Complete),
)]
pub(super) struct Api;

struct Complete;

const SESSION: &str = "conversations_session";

impl Modify for Complete {
    fn modify(&self, document: &mut Document) {
        for (path, method, operation) in every_operation(document) {
            let open = matches!(path, "/register" | "/login");
            let sends = matches!(method, "post" | "put") && path != "/logout";
            let reads = matches!(
                (path, method),
                ("/users" | "/conversations/{id}" | "/ws", "get")
            );
            let inside = path.contains("{id}");
            let shown = matches!((path, method), ("/users/{id}" | "/users/{id}/keys", "get"));
            let others = inside && !shown;
            let missing = inside || path == "/conversations" && method == "post";
            let in_group = path.contains("participants") || path == "/conversations/{id}";
            let taken = path == "/register"
                || path.starts_with("/users/{id}") && method == "put"
                || in_group && sends;
            let errors = [
                (
                    "400",
                    "The request cannot be understood",
                    sends || reads || in_group,
                ),
                ("401", "Nobody is logged in so", path != "/register"),
                ("403", "This is not yours", others || path == "/ws"),
                ("404", "There is no such thing", missing),
                ("408", "The body came too slowly", sends),
                ("409", "Somebody is there already", taken),
                ("413", "The body is too large", sends),
                ("422", "A text is too long", sends),
                ("426", "Only WebSocket is spoken here", path == "/ws"),
                (
                    "429",
                    "Too many requests, or too many are connected",
                    sends || method == "delete" || path == "/ws",
                ),
                ("500", "The server is at fault", true),
                ("503", "Not available now", true),
            ];
            let possible = errors.into_iter().filter(|(.., possible)| *possible);
            let answer = |(status, words, _)| ErrorAnswer {
                status,
                words,
                forms: &[("application/json", "ConversationsError")],
            };
            add_errors(operation, possible.map(answer));
            if path != "/logout" && path != "/login" && method != "get" {
                add_accepted(operation, "AcceptedJson");
            }
            if !open {
                let needed = SecurityRequirement::new::<_, _, &str>(SESSION, []);
                operation.security = Some(vec![needed]);
            }
        }
        if let Some(components) = &mut document.components {
            let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
            components.add_security_scheme(SESSION, bearer);
        }
        loosen(document, &["Id"], &[]);
        link(document);
        alias(document);
    }
}

fn link(document: &mut Document) {
    let user = [("id", "$response.body#/id")];
    let to = [
        "conversations_get_user",
        "conversations_update_user",
        "conversations_delete_user",
        "conversations_list_keys",
    ];
    add_links(document, "conversations_register", "201", &user, &to);
    let conversation = [("id", "$response.body#/id")];
    let to = [
        "conversations_get",
        "conversations_rename",
        "conversations_leave",
        "conversations_read",
        "conversations_post",
        "conversations_add_participant",
    ];
    let status = "201";
    add_links(document, "conversations_create", status, &conversation, &to);
    let message = [
        ("id", "$request.path.id"),
        ("message", "$response.body#/id"),
    ];
    let to = [
        "conversations_get_message",
        "conversations_edit_message",
        "conversations_delete_message",
    ];
    add_links(document, "conversations_post", status, &message, &to);
}

/// `/message` is `/messages` too.
fn alias(document: &mut Document) {
    let (all, one) = (
        "/conversations/{id}/messages",
        "/conversations/{id}/messages/{message}",
    );
    for path in [all, one] {
        let Some(mut item) = document.paths.paths.get(path).cloned() else {
            continue;
        };
        let methods = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
        ];
        for operation in methods.into_iter().flatten() {
            operation.operation_id = operation
                .operation_id
                .take()
                .map(|id| format!("{id}_alias"));
        }
        let alias = path.replace("/messages", "/message");
        document.paths.paths.insert(alias, item);
    }
}
