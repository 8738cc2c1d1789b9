use crate::commit::{Caller, Scope};
use crate::error::ChatError;
use crate::ids::{ApplicationId, Token, TokenHash, UserNumber};

/// Who asks: which application, and by what right. Every call looks the application up anew. The session is looked up by what listens or
/// waits, and by [`Chat::still_logged_in`](super::Chat::still_logged_in); others take the login for what it was.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    pub(super) scope: Scope,
    pub(super) caller: Caller,
    /// By which session, if it is by one.
    pub(crate) session: Option<TokenHash>,
}

impl Access {
    pub(super) const ROOT: Self = Self {
        scope: Scope::Root,
        caller: Caller::Application,
        session: None,
    };

    /// The same application, asked by this caller, in no session.
    #[must_use]
    pub const fn by(self, caller: Caller) -> Self {
        Self {
            caller,
            session: None,
            ..self
        }
    }

    /// Who asks.
    #[must_use]
    pub const fn caller(self) -> Caller {
        self.caller
    }

    /// For what only the application may ask for.
    pub(super) fn whole(self) -> Result<(), ChatError> {
        match self.caller {
            Caller::Application => Ok(()),
            Caller::For(_) | Caller::User(_) => Err(ChatError::NotAllowed),
        }
    }

    /// For what only the application and this user may ask for.
    pub(super) fn own(self, user: UserNumber) -> Result<(), ChatError> {
        match self.caller.user() {
            Some(caller) if caller != user => Err(ChatError::NotAllowed),
            _ => Ok(()),
        }
    }
}

impl From<Token> for Access {
    fn from(token: Token) -> Self {
        Self {
            scope: Scope::Token(token.hash()),
            caller: Caller::Application,
            session: None,
        }
    }
}

impl From<ApplicationId> for Access {
    fn from(id: ApplicationId) -> Self {
        Self {
            scope: Scope::Application(id),
            caller: Caller::Application,
            session: None,
        }
    }
}
