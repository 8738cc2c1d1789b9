use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::error::BackendError;
use crate::port::{Notification, Notifier};

/// Takes every notification and keeps it: for tests, as nothing else empties it.
#[derive(Debug, Default)]
pub struct MemoryNotifier(Mutex<Vec<Notification>>);

impl MemoryNotifier {
    /// Nobody was told anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes out what was told since the last time, the earliest first.
    #[must_use]
    pub fn take(&self) -> Vec<Notification> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Notifier for MemoryNotifier {
    async fn notify(&self, notifications: &[Notification]) -> Result<(), BackendError> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.extend_from_slice(notifications);
        Ok(())
    }
}
