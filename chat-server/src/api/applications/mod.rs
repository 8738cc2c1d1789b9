//! The native API, `/api/v1`.

mod application;
mod changes;
mod chats;
mod document;
mod export;
mod info;
mod input;
mod marks;
mod me;
mod members;
mod messages;
mod operations;
mod pages;
mod presence;
mod search;
mod sessions;
mod shapes;
mod state;
mod status;
mod stream;
mod sync;
mod users;
mod view;

use std::sync::Arc;

use utoipa::OpenApi;
use warp::Filter;

use crate::api::gate::Gate;
use crate::http::body::BodyLimits;
use crate::http::door::Door;
use crate::http::leaf::{Leaf, LeafStyle};
use crate::http::tree::{either, named, under};

pub use state::Options;

const NAME: &str = "applications";

/// The door of the native API.
pub fn door(gate: Gate, options: Options, body: BodyLimits) -> Door {
    let style = LeafStyle {
        door: NAME,
        faults: status::faults,
        body,
    };
    let state = Arc::new(state::Shared {
        gate,
        options,
        body_bytes: body.bytes,
    });
    let leaf = |template| Leaf::new(style, template, Arc::clone(&state));

    let message = leaf("/api/v1/applications/{app}/chats/{chat}/messages/{message}")
        .get(messages::get)
        .put(messages::replace)
        .patch(messages::update)
        .delete(messages::delete)
        .boxed();
    let searched = leaf("/api/v1/applications/{app}/chats/{chat}/messages/search")
        .get(search::search)
        .boxed();
    let all_messages = leaf("/api/v1/applications/{app}/chats/{chat}/messages")
        .get(messages::list)
        .post(messages::create)
        .boxed();
    let followed = leaf("/api/v1/applications/{app}/chats/{chat}/changes")
        .get(changes::changes)
        .boxed();
    let member = leaf("/api/v1/applications/{app}/chats/{chat}/members/{user}")
        .patch(members::update)
        .delete(members::remove)
        .boxed();
    let all_members = leaf("/api/v1/applications/{app}/chats/{chat}/members")
        .get(members::list)
        .post(members::add)
        .boxed();
    let mark = leaf("/api/v1/applications/{app}/chats/{chat}/mark")
        .get(marks::get)
        .put(marks::put)
        .boxed();
    let all_marks = leaf("/api/v1/applications/{app}/chats/{chat}/marks")
        .get(marks::list)
        .boxed();
    let chat = leaf("/api/v1/applications/{app}/chats/{chat}")
        .get(chats::get)
        .patch(chats::update)
        .delete(chats::delete)
        .boxed();
    let all_chats = leaf("/api/v1/applications/{app}/chats")
        .get(chats::list)
        .post(chats::create)
        .boxed();
    let user = leaf("/api/v1/applications/{app}/users/{user}")
        .get(users::get)
        .patch(users::update)
        .delete(users::delete)
        .boxed();
    let all_users = leaf("/api/v1/applications/{app}/users")
        .get(users::list)
        .post(users::create)
        .boxed();
    let session = leaf("/api/v1/applications/{app}/sessions/{session}")
        .delete(sessions::end)
        .boxed();
    let all_sessions = leaf("/api/v1/applications/{app}/sessions")
        .get(sessions::list)
        .post(sessions::create)
        .boxed();
    let me = leaf("/api/v1/applications/{app}/me")
        .get(me::get)
        .patch(me::update)
        .boxed();
    let my_chats = leaf("/api/v1/applications/{app}/me/chats")
        .get(me::chats)
        .boxed();
    let synced = leaf("/api/v1/applications/{app}/sync")
        .post(sync::sync)
        .boxed();
    let streamed = leaf("/api/v1/applications/{app}/stream")
        .get(stream::open)
        .boxed();
    let searched_anywhere = leaf("/api/v1/applications/{app}/search")
        .get(search::search_anywhere)
        .boxed();
    let exported = leaf("/api/v1/applications/{app}/export")
        .get(export::export)
        .boxed();
    let presence = leaf("/api/v1/applications/{app}/presence")
        .get(presence::get)
        .boxed();
    let limits = leaf("/api/v1/applications/{app}/limits")
        .get(info::limits)
        .boxed();
    let operation = leaf("/api/v1/applications/{app}/operations/{operation}")
        .get(operations::get)
        .boxed();
    let application = leaf("/api/v1/applications/{app}")
        .get(application::get)
        .put(application::replace)
        .patch(application::update)
        .delete(application::delete)
        .boxed();
    let all_applications = leaf("/api/v1/applications")
        .get(application::list)
        .post(application::create)
        .boxed();
    let capabilities = leaf("/api/v1/capabilities").get(info::capabilities).boxed();

    // A tree: a request tries the branches of its own prefix alone, the busiest first.
    let messages = under(
        "messages",
        either(
            all_messages,
            either(under("search", searched), named(message)),
        ),
    );
    let members = under("members", either(named(member), all_members));
    let marks = either(under("mark", mark), under("marks", all_marks));
    let of_people = either(marks, members);
    let in_chat = either(
        messages,
        either(either(chat, under("changes", followed)), of_people),
    );
    let chats = under("chats", either(named(in_chat), all_chats));
    let others = either(
        either(under("search", searched_anywhere), under("limits", limits)),
        either(
            under("operations", named(operation)),
            under("export", exported),
        ),
    );
    let mine = under("me", either(under("chats", my_chats), me));
    let synced = either(under("sync", synced), under("stream", streamed));
    let mine = either(mine, synced);
    let sessions = under("sessions", either(named(session), all_sessions));
    let users = under("users", either(named(user), all_users));
    let users = either(users, under("presence", presence));
    let people = either(mine, either(users, sessions));
    let in_application = either(chats, either(either(application, people), others));
    let applications = under(
        "applications",
        either(named(in_application), all_applications),
    );
    let routes = either(applications, under("capabilities", capabilities));
    let routes = warp::path("api").and(warp::path("v1")).and(routes).boxed();
    Door::new(
        NAME,
        &["/api/v1"],
        routes,
        status::faults,
        document::Api::openapi(),
    )
}

#[cfg(test)]
mod tests;
