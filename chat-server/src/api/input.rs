//! What more than one API is sent.

use serde::Deserialize;

use crate::http::input::{Field, Nested};

/// An application, flat or in an object of its own with the same keys.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ApplicationSent {
    #[serde(default)]
    pub(crate) name: Field,
    #[serde(default)]
    pub(crate) application: Nested<Box<Self>>,
}
