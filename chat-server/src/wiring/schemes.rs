//! The schemes of URLs.

use super::{NamedUrl, UrlName, WiringError};

/// The schemes that each setting takes, with the feature that brings the adapter.
const SCHEMES: [(&str, &[(&str, &str)]); 4] = [
    ("store", &[("sqlite", "embedded"), ("mysql", "mysql")]),
    (
        "search",
        &[
            ("sqlite", "embedded"),
            ("http", "elasticsearch"),
            ("https", "elasticsearch"),
        ],
    ),
    (
        "queue",
        &[
            ("redis", "redis"),
            ("rediss", "redis"),
            ("redis-sentinel", "redis"),
            ("rediss-sentinel", "redis"),
            ("redis-cluster", "redis"),
            ("rediss-cluster", "redis"),
        ],
    ),
    (
        "notifier",
        &[("http", "notify-http"), ("https", "notify-http")],
    ),
];

/// Why there is no adapter for this URL.
pub(super) fn no_adapter(given: &NamedUrl) -> WiringError {
    let port = given.name.port();
    let given = given.clone();
    let known = SCHEMES.iter().find(|(name, _)| *name == port);
    let known = known.map_or(&[][..], |(_, schemes)| schemes);
    let scheme = given.url.scheme();
    match known.iter().find(|(known, _)| *known == scheme) {
        Some((_, feature)) => WiringError::LeftOut { given, feature },
        None => {
            let mut known: Vec<_> = known.iter().map(|(scheme, _)| *scheme).collect();
            // Nobody could read what is told to memory.
            known.extend((given.name != UrlName::Notify).then_some("memory"));
            let known = known.join(", ");
            WiringError::UnknownScheme { given, known }
        }
    }
}
