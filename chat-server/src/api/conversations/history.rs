//! `GET /conversations/{id}`: a page of messages, or the wait for the next one.

use std::sync::Arc;
use std::time::Duration;

use chat_core::error::ChatError;
use http::StatusCode;
use tokio::time::Instant;

use super::entry::{Shared, conversation};
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
    let me = shared.enter(&call.head).await?;
    let number = conversation(&call.head)?;
    let mut mine = shared.chat().my_chat(me.access, number).await?;
    let query = input::query(&call.head)?;
    let (limit, wait) = (input::limit(&query)?, input::wait(&query)?);
    let span = input::span(&query, mine.reader()).await?;
    let deadline = Instant::now() + Duration::from_secs(wait);
    let (mut page, mut roll) = mine.messages(span, limit).await?;
    if page.items.is_empty() && wait > 0 {
        let look = async || {
            let mine = shared.chat().my_chat(me.access, number).await?;
            let seen = mine.messages(span, limit).await?;
            Ok::<_, ChatError>((mine, seen))
        };
        let mut watch = mine.reader().watch();
        loop {
            // What was posted before the watch began is found now.
            let found = look().await;
            // Whoever waited may have been logged out before that was posted.
            shared.chat().still_logged_in(me.access).await?;
            (mine, (page, roll)) = found?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !page.items.is_empty() || left.is_zero() {
                break;
            }
            tokio::select! {
                () = watch.moved(left) => {}
                () = call.head.stopping.cancelled() => break,
            }
        }
    }
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
