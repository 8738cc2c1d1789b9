//! The RPC-style API: POST everything. Whoever can reach it may do everything in the default application.

mod chats;
mod document;
mod input;
mod messages;
mod shapes;
mod status;
mod users;
mod view;

use chat_core::service::Access;
use chat_core::text::IdempotencyKey;
use utoipa::OpenApi;

use crate::api::gate::{self, Gate};
use crate::http::body::BodyLimits;
use crate::http::call::Head;
use crate::http::door::Door;
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::tree::{either, under};

use status::RequestError;

const NAME: &str = "rpc";

/// Largest body of `/chats/add` in bytes: it names any number of users.
const CHAT_BYTES: usize = 16 * 1024 * 1024;

/// The door of the RPC-style API.
pub fn door(gate: Gate, body: BodyLimits) -> Door {
    let style = LeafStyle {
        door: NAME,
        faults: status::faults,
        body,
    };
    let wide = LeafStyle {
        body: BodyLimits {
            bytes: body.bytes.max(CHAT_BYTES),
            ..body
        },
        ..style
    };
    let leaf = |template| Leaf::new(style, template, gate.clone());

    let add_user = leaf("/users/add").post(users::add).boxed();
    let add_chat = Leaf::new(wide, "/chats/add", gate.clone())
        .post(chats::add)
        .boxed();
    let add_message = leaf("/messages/add").post(messages::add).boxed();
    let get_chats = leaf("/chats/get").post(chats::get).boxed();
    let get_messages = leaf("/messages/get").post(messages::get).boxed();

    let users = under("users", under("add", add_user));
    let chats = either(under("add", add_chat), under("get", get_chats));
    let messages = either(under("add", add_message), under("get", get_messages));
    let routes = either(
        under("messages", messages),
        either(under("chats", chats), users),
    );
    Door::new(
        NAME,
        &[
            "/users/add",
            "/chats/add",
            "/messages/add",
            "/chats/get",
            "/messages/get",
        ],
        routes,
        status::faults,
        document::Api::openapi(),
    )
}

/// Full power in the default application.
async fn access(gate: &Gate, head: &Head) -> Result<Access, RequestError> {
    Ok(gate.enter_default(head).await?.into())
}

/// The idempotency key that the request carries, if it does.
fn key(head: &Head) -> Result<Option<IdempotencyKey>, RequestError> {
    gate::idempotency_key(head)
        .map_err(|violation| RequestError::Field("Idempotency-Key", violation))
}

#[cfg(test)]
mod tests;
