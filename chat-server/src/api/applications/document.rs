//! The OpenAPI document of this API, with the errors that every operation can answer with.

use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr};
use utoipa::{IntoParams, Modify, OpenApi};

use super::shapes::{ErrorJson, ForUser};
use super::{
    application, changes, chats, export, info, marks, me, members, messages, operations, presence,
    search, sessions, stream, sync, users,
};
use crate::api::document::{ErrorAnswer, add_errors, add_links, every_operation, loosen};
use crate::http::accept::PROBLEM;
use crate::http::problem::Problem;

#[derive(OpenApi)]
#[openapi(
    paths(
        application::list, application::create, application::get, application::replace,
        application::update, application::delete, info::capabilities, info::limits,
        chats::list, chats::create, chats::get, chats::update, chats::delete,
        changes::changes, export::export, operations::get, search::search, search::search_anywhere,
        messages::list, messages::create, messages::get, messages::replace, messages::update,
        messages::delete,
        users::list, users::create, users::get, users::update, users::delete,
        sessions::create, sessions::list, sessions::end, me::get, me::update, me::chats,
        members::list, members::add, members::update, members::remove,
        marks::get, marks::put, marks::list, presence::get, sync::sync, stream::open,
    ),
    components(schemas(Problem, ErrorJson)),
    modifiers(&Complete),
)]
pub(super) struct Api;

const SESSION: &str = "session";
const ADMIN_KEY: &str = "admin_key";

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
            say_who_asks(path, method, operation);
        }
        if let Some(components) = &mut document.components {
            for (name, words) in [
                (
                    SESSION,
                    "A user. What is wrong with a login is told as a problem (RFC 9457) everywhere.",
                ),
                (ADMIN_KEY, "Who runs the server."),
            ] {
                let mut bearer = Http::new(HttpAuthScheme::Bearer);
                bearer.description = Some(words.to_owned());
                components.add_security_scheme(name, SecurityScheme::Http(bearer));
            }
        }
        loosen(
            document,
            &[
                "ApplicationInput",
                "ChatInput",
                "MessageInput",
                "SessionInput",
                "ErrorJson",
            ],
            &["create_chat"],
        );
        link(document);
    }
}

/// With the token in the path nothing more is needed; with the public id in its place a session is. The token may speak for a user.
fn say_who_asks(path: &str, method: &str, operation: &mut Operation) {
    let none: [&str; 0] = [];
    let or = |name| {
        Some(vec![
            SecurityRequirement::default(),
            SecurityRequirement::new(name, none),
        ])
    };
    if needs_admin(path, method) {
        operation.security = or(ADMIN_KEY);
        return;
    }
    let Some((_, inside)) = path.split_once("{app}/") else {
        return;
    };
    operation.security = or(SESSION);
    // Who logs in or is made is nobody yet.
    if matches!((inside, method), ("sessions" | "users", "post")) {
        return;
    }
    let parameters = operation.parameters.get_or_insert_default();
    for header in ForUser::into_params(|| None) {
        let is_it = |known: &RefOr<Parameter>| match known {
            RefOr::T(known) => known.name == header.name,
            RefOr::Ref(_) => false,
        };
        if !parameters.iter().any(is_it) {
            parameters.push(RefOr::T(header));
        }
    }
}

fn needs_admin(path: &str, method: &str) -> bool {
    path.ends_with("/applications") || path.ends_with("{app}") && method == "delete"
}

/// Whether the original API does not have it.
fn is_native(path: &str, method: &str) -> bool {
    let word = path.rsplit('/').next().unwrap_or_default();
    matches!(
        word,
        "changes"
            | "limits"
            | "capabilities"
            | "{operation}"
            | "users"
            | "{user}"
            | "sessions"
            | "{session}"
            | "me"
            | "members"
            | "mark"
            | "marks"
            | "presence"
            | "sync"
            | "stream"
            | "export"
    ) || path.ends_with("/me/chats")
        || word == "{chat}" && method == "patch"
        || path.ends_with("{app}/search")
}

fn possible(path: &str, method: &str, native: bool) -> Vec<(&'static str, &'static str)> {
    let inside = path.contains("{app}");
    let sends = matches!(method, "post" | "put" | "patch");
    let reads_query = native
        || path.ends_with("/applications")
        || path.ends_with("/chats")
        || path.contains("/messages");
    let needs_admin = needs_admin(path, method);
    let follows = path.ends_with("/changes");
    let streams = path.ends_with("/stream");
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
        ("403", "This is not allowed, or to nobody", inside),
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
        ("426", "Only WebSocket is spoken here", streams),
        (
            "429",
            if streams {
                "Too many are connected, or too many requests"
            } else {
                "Too many requests"
            },
            inside || sends,
        ),
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
            "list_users",
            "create_user",
            "create_session",
            "list_sessions",
            "get_me",
            "update_me",
            "list_my_chats",
            "sync_chats",
        ],
    );
    let user = [
        ("app", "$request.path.app"),
        ("user", "$response.body#/number"),
    ];
    add_links(
        document,
        "create_user",
        "201",
        &user,
        &["get_user", "update_user", "delete_user"],
    );
    let session = [
        ("app", "$request.path.app"),
        ("session", "$response.body#/id"),
    ];
    add_links(
        document,
        "create_session",
        "201",
        &session,
        &["end_session"],
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
            "list_members",
            "add_members",
            "get_mark",
            "set_mark",
            "list_marks",
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
