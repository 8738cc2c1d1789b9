//! `/applications` and `/applications/{app}`.

use http::StatusCode;

use super::input;
use super::shapes::InApplication;
use super::state::{State, created, key};
use super::status::Wrong;
use super::view::ApplicationJson;
use crate::api::lists;
use crate::api::shapes::{ApplicationInput, Keyed};
use crate::http::call::Call;
use crate::http::list;
use crate::http::reply::{self, Response};
use crate::http::stream::Frame;

/// Every application, in the order in which they were made.
#[utoipa::path(
    get, path = "/api/v1/applications", tag = "applications", operation_id = "list_applications",
    responses((status = 200, description = "All of them", body = [ApplicationJson])),
)]
pub(super) async fn list(state: State, call: Call) -> Result<Response, Wrong> {
    state.admit(&call.head)?;
    let patience = state.gate.patience;
    let pages = lists::applications(state.chat(), ApplicationJson::from);
    Ok(list::whole(&call.head, patience, Frame::ARRAY, pages).await?)
}

/// Make an application.
#[utoipa::path(
    post, path = "/api/v1/applications", tag = "applications", operation_id = "create_application",
    params(Keyed), request_body = ApplicationInput,
    responses((status = 201, description = "The new application", body = ApplicationJson)),
)]
pub(super) async fn create(state: State, call: Call) -> Result<Response, Wrong> {
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
pub(super) async fn get(state: State, call: Call) -> Result<Response, Wrong> {
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
pub(super) async fn replace(state: State, call: Call) -> Result<Response, Wrong> {
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
pub(super) async fn update(state: State, call: Call) -> Result<Response, Wrong> {
    replace(state, call).await
}

/// Delete an application with all that is in it.
#[utoipa::path(
    delete, path = "/api/v1/applications/{app}", tag = "applications", operation_id = "delete_application",
    params(InApplication),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(state: State, call: Call) -> Result<Response, Wrong> {
    state.admit(&call.head)?;
    let access = state.enter_as_admin(&call.head).await?;
    state.chat().delete_application(access).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
