use std::sync::Arc;

use crate::error::ChatError;
use crate::ids::Epoch;
use crate::live::{Ear, Listener};

use super::Chat;

impl Chat {
    /// Connects whoever wants to be told what happens. It follows nothing until [`Listener::follow`] says what.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`]; [`ChatError::NotLoggedIn`] when the login is over;
    /// [`ChatError::TooManyListeners`] of this user or from this address on this node.
    pub async fn listen(&self, ear: Ear) -> Result<Listener, ChatError> {
        let application = self.resolve(ear.access).await?;
        let live = &self.inner.live;
        let of = (application.id, application.public_id);
        let mut listener = live.0.seat(of, &ear)?;
        // From here on it hears of the end of its login; what came before is found here.
        match ear.access.session {
            Some(session) => {
                self.standing(session).await?;
            }
            None => {
                self.acting(ear.access).await?;
            }
        }
        listener.attend();
        Ok(listener)
    }

    /// Which history this is: cursors of another one are of no use here.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.inner.epoch
    }

    /// How many listeners are connected to this node.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.inner.live.0.len()
    }

    /// How often this node read the Store to tell its listeners what happened in a chat: once for all who follow it.
    #[must_use]
    pub fn live_reads(&self) -> u64 {
        self.inner.live.0.reads()
    }
}

/// Ends all listeners with the last [`Chat`].
pub(super) struct Live(pub(super) Arc<crate::live::Hub>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.stop();
    }
}
