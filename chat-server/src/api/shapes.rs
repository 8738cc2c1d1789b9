//! What more than one API is sent, as their documents show it.
#![expect(
    dead_code,
    reason = "these shapes are for the document; requests are read field by field"
)]

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// A name, flat or in an object of its own; also read from a form or from the query.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ApplicationInput {
    Flat(ApplicationName),
    Nested { application: ApplicationName },
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ApplicationName {
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$"
    )]
    name: String,
}

/// An id: a number from 1, or its digits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Id {
    Number(IdNumber),
    Text(IdText),
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
pub(crate) struct IdNumber(u64);

#[derive(Debug, Deserialize, ToSchema)]
#[schema(pattern = "^[1-9][0-9]{0,17}$")]
pub(crate) struct IdText(String);

/// Makes a command happen once.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct Keyed {
    /// The same key again answers what the first request was answered.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    idempotency_key: Option<String>,
}
