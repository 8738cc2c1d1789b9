//! What this server can do, and what an application may.

use chat_core::page::MAX_PAGE;
use chat_core::text::{MAX_BODY_BYTES, MAX_DATA_BYTES, MAX_KEY_CHARS, MAX_NAME_CHARS};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::shapes::InApplication;
use super::state::{State, only_knows, query};
use super::status::Native;
use crate::http::call::Call;
use crate::http::rate::AllowanceJson;
use crate::http::reply::{self, Response};

/// What this server can do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Capabilities<'a> {
    /// The server's version.
    version: &'static str,
    /// The APIs that it serves.
    apis: &'a [String],
    /// Kinds of chats that can be made.
    chat_kinds: [&'static str; 3],
    /// What else a client can count on.
    features: [&'static str; 14],
    /// The public id of the application that people come to who name none; it gives no power by itself.
    default_application: Uuid,
    /// Whether anybody may make himself a user of that application.
    registration: bool,
}

const FEATURES: [&str; 14] = [
    "changes",
    "events",
    "idempotency",
    "keyset_pages",
    "long_poll",
    "marks",
    "members",
    "presence",
    "problems",
    "search",
    "sessions",
    "stream",
    "sync",
    "users",
];

/// What may be sent, and how often.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitsJson {
    /// Longest message text in bytes of UTF-8.
    message_bytes: usize,
    /// Longest name in characters.
    name_characters: usize,
    /// Largest `data` of a message in bytes.
    data_bytes: usize,
    /// Longest idempotency key in characters.
    idempotency_key_characters: usize,
    /// Largest request body in bytes.
    request_bytes: usize,
    /// The most that one page holds.
    page: usize,
    /// How many requests are left in this window; null when they are not limited.
    rate: Option<AllowanceJson>,
}

/// What this server can do.
#[utoipa::path(
    get, path = "/api/v1/capabilities", tag = "applications", operation_id = "get_capabilities",
    responses((status = 200, description = "What it can do", body = Capabilities)),
)]
pub(super) async fn capabilities(state: State, call: Call) -> Result<Response, Native> {
    only_knows(&query(&call.head)?, &[])?;
    let home = state.chat().default_application().await?;
    let body = Capabilities {
        version: env!("CARGO_PKG_VERSION"),
        apis: &state.options.apis,
        chat_kinds: ["open", "direct", "group"],
        features: FEATURES,
        default_application: home.public_id.0,
        registration: state.gate.registration,
    };
    Ok(reply::json(StatusCode::OK, &body))
}

/// What may be sent, and how often.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/limits", tag = "applications", operation_id = "get_limits",
    params(InApplication),
    responses((status = 200, description = "The limits", body = LimitsJson)),
)]
pub(super) async fn limits(state: State, call: Call) -> Result<Response, Native> {
    let access = state.enter(&call.head).await?;
    state.chat().application_id(access).await?;
    only_knows(&query(&call.head)?, &[])?;
    let body = LimitsJson {
        message_bytes: MAX_BODY_BYTES,
        name_characters: MAX_NAME_CHARS,
        data_bytes: MAX_DATA_BYTES,
        idempotency_key_characters: MAX_KEY_CHARS,
        request_bytes: state.body_bytes,
        page: MAX_PAGE,
        rate: call.head.allowance.get().map(|allowance| allowance.json()),
    };
    Ok(reply::json(StatusCode::OK, &body))
}
