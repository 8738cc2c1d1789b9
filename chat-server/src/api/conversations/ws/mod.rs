//! `/ws`: everything that happens in the conversations of a user, as it happens, on a WebSocket.

mod frames;
mod input;
mod talk;

use std::sync::Arc;

use chat_core::bearer::Bearer;
use chat_core::live::Rest;
use http::HeaderValue;
use http::header::SEC_WEBSOCKET_PROTOCOL;

use super::entry::{Shared, bearer};
use super::input::query;
use super::shapes::SocketToken;
use super::status::RequestError;
use crate::http::call::{Call, Head};
use crate::http::reply::Response;
use crate::live::Pace;
use crate::live::handshake::{Handshake, is_welcome};
use crate::live::socket::converse;
use crate::live::talk::Guest;

use talk::Talker;

/// What may stand before the token among the subprotocols.
const BEARER: &str = "bearer";

/// What happens in my conversations, as it happens, and messages to post: a WebSocket (RFC 6455) of JSON text frames, a client's not
/// longer than 64 KiB. The token is in `Authorization`, in the query, or among the subprotocols (`bearer`, then the token; or the token
/// alone). `docs/ws.md` has all frames.
#[utoipa::path(
    get, path = "/ws", tag = "conversations", operation_id = "conversations_socket",
    params(SocketToken),
    responses((status = 101, description = "Frames follow, both ways")),
)]
pub(super) async fn open(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let head = &call.head;
    let (token, protocol) = token(head)?.ok_or(RequestError::Unauthorized)?;
    let me = shared.enter_by(head, &token).await?;
    let handshake = Handshake::read(head).map_err(RequestError::NoHandshake)?;
    if !is_welcome(&head.headers, &shared.options.origins) {
        return Err(RequestError::Forbidden("Not from this page"));
    }
    let (application, address) = (me.login.application, head.peer.ip());
    let guest = Guest::come(shared.chat(), application, me.access, address).await?;
    guest.listener.follow(&[], Rest::FromNow).await?;
    let pace = Pace {
        // So that nothing is told before what it missed.
        hello: shared.options.pace.first_word,
        ..shared.options.pace
    };
    let ready = frames::ready(shared.options.pace.heartbeat);
    let talker = Talker::new(&shared, head, guest);
    let ends = head.ends();
    let handshake = handshake.speaking(protocol);
    Ok(handshake.accept(move |socket| converse(socket, talker, ready, pace, ends)))
}

/// The token that the request carries in whatever way, and the subprotocol to answer with where that is the way.
fn token(head: &Head) -> Result<Option<(Bearer, Option<HeaderValue>)>, RequestError> {
    if let Some(token) = bearer(head) {
        return Ok(Some((token, None)));
    }
    if let Some(token) = query(head)?.get("token") {
        return Ok(token.parse().ok().map(|token| (token, None)));
    }
    Ok(head
        .header(&SEC_WEBSOCKET_PROTOCOL)
        .and_then(among_protocols))
}

/// A browser cannot set headers, and takes no answer that picks none of the subprotocols that it offers.
fn among_protocols(offered: &str) -> Option<(Bearer, Option<HeaderValue>)> {
    let mut words = offered.split(',').map(str::trim);
    let first = words.next()?;
    let token = match first.eq_ignore_ascii_case(BEARER) {
        true => words.next()?,
        false => first,
    };
    let picked = HeaderValue::from_str(first).ok()?;
    Some((token.parse().ok()?, Some(picked)))
}
