//! The conversations API: users of the default application who log in and talk to each other.

mod accounts;
mod conversation;
mod document;
mod entry;
mod history;
mod input;
mod keys;
mod messages;
mod participants;
mod shapes;
mod status;
mod users;
mod view;
mod ws;

use std::sync::Arc;

use utoipa::OpenApi;
use warp::Filter;

use crate::api::attempts::Attempts;
use crate::api::gate::Gate;
use crate::config::Origin;
use crate::http::body::BodyLimits;
use crate::http::call::Head;
use crate::http::door::{Door, Fault};
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::tree::{either, named, under};
use crate::live::Pace;

use entry::Shared;

const NAME: &str = "conversations";

/// How the API is served.
#[derive(Clone)]
pub struct Options {
    /// How often somebody may try to log in.
    pub attempts: Attempts,
    /// Where pages come from that may open sockets, besides this server.
    pub origins: Vec<Origin>,
    /// Times that sockets keep.
    pub pace: Pace,
}

/// The door of the conversations API.
pub fn door(gate: Gate, options: Options, body: BodyLimits) -> Door {
    let style = LeafStyle {
        door: NAME,
        faults: status::faults,
        body,
    };
    let shared = Arc::new(Shared { gate, options });
    let leaf = |template| Leaf::new(style, template, Arc::clone(&shared));

    let register = leaf("/register").post(accounts::register).boxed();
    let login = leaf("/login").post(accounts::login).boxed();
    let logout = leaf("/logout").post(accounts::logout).boxed();
    let user = leaf("/users/{id}")
        .get(users::get)
        .put(users::update)
        .delete(users::delete)
        .boxed();
    let key = leaf("/users/{id}/keys/{device}")
        .put(keys::put)
        .delete(keys::delete)
        .boxed();
    let all_keys = leaf("/users/{id}/keys").get(keys::list).boxed();
    let all_users = leaf("/users").get(users::list).boxed();
    let conversation = leaf("/conversations/{id}")
        .get(history::get)
        .put(conversation::rename)
        .delete(conversation::leave)
        .boxed();
    let all_conversations = leaf("/conversations")
        .get(conversation::list)
        .post(conversation::create)
        .boxed();
    let read = leaf("/conversations/{id}/read")
        .put(conversation::read)
        .boxed();
    let participant = leaf("/conversations/{id}/participants/{user}")
        .delete(participants::remove)
        .boxed();
    let participants = leaf("/conversations/{id}/participants")
        .post(participants::add)
        .boxed();
    let messages = |all: &'static str, one: &'static str| {
        let one = leaf(one)
            .get(messages::get)
            .put(messages::edit)
            .delete(messages::delete)
            .boxed();
        either(leaf(all).post(messages::create).boxed(), named(one))
    };
    let message = messages(
        "/conversations/{id}/message",
        "/conversations/{id}/message/{message}",
    );
    let messages = messages(
        "/conversations/{id}/messages",
        "/conversations/{id}/messages/{message}",
    );

    let words = either(under("message", message), under("messages", messages));
    let people = under("participants", either(participants, named(participant)));
    let inside = either(words, either(under("read", read), people));
    let below = either(named(either(conversation, inside)), all_conversations);
    let accounts = either(
        under("login", login),
        either(under("register", register), under("logout", logout)),
    );
    let socket = leaf("/ws").get(ws::open).boxed();
    let user = either(user, under("keys", either(all_keys, named(key))));
    // The rpc API's, and nowhere while that is not served: no user has this id.
    let add = warp::path::end()
        .and(warp::ext::get::<Arc<Head>>())
        .map(|head: Arc<Head>| status::faults(&head, Fault::NotFound))
        .boxed();
    let users = either(under("add", add), either(named(user), all_users));
    let accounts = either(under("users", users), accounts);
    let routes = either(
        under("conversations", below),
        either(under("ws", socket), accounts),
    );
    Door::new(
        NAME,
        &[
            "/register",
            "/login",
            "/logout",
            "/users",
            "/conversations",
            "/ws",
        ],
        routes,
        status::faults,
        document::Api::openapi(),
    )
}

#[cfg(test)]
mod tests;
