use crate::clock::Timestamp;
use crate::commit::{Command, CreateChat, CreateUser, Done, Import, Key, SourceHash};
use crate::error::ChatError;
use crate::ids::{ChatNumber, ChatUuid, UserNumber};
use crate::model::{ChatKind, Pair};

use super::applications::unexpected;
use super::{Access, Answer, Chat};

/// A direct chat of another system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedDirect {
    /// Whose it is.
    pub pair: Pair,
    /// What it is called.
    pub uuid: ChatUuid,
    /// When it was made; now, when that is not known.
    pub created_at: Option<Timestamp>,
}

/// Where the messages of a direct chat of another system go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectFound {
    /// The chat.
    pub number: ChatNumber,
    /// Whether the two had one already, whose messages these join.
    pub joined: bool,
}

impl Chat {
    /// The last line of this source that was imported; 0 when none was.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn imported(&self, source: SourceHash) -> Result<u64, ChatError> {
        Ok(self.inner.stores.upkeep.imported(source).await?)
    }

    /// Imports some lines of a source, all or none, exactly once.
    ///
    /// # Errors
    /// [`ChatError::ImportMoved`] when the source is at another line than `import.from`;
    /// [`ChatError::ApplicationNotFound`], [`ChatError::ChatNotFound`] or
    /// [`ChatError::ReplyNotFound`]; [`ChatError::UserNotFound`] for a sender that there never was,
    /// [`ChatError::MemberNotFound`] for a reader that never took part.
    pub async fn import(&self, access: Access, import: Import) -> Result<(), ChatError> {
        self.submit(access, Command::Import(import), None).await?;
        Ok(())
    }

    /// Takes a user over from a row of a source, once: a row that was taken over before is answered with the same user.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::UsernameTaken`] (without regard to case).
    pub async fn import_user(
        &self,
        access: Access,
        source: SourceHash,
        row: &str,
        new: CreateUser,
    ) -> Result<Answer<UserNumber>, ChatError> {
        let key = Key::of_row(source, &format!("user {row}"));
        let command = Command::CreateUser(new);
        let answer = self.submit_under(access, command, Some(key)).await?;
        let Done::UserCreated { number, .. } = answer.value else {
            return Err(unexpected());
        };
        Ok(Answer {
            value: number,
            replayed: answer.replayed,
        })
    }

    /// Takes a direct chat over from a source, once. Two users have one direct chat: where they have one already, it is found.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::UserNotFound`].
    pub async fn import_direct(
        &self,
        access: Access,
        source: SourceHash,
        new: ImportedDirect,
    ) -> Result<Answer<DirectFound>, ChatError> {
        let key = Key::of_row(source, &format!("direct {}", new.uuid));
        let command = Command::CreateChat(CreateChat {
            kind: ChatKind::Direct,
            name: None,
            unique_name: false,
            members: vec![new.pair.low, new.pair.high],
            uuid: new.uuid,
            created_at: new.created_at,
        });
        let answer = self.submit_under(access, command, Some(key)).await?;
        let (number, joined) = match answer.value {
            Done::ChatCreated { number, .. } => (number, false),
            Done::ChatFound { number } => (number, true),
            _ => return Err(unexpected()),
        };
        Ok(Answer {
            value: DirectFound { number, joined },
            replayed: answer.replayed,
        })
    }
}
