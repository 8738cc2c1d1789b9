//! The UUID applications API, `/applications` and `/messages`: whoever knows a UUID has full power.

mod applications;
mod chats;
mod document;
mod messages;
mod shapes;
mod status;
mod view;

use chat_core::text::IdempotencyKey;
use utoipa::OpenApi;

use crate::api::gate::{self, Gate};
use crate::http::body::BodyLimits;
use crate::http::call::Head;
use crate::http::door::Door;
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::tree::{either, named, under};

use status::RequestError;

const NAME: &str = "uuid-applications";

/// Where the application's uuid stands in every path.
const APPLICATION: usize = 1;

/// The door of the UUID applications API.
pub fn door(gate: Gate, body: BodyLimits) -> Door {
    let style = LeafStyle {
        door: NAME,
        faults: status::faults,
        body,
    };
    let leaf = |template| Leaf::new(style, template, gate.clone());

    let post = leaf("/applications/{uuid}/chats/{n}/messages")
        .post(messages::create)
        .boxed();
    let post_one = leaf("/applications/{uuid}/chats/{n}/message")
        .post(messages::create_one)
        .boxed();
    let chats = leaf("/applications/{uuid}/chats")
        .get(chats::list)
        .post(chats::create)
        .boxed();
    let application = leaf("/applications/{uuid}")
        .get(applications::get)
        .put(applications::replace)
        .patch(applications::update)
        .boxed();
    let all = leaf("/applications")
        .get(applications::list)
        .post(applications::create)
        .boxed();
    let messages = leaf("/messages/{uuid}/{n}").get(messages::list).boxed();
    let search = leaf("/messages/{uuid}/{n}/search")
        .get(messages::search)
        .boxed();

    let in_chat = named(either(under("messages", post), under("message", post_one)));
    let in_application = named(either(under("chats", either(in_chat, chats)), application));
    let routes = either(
        under("applications", either(in_application, all)),
        under(
            "messages",
            named(named(either(messages, under("search", search)))),
        ),
    );
    Door::new(
        NAME,
        &["/applications", "/messages"],
        routes,
        status::faults,
        document::Api::openapi(),
    )
}

/// The idempotency key that the request carries, if it does.
fn key(head: &Head) -> Result<Option<IdempotencyKey>, RequestError> {
    gate::idempotency_key(head)
        .map_err(|violation| RequestError::Field("Idempotency-Key", violation.to_string()))
}

#[cfg(test)]
mod tests;
