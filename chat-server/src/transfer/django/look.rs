//! The first look at a dump: whether all of it can be taken over.

use std::collections::{HashMap, HashSet};

use chat_core::commit::SourceHash;
use chat_core::ids::{ChatUuid, PublicId};
use sha2::{Digest, Sha256};

use super::read::{Dump, DumpError};
use super::row::{BadRow, Place, Row, UserRow};

/// What the first look at a dump has found.
#[derive(Debug, Default)]
pub struct Look {
    /// What the dump is known by, whichever application it goes to; `None` without users.
    identity: Option<[u8; 32]>,
    /// How many messages there are.
    pub messages: u64,
    /// How many objects there are that are not taken over, by their models.
    pub others: HashMap<String, u64>,
    /// The first bad object.
    pub bad: Option<(Place, BadRow)>,
    /// How many objects are bad, whatever else the dump has.
    pub skipped: u64,
}

impl Look {
    /// What the dump is known by in an application: its first user. So one that was corrected, or that was made later of the
    /// same system, goes on where an earlier one ended.
    #[must_use]
    pub fn source(&self, application: PublicId, name: Option<&str>) -> Option<SourceHash> {
        let mut hash = Sha256::new_with_prefix("django\0");
        hash.update(application.0.as_bytes());
        match name {
            Some(name) => hash.update(name),
            None => hash.update(self.identity?),
        }
        Some(SourceHash(hash.finalize().into()))
    }
}

/// What was seen so far, and what is named that was not.
#[derive(Default)]
struct Seen {
    users: HashSet<u64>,
    tokens: HashSet<u64>,
    threads: HashSet<ChatUuid>,
    last_message: u64,
    wanted_users: HashMap<u64, (Place, &'static str)>,
    wanted_threads: HashMap<ChatUuid, Place>,
}

/// Looks at all of a dump, up to the first object that is bad if there is one; where such are skipped, `tell` hears of each and it
/// goes on. What is kept of it are keys of users and threads.
///
/// # Errors
/// When it cannot be read to the end.
pub fn look(
    dump: &Dump,
    skip: bool,
    mut tell: impl FnMut(&Place, &BadRow),
) -> Result<Look, DumpError> {
    let mut look = Look::default();
    let mut seen = Seen::default();
    dump.each(|(place, row)| {
        let checked = match row {
            Ok(Some(row)) => {
                if let Row::User(user) = &row {
                    look.identity.get_or_insert_with(|| identity(user));
                }
                look.messages += u64::from(matches!(row, Row::Message(_)));
                seen.check(&row, &place)
            }
            Ok(None) => {
                let model = place.name.split(' ').next().unwrap_or_default();
                *look.others.entry(model.to_owned()).or_default() += 1;
                Ok(())
            }
            Err(reason) => Err(reason),
        };
        if let Err(reason) = checked {
            // What comes in the wrong order is told when it is its turn.
            if skip && !matches!(reason, BadRow::Order(_)) {
                look.skipped += 1;
                tell(&place, &reason);
            }
            look.bad.get_or_insert((place, reason));
        }
        skip || look.bad.is_none()
    })?;
    if look.bad.is_none() {
        look.bad = seen.missing();
    }
    Ok(look)
}

fn identity(user: &UserRow) -> [u8; 32] {
    let joined = user.created_at.map(|at| at.0).unwrap_or_default();
    let hash = Sha256::new_with_prefix("first user\0")
        .chain_update(user.key.to_be_bytes())
        .chain_update(joined.to_be_bytes());
    hash.finalize().into()
}

impl Seen {
    fn check(&mut self, row: &Row, place: &Place) -> Result<(), BadRow> {
        match row {
            Row::User(user) => first(self.users.insert(user.key), "pk")?,
            Row::Token(token) => {
                first(self.tokens.insert(token.user), "the token of its user")?;
                self.want_user(token.user, "user", place);
            }
            Row::Thread(thread) => {
                first(self.threads.insert(thread.key), "pk")?;
                for user in &thread.participants {
                    self.want_user(*user, "participants", place);
                }
            }
            Row::Message(message) => {
                rises(self.last_message, message.key)?;
                self.last_message = message.key;
                if let Some(sender) = message.sender {
                    self.want_user(sender, "sender", place);
                }
                if !self.threads.contains(&message.thread) {
                    let wanted = self.wanted_threads.entry(message.thread);
                    wanted.or_insert_with(|| place.clone());
                }
            }
        }
        Ok(())
    }

    fn want_user(&mut self, key: u64, field: &'static str, place: &Place) {
        if !self.users.contains(&key) {
            let wanted = self.wanted_users.entry(key);
            wanted.or_insert_with(|| (place.clone(), field));
        }
    }

    /// The first object that names what is nowhere.
    fn missing(self) -> Option<(Place, BadRow)> {
        let users = self.wanted_users.into_iter();
        let users = users.filter(|(key, _)| !self.users.contains(key));
        let users = users.map(|(key, (place, field))| (place, no_user(field, key)));
        let threads = self.wanted_threads.into_iter();
        let threads = threads.filter(|(key, _)| !self.threads.contains(key));
        let threads = threads.map(|(key, place)| (place, no_thread(key)));
        users.chain(threads).min_by_key(|(place, _)| place.object)
    }
}

/// Messages are told apart by keys that rise.
pub(super) const fn rises(last: u64, key: u64) -> Result<(), BadRow> {
    match key > last {
        true => Ok(()),
        false => Err(BadRow::Order(last)),
    }
}

pub(super) fn no_user(field: &'static str, key: u64) -> BadRow {
    let what = format!("user {key}");
    BadRow::Unknown { field, what }
}

pub(super) fn no_thread(key: ChatUuid) -> BadRow {
    let (field, what) = ("thread", format!("thread {key}"));
    BadRow::Unknown { field, what }
}

fn first(is_first: bool, what: &'static str) -> Result<(), BadRow> {
    is_first.then_some(()).ok_or(BadRow::Again(what))
}
