//! `/applications` and `/applications/{uuid}`.

use chat_core::error::ChatError;
use chat_core::ids::ApplicationId;
use chat_core::page::Limit;
use chat_core::service::Chat;
use chat_core::text::Name;
use http::StatusCode;
use serde::Deserialize;

use super::document::{ApplicationInput, InApplication, Keyed};
use super::status::Wrong;
use super::view::ApplicationJson;
use super::{APPLICATION, key};
use crate::api::gate::{Gate, with_replayed};
use crate::http::call::Call;
use crate::http::input::{self, Field, Nested};
use crate::http::list::{self, Pages};
use crate::http::reply::{self, Response};
use crate::http::stream::Frame;

struct Applications {
    chat: Chat,
    after: ApplicationId,
}

impl Pages for Applications {
    type View = ApplicationJson;
    type Error = ChatError;

    async fn next(&mut self) -> Result<(Vec<ApplicationJson>, bool), ChatError> {
        let page = self.chat.applications(self.after, Limit::MAX).await?;
        if let Some(last) = page.items.last().and_then(|tenant| tenant.id) {
            self.after = last;
        }
        Ok((
            page.items.into_iter().map(ApplicationJson::from).collect(),
            page.more,
        ))
    }
}

#[derive(Debug, Deserialize)]
struct Sent {
    #[serde(default)]
    name: Field,
    #[serde(default)]
    application: Nested<Inner>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Inner {
    #[serde(default)]
    name: Field,
}

/// The name that was sent, or in which words it cannot be one.
fn name(call: &Call) -> Result<Result<Name, String>, Wrong> {
    let sent: Sent = input::any(call).map_err(|fault| Wrong::Input("name", fault))?;
    let name = |field: Field| {
        field
            .parse(Name::parse)
            .map_err(|violation| violation.to_string())
    };
    let nested_was_sent = sent.application != Nested::Missing;
    let nested = match sent.application {
        Nested::Object(inner) => inner.name,
        Nested::Missing => Field::Missing,
        Nested::Wrong => Field::Wrong,
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
pub(super) async fn list(gate: Gate, call: Call) -> Result<Response, Wrong> {
    let patience = gate.patience;
    let pages = Applications {
        chat: gate.chat,
        after: ApplicationId::ROOT,
    };
    Ok(list::whole(&call.head, patience, Frame::ARRAY, pages).await?)
}

/// Make an application.
#[utoipa::path(
    post, path = "/applications", tag = "uuid-applications", operation_id = "uuid_create_application",
    params(Keyed), request_body = ApplicationInput,
    responses((status = 201, description = "The new application", body = ApplicationJson)),
)]
pub(super) async fn create(gate: Gate, call: Call) -> Result<Response, Wrong> {
    let key = key(&call.head)?;
    let name = name(&call)?.map_err(Wrong::Name)?;
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
pub(super) async fn get(gate: Gate, call: Call) -> Result<Response, Wrong> {
    let access = gate.enter(&call.head, APPLICATION).await?;
    let tenant = gate.chat.application(access).await?;
    Ok(reply::json(StatusCode::OK, &ApplicationJson::from(tenant)))
}

/// Give an application another name.
#[utoipa::path(
    patch, path = "/applications/{uuid}", tag = "uuid-applications", operation_id = "uuid_update_application",
    params(InApplication), request_body = ApplicationInput,
    responses((status = 200, description = "The application", body = ApplicationJson)),
)]
pub(super) async fn update(gate: Gate, call: Call) -> Result<Response, Wrong> {
    let access = gate.enter(&call.head, APPLICATION).await?;
    let name = name(&call).and_then(|name| name.map_err(|words| Wrong::Field("name", words)));
    let name = match name {
        Ok(name) => name,
        Err(wrong) => return Err(gate.missing_first(access, None, wrong).await),
    };
    let tenant = gate.chat.rename_application(access, name).await?;
    Ok(reply::json(StatusCode::OK, &ApplicationJson::from(tenant)))
}

/// Give an application another name.
#[utoipa::path(
    put, path = "/applications/{uuid}", tag = "uuid-applications", operation_id = "uuid_replace_application",
    params(InApplication), request_body = ApplicationInput,
    responses((status = 200, description = "The application", body = ApplicationJson)),
)]
pub(super) async fn replace(gate: Gate, call: Call) -> Result<Response, Wrong> {
    update(gate, call).await
}
