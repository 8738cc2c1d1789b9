use crate::clock::Timestamp;
use crate::ids::{ApplicationId, SessionId, TokenHash, UserNumber};

/// A login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What lists name it by.
    pub id: SessionId,
    /// What it is looked up by: SHA-256 of a token that only its holder has.
    pub token: TokenHash,
    /// In which application.
    pub application: ApplicationId,
    /// Who is logged in.
    pub user: UserNumber,
    /// Where from, as the caller says.
    pub device: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}
