use crate::clock::Timestamp;
use crate::ids::{TokenHash, UserNumber};
use crate::password::PasswordHash;
use crate::seal::Sealed;
use crate::text::fold_username;

/// A user of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its number in the application.
    pub number: UserNumber,
    /// What it is called by; of a deleted user nothing is left.
    pub username: String,
    /// What it is shown as, if that is something else.
    pub display_name: Option<String>,
    /// Its e-mail address, for itself alone.
    pub email: Option<String>,
    /// The URL of its picture.
    pub picture: Option<String>,
    /// What is kept of its password; without one nobody can log in as it.
    pub password: Option<PasswordHash>,
    /// The token that one API shows again and again.
    pub lasting_token: Option<LastingToken>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed, or made.
    pub updated_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

impl User {
    /// What no other user of the application may be called while this one exists, case and accents' ways aside.
    #[must_use]
    pub fn folded(&self) -> String {
        fold_username(&self.username)
    }

    /// Whether it was deleted: only its number and its messages are left.
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}

/// A token that does not expire and can be shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastingToken {
    /// What it is looked up by.
    pub hash: TokenHash,
    /// It, sealed.
    pub sealed: Sealed,
}
