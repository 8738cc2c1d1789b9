//! Notifications to a URL.

use std::sync::Arc;

use chat_core::clock::SystemClock;
use chat_core::port::Notifier;
use chat_notify_http::{ConfigError, HttpConfig, HttpNotifier};

use super::{UrlName, WiringError};
use crate::config::{BackendUrl, Secret};

/// Sends nothing yet: a receiver that is down does not keep this server from starting.
pub(super) fn open_notifier(
    url: &BackendUrl,
    secret: Option<&Secret>,
) -> Result<Option<Arc<dyn Notifier>>, WiringError> {
    let secret = secret.map(Secret::expose).unwrap_or_default();
    let secret = String::from_utf8_lossy(secret);
    let config = HttpConfig::parse(url.expose(), &secret).map_err(unusable)?;
    let notifier = HttpNotifier::connect(&config, Arc::new(SystemClock)).map_err(unusable)?;
    Ok(Some(Arc::new(notifier)))
}

fn unusable(why: ConfigError) -> WiringError {
    let text = why.to_string();
    match why {
        ConfigError::NotASecret => WiringError::BadNotifySecret(text),
        _ => WiringError::BadUrl {
            name: UrlName::Notify,
            why: text,
        },
    }
}
