//! Who leads.

use std::sync::Arc;

use super::{FullQueue, LEASE};

/// Whoever leads goes on leading; roles are apart.
pub async fn a_leader_leads_on(queue: &Arc<dyn FullQueue>) {
    for _ in 0..3 {
        assert!(queue.lead("recount", LEASE).await.expect("lead"));
        assert!(queue.lead("purge", LEASE).await.expect("lead"));
    }
}
