//! Which way the writes of each application take.

use chat_core::commit::Scope;
use chat_core::port::Stores;
use chat_core::queued::{Routes, WriteMode};
use chat_core::seal::Keyring;

use super::{NamedUrl, WiringError, backend};
use crate::config::Settings;

/// The ways that the settings name. An application that is not there any more needs none.
pub(super) async fn find(
    settings: &Settings,
    stores: &Stores,
    keyring: &Keyring,
) -> Result<Routes, WiringError> {
    let mut routes = Routes {
        default: settings.write.into(),
        ..Routes::default()
    };
    for own in &settings.write_of {
        let found = stores.applications.by_public_id(own.application).await;
        let Some(found) = found.map_err(backend(&NamedUrl::store(settings)))? else {
            tracing::warn!(application = %own.application, "the setting write_of names an application that is not there");
            continue;
        };
        let mode = WriteMode::from(own.write);
        routes.own.insert(Scope::Application(found.id), mode);
        if let Ok(token) = keyring.open(&found.token, found.public_id) {
            routes.own.insert(Scope::Token(token.hash()), mode);
        }
    }
    Ok(routes)
}
