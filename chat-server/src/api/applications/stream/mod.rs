//! `/applications/{app}/stream`: everything that happens, as it happens, on a WebSocket.

mod commands;
mod frames;
mod talk;

use chat_core::error::ChatError;
use chat_core::ids::ApplicationId;
use chat_core::service::Access;

use super::shapes::{ForUser, InApplication};
use super::state::{State, as_user, only_knows, query};
use super::status::{Native, RequestError};
use crate::http::call::{Call, Head};
use crate::http::reply::Response;
use crate::live::handshake::{Handshake, is_welcome};
use crate::live::socket::converse;
use crate::live::talk::{Guest, Said};

use talk::Stream;

/// What happens, as it happens, on a WebSocket (RFC 6455) of JSON text frames, a client's not longer than 64 KiB. The kind of each is
/// in its `type`. Whoever comes with the public id begins with `hello` within 10 seconds; then `sync` with the cursors of the chats that
/// it knows (or none) tells what happened since, and from then on all that happens in the user's chats; `docs/stream.md` has all frames.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/stream", tag = "chats", operation_id = "open_stream",
    params(InApplication, ForUser),
    responses((status = 101, description = "Frames follow, both ways")),
)]
pub(super) async fn open(state: State, call: Call) -> Result<Response, Native> {
    let head = &call.head;
    let (application, known) = knock(&state, head).await?;
    only_knows(&query(head)?, &[])?;
    let handshake = Handshake::read(head).map_err(RequestError::NoHandshake)?;
    if !is_welcome(&head.headers, &state.options.origins) {
        return Err(RequestError::ForeignPage.into());
    }
    let stream = Stream::new(&state, head, application);
    let first = match known {
        Some(access) => {
            let address = head.peer.ip();
            stream.welcome(Guest::come(state.chat(), application, access, address).await?)
        }
        // The first frame will say it.
        None => Said::default(),
    };
    let (pace, ends) = (state.options.pace, head.ends());
    Ok(handshake.accept(move |socket| converse(socket, stream, first, pace, ends)))
}

/// The application that the path names, and who asks, as far as the request says that.
async fn knock(
    state: &State,
    head: &Head,
) -> Result<(ApplicationId, Option<Access>), RequestError> {
    let named = async {
        Ok(match state.enter_with_login(head).await? {
            (access, Some(login)) => (login.application, access),
            (access, None) => (state.chat().application_id(access).await?, access),
        })
    };
    match named.await {
        Ok((application, access)) => Ok((application, Some(access))),
        // What is no token may be a public id, for somebody who will say who it is.
        Err(RequestError::Chat(ChatError::ApplicationNotFound))
            if state.session(head)?.is_none() && as_user(head).is_none() =>
        {
            Ok((state.enter_to_log_in(head).await?, None))
        }
        Err(wrong) => Err(wrong),
    }
}
