use crate::commit::Scope;
use crate::ids::{ApplicationId, Token};

/// Who asks: which application, and by what right. Every call looks it up anew.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    pub(super) scope: Scope,
}

impl From<Token> for Access {
    fn from(token: Token) -> Self {
        Self {
            scope: Scope::Token(token.hash()),
        }
    }
}

impl From<ApplicationId> for Access {
    fn from(id: ApplicationId) -> Self {
        Self {
            scope: Scope::Application(id),
        }
    }
}
