//! What a batch needs not ask first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use chat_core::ids::{ApplicationId, TokenHash};

/// The applications that tokens were seen to belong to. It only saves a trip: whose a token is, is read under a lock each time.
#[derive(Default)]
pub(in crate::store) struct Known(Mutex<BTreeMap<TokenHash, ApplicationId>>);

/// Of so many tokens it is known.
const KNOWN: usize = 10_000;

impl Known {
    pub(super) fn of(&self, tokens: &BTreeSet<TokenHash>) -> BTreeMap<TokenHash, ApplicationId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tokens.iter();
        found
            .filter_map(|token| Some((*token, *known.get(token)?)))
            .collect()
    }

    pub(super) fn learn(&self, tokens: &BTreeMap<TokenHash, ApplicationId>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + tokens.len() > KNOWN {
            known.clear();
        }
        known.extend(tokens);
    }
}
