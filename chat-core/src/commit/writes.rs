//! What to write. Rows made in the batch hang under their parents: a parent's row id is known to
//! the adapter by the time it comes to the children.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::ids::{ApplicationId, Change, ChatNumber, Head, MessageNumber, TokenHash, UserNumber};
use crate::model::{DeviceKey, Member, Message, User};

use super::command::SourceHash;
use super::counts::Counts;
use super::facts::{ApplicationState, ChatState};
use super::key::{Fingerprint, KeyHash};
use super::outcome::{Done, Operation, Outcome};

/// All that a batch writes; everything or nothing.
#[derive(Debug, Clone, Default)]
pub struct Writes {
    /// Applications to insert.
    pub created: Vec<ApplicationState>,
    /// Applications with something to write in them, in id order.
    pub applications: Vec<ApplicationWrite>,
    /// Keys to remember.
    pub requests: Vec<RequestWrite>,
    /// Sources to mark.
    pub imports: Vec<ImportWrite>,
    /// Operations to record.
    pub operations: Vec<Operation>,
    /// What is counted afterwards. Nothing of it is written; it becomes [`Committed::counts`](crate::port::Committed::counts).
    pub counts: Vec<Counts>,
    /// Where the integer ids of messages are told.
    pub(super) ids: Vec<IdTold>,
}

/// Where the integer id of a message is told.
#[derive(Debug, Clone)]
pub(super) struct IdTold {
    pub(super) chat: ChatNumber,
    pub(super) number: MessageNumber,
    /// Its places among the outcomes, the keys and the operations.
    pub(super) outcome: usize,
    pub(super) request: Option<usize>,
    pub(super) operation: Option<usize>,
}

impl Writes {
    /// The users whose logins end, and those who come to take part in a chat or get another role there. It becomes
    /// [`Committed::people`](crate::port::Committed::people).
    #[must_use]
    pub fn people(&self) -> Vec<(ApplicationId, UserNumber)> {
        let of = |write: &ApplicationWrite| {
            let ended = write.users.iter().filter(|user| user.ends.is_some());
            let mut people: Vec<_> = ended.map(|user| user.row.number).collect();
            people.extend(write.chats.iter().flat_map(ChatWrite::came));
            people.sort_unstable();
            people.dedup();
            let application = write.id;
            people.into_iter().map(move |user| (application, user))
        };
        self.applications.iter().flat_map(of).collect()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            created,
            applications,
            requests,
            imports,
            operations,
            counts: _,
            ids: _,
        } = self;
        created.is_empty()
            && applications.is_empty()
            && requests.is_empty()
            && imports.is_empty()
            && operations.is_empty()
    }

    /// Tells the integer ids, once the posted messages of [`ApplicationWrite::message_ids`] have them, in what is answered,
    /// remembered under keys and recorded of operations. Stores call it before they write those.
    pub fn tell_ids(&mut self, outcomes: &mut [Outcome]) {
        let default = self.applications.iter().filter(|write| write.message_ids);
        let posted = default.flat_map(|write| &write.chats).flat_map(|chat| {
            let of = move |message: &Message| ((chat.row.number, message.number), message.ext_id);
            chat.posted.iter().map(of)
        });
        let given: BTreeMap<_, _> = posted.collect();
        for told in &self.ids {
            let Some(id) = given.get(&(told.chat, told.number)).copied() else {
                continue;
            };
            let tell = |done: &mut Done| {
                if let Done::Posted { ext_id, .. } = done {
                    *ext_id = id;
                }
            };
            let operation = told.operation.and_then(|at| self.operations.get_mut(at));
            let operation = operation.map(|operation| &mut operation.outcome);
            for outcome in outcomes.get_mut(told.outcome).into_iter().chain(operation) {
                if let Outcome::Done { done, .. } = outcome {
                    tell(done);
                }
            }
            if let Some(request) = told.request.and_then(|at| self.requests.get_mut(at)) {
                tell(&mut request.done);
            }
        }
    }
}

