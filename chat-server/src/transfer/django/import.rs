//! Takes a dump over into an application: each row once, however often it is stopped.

use std::collections::HashMap;

use chat_core::commit::{CreateUser, SourceHash};
use chat_core::error::ChatError;
use chat_core::ids::{ApplicationId, ChatNumber, ChatUuid, UserNumber};
use chat_core::model::Pair;
use chat_core::service::ImportedDirect;
use chat_core::text::Username;
use chat_core::{Access, Chat};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::look::no_user;
use super::read::{Dump, DumpError};
use super::row::{BadRow, Place, Row, ThreadRow, TokenRow, UserRow};
use crate::transfer::import::BadLines;

/// The objects of a dump of one kind, one after the other.
pub(super) type Rows<R> = BoxStream<'static, Result<(Place, R), ImportError>>;

/// So many users, tokens or threads are on their way to the store at once.
const ROWS_AT_ONCE: usize = 64;

/// What was taken over this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many users were made.
    pub users: u64,
    /// How many tokens work now.
    pub tokens: u64,
    /// How many direct chats were made.
    pub threads: u64,
    /// How many threads joined the chat that their two had already.
    pub joined: u64,
    /// How many messages were taken over.
    pub messages: u64,
    /// How many objects were skipped that are bad only beside the others, or here.
    pub skipped: u64,
    /// How many messages were left out, of chats that were deleted here, or that nobody is in.
    pub left_out: u64,
}

/// What is told while it runs.
#[derive(Debug)]
pub enum Told<'a> {
    /// So much is done.
    Progress(Tally),
    /// This object is bad and is skipped.
    Skipped(&'a Place, &'a BadRow),
}

/// How an import ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Everything is taken over.
    Complete,
    /// Between two objects, as it was told to.
    Stopped,
}

/// Why an import ended too early. It goes on where it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// An object is bad.
    #[error("{place}: {reason}")]
    Bad {
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        reason: BadRow,
    },
    /// The dump cannot be read on.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The store does not go on.
    #[error("{place} was not taken over")]
    Chat {
        /// The object.
        place: Place,
        /// Why not.
        source: ChatError,
    },
    /// The same, for messages.
    #[error("the messages after {after} were not taken over")]
    Messages {
        /// The key of the last one before them.
        after: u64,
        /// Why not.
        source: ChatError,
    },
}

/// Takes a dump over into one application.
pub struct Importer<T> {
    /// Where.
    pub chat: Chat,
    /// Into which.
    pub application: ApplicationId,
    /// What the dump is known by.
    pub source: SourceHash,
    /// What.
    pub dump: Dump,
    /// What to do about bad objects.
    pub bad_rows: BadLines,
    /// Who hears of it.
    pub tell: T,
    /// What is done.
    pub tally: Tally,
    /// Rings when it is to stop.
    pub stop: CancellationToken,
}

/// Whom and what the rows mean.
#[derive(Default)]
pub(super) struct Known {
    pub(super) users: HashMap<u64, Account>,
    pub(super) threads: HashMap<ChatUuid, Option<Target>>,
    /// Who stands for somebody who is no more.
    nobodies: Vec<(Place, UserNumber)>,
}

#[derive(Clone, Copy)]
pub(super) struct Account {
    pub(super) number: UserNumber,
    is_active: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) chat: ChatNumber,
    pub(super) pair: Pair,
}

