use crate::clock::Timestamp;
use crate::ids::UserNumber;

/// A user as it is shown: without what it logs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView {
    /// Its number in the application.
    pub number: UserNumber,
    /// What it is called by.
    pub username: String,
    /// What it is shown as, if that is something else.
    pub display_name: Option<String>,
    /// Its e-mail address; only the application and the user itself see it.
    pub email: Option<String>,
    /// The URL of its picture.
    pub picture: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed, or made.
    pub updated_at: Timestamp,
}
