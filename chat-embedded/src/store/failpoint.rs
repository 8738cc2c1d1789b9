//! Places where the process kills itself on request, to test what a crash there leaves. Without
//! the feature `failpoints` there are none.

use crate::config::StoreConfig;

pub(super) const AFTER_COMMIT: &str = "after-commit";
pub(super) const DURING_CHECKPOINT: &str = "during-checkpoint";
pub(super) const DURING_BACKUP: &str = "during-backup";

#[cfg(feature = "failpoints")]
pub(super) fn is_set(config: &StoreConfig, name: &str) -> bool {
    config.failpoint.as_deref() == Some(name)
}

#[cfg(not(feature = "failpoints"))]
pub(super) const fn is_set(_: &StoreConfig, _: &str) -> bool {
    false
}

/// Kills the process, as a power cut would, when this place is named.
pub(super) fn pass(config: &StoreConfig, name: &str) {
    if is_set(config, name) {
        std::process::abort();
    }
}
