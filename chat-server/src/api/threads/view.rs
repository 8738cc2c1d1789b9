//! What this API shows of things.

use chat_core::bearer::Bearer;
use chat_core::clock::Timestamp;
use chat_core::ids::UserNumber;
use chat_core::model::ChatView;
use chat_core::service::InThread;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

/// A time in UTC with microseconds.
#[derive(Debug, Clone, Copy)]
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0.rfc3339(6))
    }
}

/// Where everything is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ThreadsRoot)]
pub(super) struct RootJson {
    /// The threads of whoever asks.
    #[schema(format = "uri")]
    pub(super) threads: String,
    /// The messages of all of them.
    #[schema(format = "uri")]
    pub(super) messages: String,
}

/// What proves who asks.
#[derive(Serialize, ToSchema)]
#[schema(as = ThreadsToken)]
pub(super) struct TokenJson {
    token: String,
}

impl From<&Bearer> for TokenJson {
    fn from(token: &Bearer) -> Self {
        let token = token.expose().to_owned();
        Self { token }
    }
}

/// What a thread is called, and who is in it: whoever asks, and the other one unless that user was deleted.
fn direct(chat: &ChatView, user: UserNumber) -> Option<(Uuid, Vec<u64>)> {
    let direct = chat.direct?;
    let both = chat.members_count > 1;
    let users = [direct.pair.low, direct.pair.high].into_iter();
    let there = users.filter(|one| both || *one == user);
    Some((direct.uuid.0, there.map(|one| one.0).collect()))
}

/// A thread among others.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Thread)]
pub(super) struct ThreadJson {
    id: Uuid,
    /// The users in it.
    #[schema(max_items = 2)]
    participants: Vec<u64>,
}

impl ThreadJson {
    pub(super) fn new(chat: &ChatView, user: UserNumber) -> Option<Self> {
        let (id, participants) = direct(chat, user)?;
        Some(Self { id, participants })
    }
}

/// A thread.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ThreadDetail)]
pub(super) struct ThreadDetailJson {
    id: Uuid,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    /// When something last happened in it.
    #[schema(value_type = String, format = DateTime)]
    updated: Time,
    /// The users in it.
    #[schema(max_items = 2)]
    participants: Vec<u64>,
}

impl ThreadDetailJson {
    pub(super) fn new(chat: &ChatView, user: UserNumber) -> Option<Self> {
        let (id, participants) = direct(chat, user)?;
        Some(Self {
            id,
            created: Time(chat.created_at),
            updated: Time(chat.updated_at),
            participants,
        })
    }
}

/// The thread that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ThreadMade)]
pub(super) struct MadeJson {
    id: Uuid,
}

impl MadeJson {
    pub(super) fn new(chat: &ChatView) -> Option<Self> {
        let direct = chat.direct?;
        Some(Self { id: direct.uuid.0 })
    }
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ThreadMessage)]
pub(super) struct MessageJson {
    #[schema(minimum = 1)]
    id: Option<u64>,
    /// Who posted it; null when that user was deleted.
    #[schema(minimum = 1)]
    sender: Option<u64>,
    /// The thread it is in.
    thread: Uuid,
    text: String,
    /// When it was posted.
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    /// Whether anybody in the thread has marked it as read.
    is_read: bool,
}

impl From<InThread> for MessageJson {
    fn from(shown: InThread) -> Self {
        let message = shown.message;
        Self {
            id: message.ext_id,
            sender: message.sender.map(|sender| sender.0),
            thread: shown.chat.0,
            created: Time(message.created_at),
            text: message.body,
            is_read: shown.is_read,
        }
    }
}

/// A page of messages, ascending by id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ThreadMessagePage)]
pub(super) struct PageJson {
    /// How many there are on all pages.
    #[schema(minimum = 0)]
    pub(super) count: u64,
    /// Where the next page is.
    #[schema(format = "uri")]
    pub(super) next: Option<String>,
    /// Where the page before is.
    #[schema(format = "uri")]
    pub(super) previous: Option<String>,
    pub(super) results: Vec<MessageJson>,
}
