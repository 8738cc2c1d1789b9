//! `/users/{id}/keys` and one of them: what users encrypt for each other with, which means nothing here.

use std::sync::Arc;

use chat_core::commit::PutKey;
use chat_core::text::{Device, PublicKey};
use http::StatusCode;
use serde::Deserialize;

use super::entry::{Shared, device, user};
use super::input::text;
use super::shapes::{KeyInput, OfDevice, OfId};
use super::status::{KEY, RequestError};
use super::users::myself;
use super::view::KeyJson;
use crate::http::call::Call;
use crate::http::input::{Field, unlabelled};
use crate::http::reply::{self, Response};

/// The keys that a user gave out for his devices, by device.
#[utoipa::path(
    get, path = "/users/{id}/keys", tag = "conversations", operation_id = "conversations_list_keys",
    params(OfId),
    responses((status = 200, description = "All of them", body = [KeyJson])),
)]
pub(super) async fn list(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = shared.enter(&call.head).await?;
    let user = shared.chat().user(me.access, user(&call.head)?).await?;
    let keys = shared.chat().device_keys(me.access, &[user.number]).await?;
    let keys: Vec<KeyJson> = keys.into_iter().map(|(_, key)| key.into()).collect();
    Ok(reply::json(StatusCode::OK, &keys))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    key: Field,
}

/// Give out a key for one of your devices, in place of the one that it has. At most 20 devices have keys.
#[utoipa::path(
    put, path = "/users/{id}/keys/{device}", tag = "conversations", operation_id = "conversations_put_key",
    params(OfDevice), request_body = KeyInput,
    responses((status = 200, description = "The key", body = KeyJson)),
)]
pub(super) async fn put(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = myself(&shared, &call.head).await?;
    let device = Device::parse(device(&call.head)?);
    let device = device.map_err(|violation| RequestError::Field("device", violation))?;
    let sent: Sent = unlabelled(&call)?;
    let put = PutKey {
        device,
        key: text("key", sent.key, PublicKey::parse)?,
    };
    let key = shared.chat().put_key(me.access, me.user, put).await?;
    Ok(reply::json(StatusCode::OK, &KeyJson::from(key)))
}

/// Take back the key of one of your devices.
#[utoipa::path(
    delete, path = "/users/{id}/keys/{device}", tag = "conversations", operation_id = "conversations_delete_key",
    params(OfDevice),
    responses((status = 204, description = "Done")),
)]
pub(super) async fn delete(shared: Arc<Shared>, call: Call) -> Result<Response, RequestError> {
    let me = myself(&shared, &call.head).await?;
    let device = Device::parse(device(&call.head)?);
    let device = device.map_err(|_| RequestError::Lost(KEY))?;
    shared.chat().drop_key(me.access, me.user, device).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
