//! `/applications` and `/applications/{uuid}`.

use chat_core::text::Name;
use http::StatusCode;

use super::shapes::InApplication;
use super::status::RequestError;
use super::view::ApplicationJson;
use super::{APPLICATION, key};
use crate::api::gate::{Gate, with_replayed};
use crate::api::input::ApplicationSent;
use crate::api::lists;
use crate::api::shapes::{ApplicationInput, Keyed};
use crate::http::call::Call;
use crate::http::input::{self, Field, Nested};
use crate::http::list;
use crate::http::reply::Frame;
use crate::http::reply::{self, Response};

/// The name that was sent, or in which words it cannot be one.
fn name(call: &Call) -> Result<Result<Name, String>, RequestError> {
    let sent: ApplicationSent =
        input::any(call).map_err(|fault| RequestError::Input("name", fault))?;
    let name = |field: Field| {
        field
            .parse(Name::parse)
            .map_err(|violation| violation.to_string())
    };
    let nested_was_sent = sent.application != Nested::Missing;
    let nested = match sent.application {
        Nested::Object(inner) => inner.name,
        Nested::Missing => Field::Missing,
        Nested::NotObject => Field::NotText,
    };
    Ok(input::either(
        name(nested),
        nested_was_sent,
        Some(name(sent.name)),
    ))
}

/// Every application.
#[utoipa::path(
    get, path = "/applications", tag = "uuid-applications", operation_id = "uuid_list_applications",
    responses((status = 200, description = "All of them", body = [ApplicationJson])),
)]
pub(super) async fn list(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let pages = lists::applications(&gate.chat, ApplicationJson::from);
    Ok(list::whole(&call.head, gate.patience, Frame::ARRAY, pages).await?)
}

/// Make an application.
#[utoipa::path(
    post, path = "/applications", tag = "uuid-applications", operation_id = "uuid_create_application",
    params(Keyed), request_body = ApplicationInput,
    responses((status = 201, description = "The new application", body = ApplicationJson)),
)]
pub(super) async fn create(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let key = key(&call.head)?;
    let name = name(&call)?.map_err(RequestError::Name)?;
    let made = gate
        .chat
        .create_application(name, false, key.as_ref())
        .await?;
    let answer = reply::json(StatusCode::CREATED, &ApplicationJson::from(made.value));
    Ok(with_replayed(answer, made.replayed))
}

/// One application.
#[utoipa::path(
    get, path = "/applications/{uuid}", tag = "uuid-applications", operation_id = "uuid_get_application",
    params(InApplication),
    responses((status = 200, description = "The application", body = ApplicationJson)),
)]
pub(super) async fn get(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let access = gate.enter(&call.head, APPLICATION).await?;
    let tenant = gate.chat.application(access).await?;
    Ok(reply::json(StatusCode::OK, &ApplicationJson::from(tenant)))
}

/// Give an application another name. Where it was made through the native API no other one made there may have it (400).
#[utoipa::path(
    patch, path = "/applications/{uuid}", tag = "uuid-applications", operation_id = "uuid_update_application",
    params(InApplication), request_body = ApplicationInput,
    responses((status = 200, description = "The application", body = ApplicationJson)),
)]
pub(super) async fn update(gate: Gate, call: Call) -> Result<Response, RequestError> {
    let access = gate.enter(&call.head, APPLICATION).await?;
    let name =
        name(&call).and_then(|name| name.map_err(|words| RequestError::Field("name", words)));
    let name = match name {
        Ok(name) => name,
        Err(wrong) => return Err(gate.missing_first(access, None, wrong).await),
    };
    let tenant = gate.chat.rename_application(access, name).await?;
    Ok(reply::json(StatusCode::OK, &ApplicationJson::from(tenant)))
}

/// Give an application another name. Where it was made through the native API no other one made there may have it (400).
#[utoipa::path(
    put, path = "/applications/{uuid}", tag = "uuid-applications", operation_id = "uuid_replace_application",
    params(InApplication), request_body = ApplicationInput,
    responses((status = 200, description = "The application", body = ApplicationJson)),
)]
pub(super) async fn replace(gate: Gate, call: Call) -> Result<Response, RequestError> {
    update(gate, call).await
}
