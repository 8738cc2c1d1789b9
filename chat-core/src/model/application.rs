use crate::clock::Timestamp;
use crate::ids::{ApplicationId, ChatNumber, PublicId};
use crate::seal::Sealed;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its row id.
    pub id: ApplicationId,
    /// The id that gives no power by itself.
    pub public_id: PublicId,
    /// Its token, sealed under a key of the configuration.
    pub token: Sealed,
    /// Its name.
    pub name: String,
    /// Whether it is the default application, which is in no list and cannot be deleted.
    pub is_default: bool,
    /// The number of the last chat that was made.
    pub last_chat: ChatNumber,
    /// How many chats exist, deleted ones not counted. Exact.
    pub chats_count: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last renamed, or else created.
    pub updated_at: Timestamp,
}
