//! `/applications` and `/applications/{app}`.

use chat_core::ids::ApplicationId;
use http::StatusCode;

use super::shapes::{InApplication, PagedForward};
use super::state::{State, created, key, query};
use super::status::RequestError;
use super::view::ApplicationJson;
use super::{input, pages};
use crate::api::lists;
use crate::api::shapes::{ApplicationInput, Keyed};
use crate::http::call::Call;
use crate::http::list;
use crate::http::paging::{self, Neighbours};
use crate::http::reply::Frame;
use crate::http::reply::{self, Response};

/// The applications in the order in which they were made: all of them, or a page.
#[utoipa::path(
    get, path = "/api/v1/applications", tag = "applications", operation_id = "list_applications",
    params(PagedForward),
    responses((status = 200, description = "The applications", body = [ApplicationJson],
        headers(("Link" = Option<String>, description = "The page behind this one")))),
)]
pub(super) async fn list(state: State, call: Call) -> Result<Response, RequestError> {
    state.admit(&call.head)?;
    let chat = state.chat();
    let Some((after, limit)) = paging::read_forward(&query(&call.head)?)? else {
        let pages = lists::applications(chat, ApplicationJson::from);
        return Ok(list::whole(&call.head, state.gate.patience, Frame::ARRAY, pages).await?);
    };
    let after = i64::try_from(after).map_err(|_| {
        let message = format!("must be a number from 0 to {}", i64::MAX);
        RequestError::Parameter("after".into(), message)
    })?;
    let after = ApplicationId(after);
    let page = chat.applications(after, pages::limit(limit)).await?;
    let last = page.items.last().filter(|_| page.more);
    let beside = Neighbours {
        next_after: last.and_then(|(id, _)| u64::try_from(id.0).ok()),
        ..Neighbours::default()
    };
    let shown = page.items.into_iter().map(|(_, one)| one.into());
    Ok(pages::answer::<ApplicationJson>(
        &call.head, limit, shown, beside,
    ))
}

/// Make an application.
#[utoipa::path(
    post, path = "/api/v1/applications", tag = "applications", operation_id = "create_application",
    params(Keyed), request_body = ApplicationInput,
    responses((status = 201, description = "The new application", body = ApplicationJson)),
)]
pub(super) async fn create(state: State, call: Call) -> Result<Response, RequestError> {
    state.admit(&call.head)?;
    let key = key(&call.head)?;
    let name = input::application_name(&call)?;
    let made = state
        .chat()
        .create_application(name, true, key.as_ref())
        .await?;
    Ok(created(&ApplicationJson::from(made.value), made.replayed))
}

/// One application.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}", tag = "applications", operation_id = "get_application",
    params(InApplication),
    responses((status = 200, description = "The application", body = ApplicationJson)),
)]
pub(super) async fn get(state: State, call: Call) -> Result<Response, RequestError> {
    let access = state.enter(&call.head).await?;
    let tenant = state.chat().application(access).await?;
    Ok(reply::json(StatusCode::OK, &ApplicationJson::from(tenant)))
}

/// Give an application another name.
#[utoipa::path(
    put, path = "/api/v1/applications/{app}", tag = "applications", operation_id = "replace_application",
    params(InApplication), request_body = ApplicationInput,
    responses((status = 200, description = "The application", body = ApplicationJson)),
)]
pub(super) async fn replace(state: State, call: Call) -> Result<Response, RequestError> {
    let access = state.enter(&call.head).await?;
    let name = match input::application_name(&call) {
        Ok(name) => name,
        Err(wrong) => return Err(state.gate.missing_first(access, None, wrong).await),
    };
    let tenant = state.chat().rename_application(access, name).await?;
    Ok(reply::json(StatusCode::OK, &ApplicationJson::from(tenant)))
}

/// Give an application another name.
#[utoipa::path(
    patch, path = "/api/v1/applications/{app}", tag = "applications", operation_id = "update_application",
    params(InApplication), request_body = ApplicationInput,
    responses((status = 200, description = "The application", body = ApplicationJson)),
)]
pub(super) async fn update(state: State, call: Call) -> Result<Response, RequestError> {
    replace(state, call).await
}

/// Delete an application with all that is in it.
#[utoipa::path(
    delete, path = "/api/v1/applications/{app}", tag = "applications", operation_id = "delete_application",
    params(InApplication),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(state: State, call: Call) -> Result<Response, RequestError> {
    state.admit(&call.head)?;
    let access = state.enter(&call.head).await?;
    state.chat().delete_application(access).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
