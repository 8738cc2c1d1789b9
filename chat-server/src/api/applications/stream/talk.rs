//! What this API tells on a socket.

use std::net::IpAddr;
use std::sync::Arc;

use chat_core::ids::ApplicationId;
use chat_core::live::{Joined, News};
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

    /// Tells a user of a chat that it did not name, as it finds it in its list.
    async fn tell_new(&self, joined: &Joined, guest: &Guest) -> Said {
        let chat = self.state.chat();
        match chat.my_chat(guest.access, joined.chat.number).await {
            Ok(mut mine) => {
                // What comes next begins there, and says again what the list knows already.
                mine.chat.cursor = joined.from;
                let chats = vec![MyChatJson::from(mine)];
                Said::frame(Frame::New { chats }.encode())
            }
            Err(error) => Said::untold(&self.request_id, &error),
        }
    }
}

impl Talk for Stream {
    async fn told(&mut self, news: News, guest: &Arc<Guest>) -> Said {
        match news {
            News::Batch(batch) => frames::changes(&batch).into(),
            News::Joined(joined) => self.desk.tell_new(&joined, guest).await,
            News::Reset(now) => {
                let (chat, head) = (now.chat.0, now.encode());
                Said::frame(Frame::Reset { chat, head }.encode())
            }
            News::Removed(chat) => Said::frame(Frame::Removed { chat: chat.0 }.encode()),
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
