//! From a name and a password to a session, and from a token to whoever holds it.

use crate::bearer::Bearer;
use crate::commit::{Caller, ChangeUser, Command, NewPassword};
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::{ApplicationId, SessionId, TokenHash, UserNumber};
use crate::model::{Session, User, UserView};
use crate::password::{self, Password, PasswordHash};
use crate::text::{Name, Username};

use super::users::shown;
use super::{Access, Chat};

/// How long a session lasts: 30 days.
pub const SESSION_SECONDS: i64 = 30 * 24 * 60 * 60;
/// How often a login is tried whose user is changed meanwhile.
const ATTEMPTS: usize = 3;

/// A session that was opened.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// What proves it. It is told once and kept nowhere.
    pub token: Bearer,
    /// The session.
    pub session: Session,
    /// Who is logged in.
    pub user: UserView,
}

/// Whoever holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login {
    /// In which application.
    pub application: ApplicationId,
    /// Which user.
    pub user: UserNumber,
    /// What the token is looked up by.
    pub token: TokenHash,
    /// The session; `None` for a lasting token.
    pub session: Option<SessionId>,
}

impl Login {
    /// What this user may do, by this session: what listens or waits is over with it.
    #[must_use]
    pub fn access(&self) -> Access {
        Access {
            session: self.session.map(|_| self.token),
            ..Access::from(self.application).by(Caller::User(self.user))
        }
    }
}

impl Chat {
    /// Opens a session of [`SESSION_SECONDS`] for the user with this name and password. Who has no such name learns nothing: the
    /// answer is the same, and takes as long, as with a wrong password. (A password that was taken over from another system takes
    /// the time of that system's hash, until it was right once and is hashed anew.) `device` is told where the user's sessions
    /// are listed.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`]; [`ChatError::WrongCredentials`]; [`ChatError::Busy`] when too many logins wait.
    pub async fn login(
        &self,
        access: Access,
        username: &str,
        typed: &Password,
        device: Option<&Name>,
    ) -> Result<LoggedIn, ChatError> {
        let application = self.resolve(access).await?.id;
        for _ in 0..ATTEMPTS {
            let (user, renewed) = self.proven(application, username, typed).await?;
            let Some(opened) = self.open_session(application, user, device).await? else {
                continue;
            };
            if let Some((hash, before)) = renewed {
                self.renew(application, opened.user.number, hash, before)
                    .await;
            }
            return Ok(opened);
        }
        Err(changing())
    }

    /// The lasting token of the user with this name and password, the same each time; if it has none, a random one becomes it. Names
    /// are told apart as little as by [`Chat::login`].
    ///
    /// # Errors
    /// As [`Chat::login`].
    pub async fn login_lasting(
        &self,
        access: Access,
        username: &str,
        typed: &Password,
    ) -> Result<Bearer, ChatError> {
        let application = self.resolve(access).await?.id;
        let (user, renewed) = self.proven(application, username, typed).await?;
        let given = self.lasting_token(application.into(), user.number, None);
        let token = given.await.map_err(|error| match error {
            // It was deleted meanwhile.
            ChatError::UserNotFound(_) => ChatError::WrongCredentials,
            error => error,
        })?;
        if let Some((hash, before)) = renewed {
            self.renew(application, user.number, hash, before).await;
        }
        Ok(token)
    }

    /// The user with this name and password; and if what is kept of the password is of another time, what to keep instead of it.
    async fn proven(
        &self,
        application: ApplicationId,
        username: &str,
        typed: &Password,
    ) -> Result<(User, Option<(PasswordHash, PasswordHash)>), ChatError> {
        let folded = Username::parse(username).map(|name| name.folded()).ok();
        let user = match &folded {
            Some(folded) => {
                let users = &self.inner.stores.users;
                users.user_by_name(application, folded).await?
            }
            None => None,
        };
        let kept = user.as_ref().and_then(|user| user.password.clone());
        let checking = {
            let (typed, kept) = (typed.clone(), kept.clone());
            move || password::verify(&typed, kept.as_ref())
        };
        let verdict = self.inner.passwords.run(application, checking).await?;
        match (user, verdict.is_right) {
            (Some(user), true) => Ok((user, verdict.renewed.zip(kept))),
            _ => Err(ChatError::WrongCredentials),
        }
    }

