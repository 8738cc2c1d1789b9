//! `GET /conversations/{id}`: a page of messages, or the wait for the next one.

use std::sync::Arc;
use std::time::Duration;

use chat_core::error::ChatError;
use chat_core::service::Reader;
use http::StatusCode;
use tokio::time::Instant;

use super::entry::{Shared, bearer};
use super::input;
use super::shapes::{MessagePage, OfId};
use super::status::RequestError;
use super::view::{ConversationJson, HistoryJson, MessageJson};
use crate::http::call::Call;
use crate::http::reply::{self, Response};

/// A conversation with a page of its messages: the latest unless `before` or `after` names another message. With `wait` the answer
/// comes as soon as something newer exists.
#[utoipa::path(
    get, path = "/conversations/{id}", tag = "conversations", operation_id = "conversations_get",
    params(OfId, MessagePage),
    responses((status = 200, description = "The conversation", body = HistoryJson)),
)]
pub(super) async fn get(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let (me, mut reader) = shared.enter_conversation(&call.head).await?;
    let query = input::query(&call.head)?;
    let (limit, wait) = (input::limit(&query)?, input::wait(&query)?);
    let span = input::span(&query, &reader).await?;
    let number = reader.view().number;
    let deadline = Instant::now() + Duration::from_secs(wait);
    let look = async |reader: &Reader| {
        let page = reader.messages(span, false, limit);
        let (page, mine) = tokio::try_join!(page, reader.mine())?;
        let roll = reader.roll_beside(&mine, &page.items).await?;
        Ok::<_, ChatError>((page, mine, roll))
    };
    let mut seen = look(&reader).await?;
    if seen.0.items.is_empty() && wait > 0 {
        let mut watch = reader.watch();
        loop {
            // What was posted before the watch began is found now.
            reader = shared.chat().chat(me.access, number).await?;
            seen = look(&reader).await?;
            // Whoever waited may have been logged out before that was posted.
            let token = bearer(&call.head).ok_or(RequestError::Unauthorized)?;
            shared.chat().authenticate(&token).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !seen.0.items.is_empty() || left.is_zero() {
                break;
            }
            tokio::select! {
                () = watch.moved(left) => {}
                () = call.head.stopping.cancelled() => break,
            }
        }
    }
    let (page, mine, roll) = seen;
    let message = |message| {
        let receipt = roll.receipt(&message);
        MessageJson::new(number, message, receipt)
    };
    let body = HistoryJson {
        messages: page.items.into_iter().map(message).collect(),
        conversation: ConversationJson::new(mine, &roll),
    };
    Ok(reply::json(StatusCode::OK, &body))
}
