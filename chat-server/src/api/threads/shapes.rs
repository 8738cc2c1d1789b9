//! What is sent here, as the document shows it: bodies, parameters and errors.
#![expect(
    dead_code,
    reason = "these shapes are for the document; requests are read field by field"
)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What a user logs in with.
#[derive(Deserialize, ToSchema, IntoParams)]
#[schema(as = ThreadsCredentials)]
#[into_params(parameter_in = Query)]
pub(super) struct Credentials {
    #[schema(min_length = 1)]
    #[param(min_length = 1)]
    username: String,
    #[schema(min_length = 1)]
    #[param(min_length = 1)]
    password: String,
}

/// A new thread.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ThreadInput)]
pub(super) struct NewThread {
    /// The other user.
    #[schema(minimum = 1)]
    participant: u64,
}

/// A new message.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ThreadMessageInput)]
pub(super) struct NewMessage {
    thread: Uuid,
    #[schema(
        min_length = 1,
        max_length = 250,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    text: String,
}

/// What is changed of a message.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ThreadMessageChange)]
pub(super) struct MessageChange {
    #[schema(
        required = false,
        min_length = 1,
        max_length = 250,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    text: String,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InThread {
    /// The thread's id.
    uuid: Uuid,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InMessage {
    /// The message's id.
    #[param(minimum = 1)]
    id: u64,
}

/// Which part of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PartQuery {
    /// How many elements at most: 100 unless given, never more than 250.
    #[param(required = false)]
    limit: Option<String>,
    /// How many elements come before.
    #[param(required = false)]
    offset: Option<String>,
}

/// What an error answer holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ThreadsError)]
pub(super) enum ErrorJson {
    /// What is wrong.
    Detail { detail: String },
    /// The words for each field that is wrong.
    Fields(BTreeMap<String, Vec<String>>),
}