    /// Opens a session for a user without a password: for hosts that have a login of their own.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::UserNotFound`]; [`ChatError::NotAllowed`] for a user.
    pub async fn mint_session(
        &self,
        access: Access,
        user: UserNumber,
        device: Option<&Name>,
    ) -> Result<LoggedIn, ChatError> {
        access.whole()?;
        let application = self.resolve(access).await?.id;
        for _ in 0..ATTEMPTS {
            let found = self.inner.stores.users.users(application, &[user]).await?;
            let found = found.into_iter().next();
            let found = found.ok_or(ChatError::UserNotFound(user))?;
            if let Some(opened) = self.open_session(application, found, device).await? {
                return Ok(opened);
            }
        }
        Err(changing())
    }

    /// Who holds this token of a session, now.
    ///
    /// # Errors
    /// [`ChatError::NotLoggedIn`] when it is none, has ended or expired, or its user or application is deleted.
    pub async fn authenticate(&self, token: &Bearer) -> Result<Login, ChatError> {
        let session = self.standing(token.hash()).await?;
        Ok(Login {
            application: session.application,
            user: session.user,
            token: session.token,
            session: Some(session.id),
        })
    }

    /// Refuses an access whose session is over; one without a session passes. Whoever waited asks this after it has read and before it
    /// tells: what was posted after a logout is not for it.
    ///
    /// # Errors
    /// [`ChatError::NotLoggedIn`] when the session has ended or expired, or its user or application is deleted.
    pub async fn still_logged_in(&self, access: Access) -> Result<(), ChatError> {
        if let Some(token) = access.session {
            self.standing(token).await?;
        }
        Ok(())
    }

    /// The session with this token, when it neither ended nor expired.
    pub(super) async fn standing(&self, token: TokenHash) -> Result<Session, ChatError> {
        let found = self.inner.stores.sessions.session(token).await?;
        let now = self.inner.clock.now();
        let stands = found.filter(|session| session.expires_at > now);
        stands.ok_or(ChatError::NotLoggedIn)
    }

    /// Who holds this lasting token.
    ///
    /// # Errors
    /// [`ChatError::NotLoggedIn`] when it is none, or its user or application is deleted.
    pub async fn authenticate_lasting(&self, token: &Bearer) -> Result<Login, ChatError> {
        let token = token.hash();
        let found = self.inner.stores.users.user_by_token(token).await?;
        let (application, user) = found.ok_or(ChatError::NotLoggedIn)?;
        Ok(Login {
            application,
            user: user.number,
            token,
            session: None,
        })
    }

    /// Opens a session, unless the user was changed since it was read.
    async fn open_session(
        &self,
        application: ApplicationId,
        user: User,
        device: Option<&Name>,
    ) -> Result<Option<LoggedIn>, ChatError> {
        let (token, now) = (Bearer::session(), self.inner.clock.now());
        let session = Session {
            id: SessionId::random(),
            token: token.hash(),
            application,
            user: user.number,
            device: super::name(device),
            created_at: now,
            expires_at: now.plus_seconds(SESSION_SECONDS),
        };
        let sessions = &self.inner.stores.sessions;
        let opened = sessions.open_session(&session, user.updated_at).await?;
        let user = shown(user, Access::from(application));
        Ok(opened.then_some(LoggedIn {
            token,
            session,
            user,
        }))
    }

    /// Keeps the same password in the way of today. The login stands without it.
    async fn renew(
        &self,
        application: ApplicationId,
        user: UserNumber,
        hash: PasswordHash,
        before: PasswordHash,
    ) {
        let change = ChangeUser {
            password: Some(NewPassword::Rehashed { hash, before }),
            ..ChangeUser::default()
        };
        let command = Command::ChangeUser(user, change);
        if let Err(error) = self.submit(application.into(), command, None).await {
            tracing::warn!(?error, "a password is hashed anew at the next login");
        }
    }
}

/// Somebody changes the user again and again.
fn changing() -> ChatError {
    BackendError::new(ErrorKind::Conflict, "store", "open session").into()
}
