use crate::bearer::Bearer;
use crate::commit::{Command, Done, GiveToken};
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::{ApplicationId, SessionId, UserNumber};
use crate::model::Session;
use crate::page::{Limit, Page};
use crate::port::{Event, Opened};

use super::applications::unexpected;
use super::{Access, Chat, Login};

impl Chat {
    /// A page of the sessions of a user that have not expired, the latest first, below `before` if given.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`]; [`ChatError::NotAllowed`] for another user.
    pub async fn sessions(
        &self,
        access: Access,
        user: UserNumber,
        before: Option<Opened>,
        limit: Limit,
    ) -> Result<Page<Session>, ChatError> {
        access.own(user)?;
        let application = self.resolve(access).await?.id;
        let sessions = &self.inner.stores.sessions;
        let found = sessions.sessions(application, user, before, limit).await?;
        let (is_full, now) = (found.len() == limit.get(), self.inner.clock.now());
        let standing = found.into_iter().filter(|one| one.expires_at > now);
        let items: Vec<Session> = standing.collect();
        // All last equally long: behind one that has expired there are only others that have.
        let more = is_full && items.len() == limit.get();
        Ok(Page { items, more })
    }

    /// Ends a session: its token proves nothing from now on.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::SessionNotFound`]; [`ChatError::NotAllowed`] for another user.
    pub async fn end_session(
        &self,
        access: Access,
        user: UserNumber,
        session: SessionId,
    ) -> Result<(), ChatError> {
        access.own(user)?;
        let application = self.resolve(access).await?.id;
        let sessions = &self.inner.stores.sessions;
        match sessions.end_session(application, user, session).await? {
            true => {
                self.tell_person(application, user);
                Ok(())
            }
            false => Err(ChatError::SessionNotFound),
        }
    }

    /// Ends all sessions of a user, and tells how many there were. A lasting token stays.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`]; [`ChatError::NotAllowed`] for another user.
    pub async fn end_sessions(&self, access: Access, user: UserNumber) -> Result<u64, ChatError> {
        access.own(user)?;
        let application = self.resolve(access).await?.id;
        let sessions = &self.inner.stores.sessions;
        let mut ended = 0;
        loop {
            let page = sessions
                .sessions(application, user, None, Limit::MAX)
                .await?;
            for session in &page {
                let gone = sessions.end_session(application, user, session.id).await?;
                ended += u64::from(gone);
            }
            if page.len() < Limit::MAX.get() {
                break;
            }
        }
        self.tell_person(application, user);
        Ok(ended)
    }

    /// Ends the session of whoever asks; done already is done. A lasting token stays.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn logout(&self, login: &Login) -> Result<(), ChatError> {
        if let Some(session) = login.session {
            let sessions = &self.inner.stores.sessions;
            sessions
                .end_session(login.application, login.user, session)
                .await?;
            self.tell_person(login.application, login.user);
        }
        Ok(())
    }

    /// Tells all nodes that a user is logged in otherwise than before.
    fn tell_person(&self, application: ApplicationId, user: UserNumber) {
        let event = Event::Person { application, user };
        self.inner.announcer.tell(event);
    }

    /// The lasting token of a user; if it has none, `new` becomes it, or else a random one.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`] or [`ChatError::UserNotFound`];
    /// [`ChatError::NotAllowed`] for another user.
    pub async fn lasting_token(
        &self,
        access: Access,
        user: UserNumber,
        new: Option<Bearer>,
    ) -> Result<Bearer, ChatError> {
        let owner = self.resolve(access).await?.public_id;
        let token = new.unwrap_or_else(Bearer::lasting);
        let keyring = &self.inner.keyring;
        let give = GiveToken {
            hash: token.hash(),
            sealed: keyring.seal_bearer(&token, owner, user),
        };
        let command = Command::GiveToken(user, give);
        let answer = self.submit(access, command, None).await?;
        let Done::TokenGiven { sealed } = answer.value else {
            return Err(unexpected());
        };
        keyring.open_bearer(&sealed, owner, user).map_err(|error| {
            let fault = BackendError::new(ErrorKind::Internal, "keyring", "open");
            ChatError::Internal(fault.with_source(error))
        })
    }
}
