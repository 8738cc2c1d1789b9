use crate::clock::Timestamp;
use crate::ids::{ApplicationId, PublicId, Token};

/// An application with its token opened: for those who hold it, and for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its row; `None` in the answer to its own creation.
    pub id: Option<ApplicationId>,
    /// The id that gives no power by itself.
    pub public_id: PublicId,
    /// The secret that gives full power in it.
    pub token: Token,
    /// Its name.
    pub name: String,
    /// How many chats exist. Exact.
    pub chats_count: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last renamed, or made.
    pub updated_at: Timestamp,
}
