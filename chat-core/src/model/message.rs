use crate::clock::Timestamp;
use crate::ids::{Change, MessageNumber, UserNumber};

/// A message as it stands. A deleted one is a tombstone: `deleted_at` is set and the body is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number in the chat.
    pub number: MessageNumber,
    /// The text.
    pub body: String,
    /// Who posted it: a user who still exists. In what a command works on, also one who does not.
    pub sender: Option<UserNumber>,
    /// Who wrote it, when it was imported with a name.
    pub author_name: Option<String>,
    /// What the host keeps beside it: a JSON object, as sent.
    pub data: Option<String>,
    /// The message that it answers.
    pub reply_to: Option<MessageNumber>,
    /// Its integer id in the default application (gaps allowed); `None` elsewhere.
    pub ext_id: Option<u64>,
    /// When it was posted.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// The change that last touched it; 0 when none did.
    pub change: Change,
}

impl Message {
    /// When it was last edited, or else posted.
    #[must_use]
    pub fn updated_at(&self) -> Timestamp {
        self.edited_at.unwrap_or(self.created_at)
    }

    /// Whether it is a tombstone.
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}