impl<T: FnMut(Told<'_>)> Importer<T> {
    /// Takes over users, then tokens, then threads, then messages, until the end, an object that is bad, or `stop`.
    ///
    /// # Errors
    /// Why it ended before. What was taken over until then stays, and is known again.
    pub async fn run(&mut self) -> Result<End, ImportError> {
        let mut known = Known::default();
        self.users(&mut known).await?;
        self.tokens(&known).await?;
        self.threads(&mut known).await?;
        self.messages(&known).await?;
        if self.stop.is_cancelled() {
            return Ok(End::Stopped);
        }
        for (place, user) in known.nobodies {
            match self.chat.delete_user(self.application.into(), user).await {
                // The time before.
                Ok(()) | Err(ChatError::UserNotFound(_)) => {}
                Err(source) => return Err(ImportError::Chat { place, source }),
            }
        }
        Ok(End::Complete)
    }

    /// The objects of a dump that `pick` wants, until it is told to stop. What is bad in itself was told at the first look.
    pub(super) fn rows<R: Send + 'static>(
        &self,
        pick: impl Fn(Row) -> Option<R> + Send + 'static,
    ) -> Result<Rows<R>, ImportError> {
        let objects = self.dump.objects().map_err(DumpError::Read)?;
        let skip = self.bad_rows == BadLines::Skip;
        let objects = stream::unfold(objects, |mut objects| async {
            Some((objects.recv().await?, objects))
        });
        let rows = objects.filter_map(move |object| {
            let row = match object {
                Err(error) => Some(Err(error.into())),
                Ok((place, Ok(row))) => row.and_then(&pick).map(|row| Ok((place, row))),
                Ok((_, Err(_))) if skip => None,
                Ok((place, Err(reason))) => Some(Err(ImportError::Bad { place, reason })),
            };
            std::future::ready(row)
        });
        Ok(rows.take_until(self.stop.clone().cancelled_owned()).boxed())
    }

    /// What is bad only here and now: skipped, or the end.
    pub(super) fn refuse(&mut self, place: Place, reason: BadRow) -> Result<(), ImportError> {
        match self.bad_rows {
            BadLines::Fail => Err(ImportError::Bad { place, reason }),
            BadLines::Skip => {
                self.tally.skipped += 1;
                (self.tell)(Told::Skipped(&place, &reason));
                Ok(())
            }
        }
    }

    async fn users(&mut self, known: &mut Known) -> Result<(), ImportError> {
        let rows = self.rows(|row| match row {
            Row::User(user) => Some(user),
            _ => None,
        })?;
        let (chat, source) = (self.chat.clone(), self.source);
        let access = Access::from(self.application);
        let mut made = rows
            .map(|row| {
                let chat = chat.clone();
                async move {
                    let (place, user) = row?;
                    let (key, is_active) = (user.key, user.is_active);
                    let new = account(*user);
                    let made = chat
                        .import_user(access, source, &key.to_string(), new)
                        .await;
                    Ok::<_, ImportError>((place, key, is_active, made))
                }
            })
            .buffered(ROWS_AT_ONCE);
        while let Some(one) = made.next().await {
            let (place, key, is_active, made) = one?;
            match made {
                Ok(made) => {
                    let number = made.value;
                    self.tally.users += u64::from(!made.replayed);
                    known.users.insert(key, Account { number, is_active });
                    (self.tell)(Told::Progress(self.tally));
                }
                Err(ChatError::UsernameTaken) => self.refuse(place, BadRow::UsernameTaken)?,
                Err(source) => return Err(ImportError::Chat { place, source }),
            }
        }
        Ok(())
    }

    async fn tokens(&mut self, known: &Known) -> Result<(), ImportError> {
        let mut rows = self.rows(|row| match row {
            Row::Token(token) => Some(token),
            _ => None,
        })?;
        while let Some(row) = rows.next().await {
            let (place, TokenRow { token, user }) = row?;
            let Some(account) = known.users.get(&user) else {
                self.refuse(place, no_user("user", user))?;
                continue;
            };
            // Who may not log in has no token that works.
            if !account.is_active {
                continue;
            }
            let access = Access::from(self.application);
            let given = self
                .chat
                .lasting_token(access, account.number, Some(token.clone()));
            match given.await {
                Ok(found) => self.tally.tokens += u64::from(found == token),
                // Deleted here since the last time.
                Err(ChatError::UserNotFound(_)) => {}
                Err(source) => return Err(ImportError::Chat { place, source }),
            }
        }
        Ok(())
    }

    async fn threads(&mut self, known: &mut Known) -> Result<(), ImportError> {
        let mut rows = self.rows(|row| match row {
            Row::Thread(thread) => Some(thread),
            _ => None,
        })?;
        while let Some(row) = rows.next().await {
            let (place, thread) = row?;
            let strange = thread
                .participants
                .iter()
                .find(|user| !known.users.contains_key(*user));
            if let Some(strange) = strange {
                let reason = no_user("participants", *strange);
                self.refuse(place, reason)?;
                continue;
            }
            let target = self.thread(&place, &thread, known).await;
            let target = target.map_err(|source| ImportError::Chat { place, source })?;
            known.threads.insert(thread.key, target);
            (self.tell)(Told::Progress(self.tally));
        }
        Ok(())
    }

    /// The chat of a thread; `None` for one that was deleted here, or that nobody is in.
    async fn thread(
        &mut self,
        place: &Place,
        thread: &ThreadRow,
        known: &mut Known,
    ) -> Result<Option<Target>, ChatError> {
        let access = Access::from(self.application);
        let numbers = thread
            .participants
            .iter()
            .map(|user| known.users[user].number);
        let numbers: Vec<_> = numbers.collect();
        let (one, other) = match numbers[..] {
            [one, other] => (one, other),
            [one] => {
                // The other one was deleted there; somebody who is deleted here stands for it.
                let row = format!("of {}", thread.key);
                let name = format!("nobody-{}", thread.key);
                let invalid = |violation| ChatError::Invalid {
                    field: "username",
                    violation,
                };
                let nobody = CreateUser {
                    username: Username::parse(name).map_err(invalid)?,
                    display_name: None,
                    email: None,
                    picture: None,
                    password: None,
                    typed: None,
                    created_at: thread.created_at,
                };
                let made = self.chat.import_user(access, self.source, &row, nobody);
                let nobody = made.await?.value;
                known.nobodies.push((place.clone(), nobody));
                (one, nobody)
            }
            _ => return Ok(None),
        };
        let Some(pair) = Pair::of(one, other) else {
            return Ok(None);
        };
        let new = ImportedDirect {
            pair,
            uuid: thread.key,
            created_at: thread.created_at,
        };
        let made = match self.chat.import_direct(access, self.source, new).await {
            // Deleted here since the users were taken over.
            Err(ChatError::UserNotFound(_)) => return Ok(None),
            made => made?,
        };
        let chat = made.value.number;
        if made.replayed {
            match self.chat.chat(access, chat).await {
                Err(ChatError::ChatNotFound(_)) => return Ok(None),
                found => drop(found?),
            }
        } else {
            self.tally.threads += u64::from(!made.value.joined);
            self.tally.joined += u64::from(made.value.joined);
        }
        Ok(Some(Target { chat, pair }))
    }
}

fn account(user: UserRow) -> CreateUser {
    CreateUser {
        username: user.username,
        display_name: user.display_name,
        email: user.email,
        picture: None,
        password: user.password,
        typed: None,
        created_at: user.created_at,
    }
}
