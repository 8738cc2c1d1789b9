//! The threads API, `/chat-api`: the direct chats of the default application, for users with a lasting token.

mod auth;
mod document;
mod input;
mod messages;
mod page;
mod root;
mod shapes;
mod status;
mod thread;
mod token;
mod view;

use std::sync::Arc;

use utoipa::OpenApi;

use crate::api::attempts::Attempts;
use crate::api::gate::Gate;
use crate::http::body::BodyLimits;
use crate::http::call::Head;
use crate::http::door::Door;
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::tree::{either, named, under};

const NAME: &str = "threads";

/// Where the id of a thread or a message stands in every path.
const ID: usize = 2;

/// The door of the threads API.
pub fn door(gate: Gate, attempts: Attempts, body: BodyLimits) -> Door {
    let style = LeafStyle {
        door: NAME,
        faults: status::faults,
        body,
    };
    // Who asks is asked for before it is said that a path does not take the method.
    let known =
        |gate: Gate, head: Arc<Head>| async move { auth::login(&gate, &head).await.map(drop) };
    let leaf = |template| Leaf::new(style, template, gate.clone()).refusing_after(known);

    let entrance = token::Entrance {
        gate: gate.clone(),
        attempts,
    };
    let token = Leaf::new(style, "/chat-api/token/", entrance)
        .get(token::get)
        .post(token::create)
        .boxed();
    let root = leaf("/chat-api/").get(root::get).boxed();
    let threads = leaf("/chat-api/threads/")
        .get(thread::list)
        .post(thread::create)
        .boxed();
    let thread = leaf("/chat-api/threads/{uuid}/")
        .get(thread::get)
        .delete(thread::delete)
        .boxed();
    let history = leaf("/chat-api/threads/{uuid}/messages/")
        .get(thread::messages)
        .boxed();
    let messages = leaf("/chat-api/messages/")
        .get(messages::list)
        .post(messages::create)
        .boxed();
    let unread = leaf("/chat-api/messages/unread/")
        .get(messages::unread)
        .boxed();
    let message = leaf("/chat-api/messages/{id}/")
        .get(messages::get)
        .patch(messages::update)
        .delete(messages::delete)
        .boxed();
    let mark = leaf("/chat-api/messages/{id}/mark-as-read/")
        .patch(messages::mark_as_read)
        .boxed();

    let one_thread = named(either(under("messages", history), thread));
    let one_message = named(either(under("mark-as-read", mark), message));
    let of_messages = either(under("unread", unread), either(one_message, messages));
    let of_threads = either(one_thread, threads);
    let routes = either(
        either(under("threads", of_threads), under("messages", of_messages)),
        either(under("token", token), root),
    );
    Door::new(
        NAME,
        &["/chat-api"],
        under("chat-api", routes),
        status::faults,
        document::Api::openapi(),
    )
}

#[cfg(test)]
mod tests;
