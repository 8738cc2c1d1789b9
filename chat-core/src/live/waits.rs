//! Who waits for news of a chat in a session, without a seat.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::ids::{ApplicationId, TokenHash, UserNumber};

/// The sessions that somebody waits in; whoever does is woken when his may be over.
#[derive(Debug, Default)]
pub(crate) struct Waits(Mutex<HashMap<User, Sessions>>);

type User = (ApplicationId, UserNumber);
type Sessions = HashMap<TokenHash, watch::Sender<()>>;

impl Waits {
    /// Watches a session of a user.
    pub(crate) fn watch(&self, user: User, session: TokenHash) -> watch::Receiver<()> {
        let mut users = self.users();
        let sessions = users.entry(user).or_default();
        let woken = sessions
            .entry(session)
            .or_insert_with(|| watch::Sender::new(()));
        woken.subscribe()
    }

    /// All of them; those that nobody waits in any more are forgotten.
    pub(super) fn sessions(&self) -> Vec<TokenHash> {
        let mut users = self.users();
        users.retain(|_, sessions| {
            sessions.retain(|_, woken| woken.receiver_count() > 0);
            !sessions.is_empty()
        });
        users.values().flat_map(Sessions::keys).copied().collect()
    }

    /// A user may be logged in otherwise than before.
    pub(super) fn wake(&self, user: User) {
        if let Some(sessions) = self.users().get(&user) {
            sessions.values().for_each(wake);
        }
    }

    /// These sessions are over.
    pub(super) fn end(&self, over: &HashSet<TokenHash>) {
        if over.is_empty() {
            return;
        }
        let users = self.users();
        let sessions = users.values().flatten();
        let ended = sessions.filter(|(session, _)| over.contains(*session));
        ended.for_each(|(_, woken)| wake(woken));
    }

    fn users(&self) -> MutexGuard<'_, HashMap<User, Sessions>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(woken: &watch::Sender<()>) {
    // Whoever waited may have gone.
    let _ = woken.send(());
}
