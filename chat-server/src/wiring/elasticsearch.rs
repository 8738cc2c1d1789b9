//! The search index on Elasticsearch.

use std::sync::Arc;

use chat_core::port::Search;
use chat_search_es::{ConfigError, EsConfig, EsSearch};

use super::{UrlName, WiringError};
use crate::config::BackendUrl;

/// Sends nothing yet: a server that is down does not keep this one from starting.
pub(super) fn open_search(url: &BackendUrl) -> Result<Arc<dyn Search>, WiringError> {
    let config = EsConfig::parse(url.expose()).map_err(unusable)?;
    let search = EsSearch::connect(&config).map_err(unusable)?;
    Ok(Arc::new(search))
}

fn unusable(why: ConfigError) -> WiringError {
    WiringError::BadUrl {
        name: UrlName::Search,
        why: why.to_string(),
    }
}
