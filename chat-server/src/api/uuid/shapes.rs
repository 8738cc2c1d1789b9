//! What is sent here, as the document shows it: bodies, parameters and errors.
#![expect(
    dead_code,
    reason = "these shapes are for the document; requests are read field by field"
)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A new message.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UuidMessageInput)]
pub(super) struct MessageInput {
    message: MessageText,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UuidMessageText)]
pub(super) struct MessageText {
    /// The text, at most 65,536 bytes of UTF-8.
    #[schema(
        min_length = 1,
        max_length = 65536,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    message: String,
}

/// What is searched for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UuidSearchInput)]
pub(super) struct SearchInput {
    /// Words, parts of words, phrases in quotes; all are required. A piece of one or two letters finds the beginnings
    /// of words only, a longer one any part of a word. Emoji and symbols (`+`, `$`, `€`) are found, punctuation only
    /// inside words.
    #[schema(min_length = 1, pattern = r"\S")]
    message: String,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InApplication {
    /// The application's uuid.
    uuid: Uuid,
}

/// Where in the API.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InChat {
    /// The application's uuid.
    uuid: Uuid,
    /// The chat's number.
    #[param(minimum = 1)]
    n: u64,
}

/// What is searched for, when there is no body.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Words, parts of words, phrases in quotes; all are required. A piece of one or two letters finds the beginnings
    /// of words only, a longer one any part of a word. Emoji and symbols (`+`, `$`, `€`) are found, punctuation only
    /// inside words.
    #[param(required = false, min_length = 1, pattern = r"\S")]
    message: Option<String>,
}

/// What an error answer holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = UuidError)]
pub(super) enum ErrorJson {
    /// What failed; with a text for what is missing, or with the words for each field that is wrong.
    Failed {
        message: String,
        #[schema(required = false)]
        errors: Option<Errors>,
    },
    /// The words for each field that is wrong.
    Fields(BTreeMap<String, Vec<String>>),
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = UuidErrors)]
pub(super) enum Errors {
    Text(String),
    Fields(BTreeMap<String, Vec<String>>),
}
