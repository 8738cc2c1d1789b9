//! How often somebody may try to log in with what is wrong, by name and by address; and how often one address may register.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_core::ids::ApplicationId;
use chat_core::live::network_of;
use chat_core::port::Counter;
use chat_core::text::Username;
use sha2::{Digest, Sha256};

use crate::config::RateLimit;
use crate::http::rate::{Allowance, RateLimiter};

/// Wrong attempts are counted in windows of this length.
const WINDOW: Duration = Duration::from_secs(60);
/// So many with one name, whether somebody has it or not.
const OF_NAME: u32 = 10;
/// So many from one address, behind which many people may be.
const OF_ADDRESS: u32 = 100;

/// So many registrations from one address, whatever comes of them: a class that sits behind one router gets in.
const REGISTRATIONS: u32 = 50;

/// Counts wrong attempts to log in, where right ones cost nothing, and registrations.
#[derive(Clone)]
pub struct Attempts {
    of_registrations: Arc<RateLimiter>,
    of_name: Arc<RateLimiter>,
    of_address: Arc<RateLimiter>,
    /// How many with a name are on their way here: each may turn out wrong.
    pending: Arc<Mutex<HashMap<String, u64>>>,
}

/// One attempt to log in.
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    name: String,
    address: String,
}

impl Attempts {
    /// Counted by this counter, which nodes may share.
    pub fn new(counter: &Arc<dyn Counter>) -> Self {
        let limiter = |requests| {
            let limit = RateLimit {
                requests,
                window: WINDOW,
            };
            Arc::new(RateLimiter::new(limit, Arc::clone(counter)))
        };
        Self {
            of_registrations: limiter(REGISTRATIONS),
            of_name: limiter(OF_NAME),
            of_address: limiter(OF_ADDRESS),
            pending: Arc::default(),
        }
    }

    /// One registration from this address.
    ///
    /// # Errors
    /// What is left of the window in which there were too many.
    pub(crate) async fn register(&self, address: IpAddr) -> Result<(), Allowance> {
        let key = format!("register-{}", network_of(address));
        match self.of_registrations.take(&key).await {
            Some(allowance) if !allowance.granted => Err(allowance),
            _ => Ok(()),
        }
    }

    /// One attempt with this name in an application.
    ///
    /// # Errors
    /// What is left of the window in which there were too many wrong ones.
    pub(crate) async fn begin(
        &self,
        application: ApplicationId,
        name: &str,
        address: IpAddr,
    ) -> Result<Attempt<'_>, Allowance> {
        let folded = Username::parse(name).map_or_else(|_| name.to_owned(), |name| name.folded());
        let hash = Sha256::digest(folded);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let attempt = Attempt {
            attempts: self,
            name: format!("login-{application}-{hash}"),
            address: format!("login-{}", network_of(address)),
        };
        let beside = {
            let mut pending = self.pending();
            let pending = pending.entry(attempt.name.clone()).or_default();
            *pending += 1;
            *pending - 1
        };
        for (limiter, key, beside) in [
            (&self.of_address, &attempt.address, 0),
            (&self.of_name, &attempt.name, beside),
        ] {
            match limiter.look(key, beside).await {
                Some(allowance) if !allowance.granted => return Err(allowance),
                _ => {}
            }
        }
        Ok(attempt)
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It was wrong.
    pub(crate) async fn fail(self) {
        self.attempts.of_name.take(&self.name).await;
        self.attempts.of_address.take(&self.address).await;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut pending = self.attempts.pending();
        if let Some(count) = pending.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                pending.remove(&self.name);
            }
        }
    }
}
