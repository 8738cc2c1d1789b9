use crate::clock::Timestamp;
use crate::ids::{PublicId, Token};

/// An application as it is shown, with its token unsealed: to those who hold it, and to the
/// operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The id that gives no power by itself.
    pub public_id: PublicId,
    /// The secret that gives full power in it.
    pub token: Token,
    /// Its name.
    pub name: String,
    /// How many chats exist. Exact.
    pub chats_count: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last renamed, or else created.
    pub updated_at: Timestamp,
}