/// What is written in one application.
#[derive(Debug, Clone)]
pub struct ApplicationWrite {
    /// Its row id.
    pub id: ApplicationId,
    /// Its row, when the row itself changes.
    pub row: Option<ApplicationState>,
    /// Whether messages get integer ids (the default application's do): the store sets those of the posted ones, and calls
    /// [`Writes::tell_ids`].
    pub message_ids: bool,
    /// Its users with something to write, in number order.
    pub users: Vec<UserWrite>,
    /// Keys of its users' devices to write, in the order of users and devices. With a user that is deleted all of its keys go.
    pub devices: Vec<DeviceWrite>,
    /// Its chats with something to write, in number order.
    pub chats: Vec<ChatWrite>,
}

/// What is written of a device of a user.
#[derive(Debug, Clone)]
pub struct DeviceWrite {
    /// Whose it is.
    pub user: UserNumber,
    /// What he calls it.
    pub device: String,
    /// Its key, inserted or written over; `None`: it has none any more.
    pub key: Option<DeviceKey>,
}

impl ApplicationWrite {
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            id: _,
            row,
            message_ids: _,
            users,
            devices,
            chats,
        } = self;
        row.is_none() && users.is_empty() && devices.is_empty() && chats.is_empty()
    }
}

/// What is written of a user.
#[derive(Debug, Clone)]
pub struct UserWrite {
    /// Its row as it will stand.
    pub row: User,
    /// Whether it is inserted, else updated.
    pub is_new: bool,
    /// Whether its sessions end.
    pub ends: Option<Ends>,
}

/// The sessions of a user end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// But not this one.
    pub but: Option<TokenHash>,
}

/// What is written in one chat.
#[derive(Debug, Clone)]
pub struct ChatWrite {
    /// Its row as it will stand; inserted when `row.id` is `None`, else updated.
    pub row: ChatState,
    /// The head before this batch; where it differs from `row.head`, sinks have to follow.
    pub before: Head,
    /// Messages to insert, in number order; those with a change above 0 are touched as well.
    pub posted: Vec<Message>,
    /// Messages to write over, each touched by its `change`.
    pub touched: Vec<Message>,
    /// Members to insert or write over.
    pub members: Vec<Member>,
    /// Ranges that single messages which were read make: a member and the first message of the range, and its last one; `None`
    /// for a range that goes.
    pub ranges: BTreeMap<(UserNumber, MessageNumber), Option<MessageNumber>>,
}

impl ChatWrite {
    /// Whether readers have something to see.
    #[must_use]
    pub fn moved(&self) -> bool {
        self.row.head != self.before
    }

    /// Whether sinks have something to follow: messages, or the end of the chat.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        !self.posted.is_empty() || !self.touched.is_empty() || self.row.closed_at.is_some()
    }

    /// Members who came, or were changed.
    fn came(&self) -> impl Iterator<Item = UserNumber> {
        let (is_new, before) = (self.row.id.is_none(), self.before.change);
        let came = self
            .members
            .iter()
            .filter(move |member| member.is_there() && (is_new || member.own_change > before));
        came.map(|member| member.user)
    }

    /// Each message that is touched, with its change.
    pub fn touches(&self) -> impl Iterator<Item = &Message> {
        self.posted
            .iter()
            .filter(|message| message.change > Change::ZERO)
            .chain(&self.touched)
    }
}

/// A key to remember.
#[derive(Debug, Clone)]
pub struct RequestWrite {
    /// In which application ([`ApplicationId::ROOT`]: in none).
    pub application: ApplicationId,
    /// The key.
    pub key: KeyHash,
    /// The request.
    pub fingerprint: Fingerprint,
    /// The answer.
    pub done: Done,
    /// When.
    pub at: Timestamp,
}

/// How far a source is imported.
#[derive(Debug, Clone, Copy)]
pub struct ImportWrite {
    /// The source.
    pub source: SourceHash,
    /// The last line that is in.
    pub line: u64,
}
