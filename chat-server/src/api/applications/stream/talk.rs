//! What this API tells on a socket.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use chat_core::cursor::Cursor;
use chat_core::ids::{ApplicationId, ChatNumber};
use chat_core::live::{Batch, News, Shared};
use futures_util::FutureExt;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::frames::{self, Frame};
use crate::api::applications::input;
use crate::api::applications::me::MyChatJson;
use crate::api::applications::state::State;
use crate::api::applications::status::RequestError;
use crate::http::call::Head;
use crate::live::frames::heads;
use crate::live::talk::{Guest, Said, Talk, Work};
use crate::live::{Over, time_to_return};

/// Those of whom there are too many come back so much later, in milliseconds.
const TOO_MANY_LATER: u64 = 10_000;

/// One socket, in the words of this API.
pub(super) struct Stream {
    desk: Arc<Desk>,
    has_spoken: bool,
    /// Chats of the user that it was not told of: it was removed again meanwhile, or they are not in its list.
    untold: HashSet<ChatNumber>,
}

/// What a socket was opened with. It keeps nothing of the request itself, whose bytes would stay with it.
pub(super) struct Desk {
    pub(super) state: State,
    pub(super) application: ApplicationId,
    pub(super) request_id: String,
    pub(super) address: IpAddr,
}

impl Stream {
    /// A socket that the request under this head opens in this application.
    pub(super) fn new(state: &State, head: &Head, application: ApplicationId) -> Self {
        let request_id = head.request_id.to_str().unwrap_or_default();
        let desk = Desk {
            state: Arc::clone(state),
            application,
            request_id: request_id.to_owned(),
            address: head.peer.ip(),
        };
        Self {
            desk: Arc::new(desk),
            has_spoken: false,
            untold: HashSet::new(),
        }
    }

    /// What is said to whoever is known now.
    pub(super) fn welcome(&self, guest: Guest) -> Said {
        self.desk.welcome(guest)
    }
}

impl Desk {
    pub(super) fn welcome(&self, guest: Guest) -> Said {
        let chat = self.state.chat();
        let ready = Frame::Ready {
            epoch: chat.epoch().0.to_string(),
            heartbeat: frames::millis(self.state.options.pace.heartbeat),
            retry_ms: time_to_return(chat.listeners()),
        };
        Said {
            guest: Some(Arc::new(guest)),
            ..Said::frame(ready.encode())
        }
    }

    /// Tells a user of a chat that it did not name, as it finds it in its list; nothing when it is not there. What comes next begins at
    /// the cursor, and says again what the list knows already.
    async fn tell_new(&self, from: Cursor, guest: &Guest) -> Said {
        let chat = self.state.chat();
        match chat.my_chat(guest.access, from.chat).await {
            Ok(mine) if mine.is_hidden => Said::default(),
            Ok(mut mine) => {
                mine.chat.cursor = from;
                let chats = vec![MyChatJson::from(mine)];
                Said::frame(Frame::New { chats }.encode())
            }
            Err(error) => Said::untold(&self.request_id, &error),
        }
    }
}

impl Stream {
    /// The same, and remembers whether it was told.
    async fn tell_new(&mut self, from: Cursor, guest: &Guest) -> Said {
        let said = self.desk.tell_new(from, guest).await;
        match said.frames.is_empty() {
            true => self.untold.insert(from.chat),
            false => self.untold.remove(&from.chat),
        };
        said
    }

    /// Tells what happened in a chat; when the user was not told of it, that first or nothing.
    async fn tell(&mut self, batch: &Shared<Batch>, guest: &Guest) -> Said {
        if !self.untold.contains(&batch.from.chat) {
            return frames::changes(batch).into();
        }
        let mut said = self.tell_new(batch.from, guest).await;
        if !said.frames.is_empty() {
            said.frames.extend(frames::changes(batch));
        }
        said
    }
}

impl Talk for Stream {
    async fn told(&mut self, news: News, guest: &Arc<Guest>) -> Said {
        match news {
            News::Batch(batch) => self.tell(&batch, guest).await,
            News::Joined(joined) => self.tell_new(joined.from, guest).await,
            News::Reset(now) => {
                let (chat, head) = (now.chat.0, now.encode());
                Said::frame(Frame::Reset { chat, head }.encode())
            }
            News::Removed(chat) => {
                self.untold.remove(&chat);
                Said::frame(Frame::Removed { chat: chat.0 }.encode())
            }
            News::CaughtUp => Said::frame(Frame::CaughtUp.encode()),
            News::Typing(typing) => frames::typing(&typing).into(),
            News::Marked(marked) => match guest.listener.user() {
                Some(user) => frames::marked(&marked, user.0).into(),
                None => Said::default(),
            },
            News::Presence(sighting) => frames::presence(&sighting).into(),
            News::Bye(bye) => Said::over(Over::Bye(bye)),
            // What this API has no words for.
            _ => Said::default(),
        }
    }

    fn heard(&mut self, frame: &str, guest: Option<&Arc<Guest>>) -> Work {
        let is_first = !std::mem::replace(&mut self.has_spoken, true);
        let (id, asked) = input::frame(frame);
        let (desk, guest) = (Arc::clone(&self.desk), guest.cloned());
        async move { desk.answer(id, asked, guest, is_first).await }.boxed()
    }

    fn puzzled(&mut self) -> Utf8Bytes {
        let wrong = RequestError::NotAFrame("frames are text");
        frames::problem(None, &self.desk.request_id, &wrong)
    }

    fn beat(&mut self, guest: &Guest) -> Vec<Utf8Bytes> {
        heads(&guest.listener.heads())
    }

    fn bye(&mut self, over: Over) -> Option<Utf8Bytes> {
        let time = time_to_return(self.desk.state.chat().listeners());
        let later = match over {
            Over::TooMany => TOO_MANY_LATER,
            _ => 0,
        };
        frames::bye(over, time + later)
    }
}
