//! What this API tells and understands on a socket.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chat_core::commit::Post;
use chat_core::cursor::Cursor;
use chat_core::error::ChatError;
use chat_core::ids::{Change, ChatNumber};
use chat_core::live::{Batch, News, Rest, Shared as SharedNews};
use chat_core::service::{Receipt, Roll};
use futures_util::FutureExt;
use tokio::sync::OnceCell;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::super::conversation::seen;
use super::super::entry::Shared;
use super::super::status::{RequestError, words};
use super::super::view::{ConversationJson, MessageJson};
use super::frames::{self, Frame};
use super::input::{self, Asked};
use crate::http::call::Head;
use crate::live::Over;
use crate::live::frames::{heads, log_failure};
use crate::live::talk::{Guest, Said, Talk, Work};

type Cursors = Vec<(ChatNumber, Option<Cursor>)>;

/// One socket, in the words of this API.
pub(super) struct Talker {
    desk: Arc<Desk>,
    /// Who it is, until the first frame is heard.
    waiting: Option<Arc<Guest>>,
    /// Conversations that were told as new, with the change up to which that has everything, until more is told of them.
    new: HashMap<ChatNumber, Change>,
}

/// What a socket was opened with. It keeps nothing of the request itself, whose bytes would stay with it.
struct Desk {
    shared: Arc<Shared>,
    request_id: String,
    /// Whether it was told, in its own words or in none, that nothing is missed from the beginning on.
    has_begun: AtomicBool,
}

/// What happened, as it is told, made by the first socket that tells it.
#[derive(Clone, Default)]
struct Told(Arc<Making>);

#[derive(Default)]
struct Making {
    frames: OnceCell<Vec<Utf8Bytes>>,
    roll: OnceCell<Roll>,
    roll_of_latest: OnceCell<Roll>,
}

impl Talker {
    /// A socket that the request under this head opens for this guest.
    pub(super) fn new(shared: &Arc<Shared>, head: &Head, guest: Guest) -> Self {
        let request_id = head.request_id.to_str().unwrap_or_default();
        let desk = Desk {
            shared: Arc::clone(shared),
            request_id: request_id.to_owned(),
            has_begun: AtomicBool::new(false),
        };
        Self {
            desk: Arc::new(desk),
            waiting: Some(Arc::new(guest)),
            new: HashMap::new(),
        }
    }
}

impl Desk {
    async fn tell(&self, batch: &SharedNews<Batch>, since: Change, guest: &Guest) -> Said {
        let told = batch.encoded(|_| Told::default()).0;
        match self.frames(batch, since, &told, guest).await {
            Ok(frames) => frames.into(),
            Err(error) => Said::untold(&self.request_id, &error),
        }
    }

    async fn frames(
        &self,
        batch: &Batch,
        since: Change,
        told: &Making,
        guest: &Guest,
    ) -> Result<Vec<Utf8Bytes>, ChatError> {
        let number = batch.from.chat;
        let chat = self.shared.chat();
        // Whoever is told took part when it happened, and need not do so any more.
        let roll = async || {
            let reader = chat.chat(guest.application.into(), number).await?;
            reader.roll_of(frames::messages(batch)).await
        };
        let make = async || {
            let roll = match frames::needs_roll(batch) {
                true => Some(told.roll.get_or_try_init(roll).await?),
                false => None,
            };
            Ok::<_, ChatError>(frames::changes(batch, roll))
        };
        let shared = told.frames.get_or_try_init(make).await?;
        let is_other = frames::changes_the_conversation(batch, since);
        if !is_other && !guest.listener.brings_back(batch).await? {
            return Ok(shared.clone());
        }
        // What is unread differs from user to user.
        let conversation = async {
            let mine = chat.my_chat(guest.access, number).await?;
            let roll = told.roll_of_latest.get_or_try_init(|| mine.roll()).await?;
            Ok(ConversationJson::new(mine, roll))
        };
        match conversation.await {
            Ok(conversation) => {
                let mut frames = vec![Frame::Conversation { conversation }.encode()];
                frames.extend_from_slice(shared);
                Ok(frames)
            }
            // That it is none of the user's any more is told next.
            Err(ChatError::NotAMember | ChatError::Removed) => Ok(shared.clone()),
            Err(error) => Err(error),
        }
    }

    /// Tells of a conversation that the client does not know, and up to which change that has everything.
    async fn tell_new(&self, chat: ChatNumber, guest: &Guest) -> (Said, Option<Change>) {
        match seen(&self.shared, guest.access, chat).await {
            // It is none of the user's list before its next message.
            Ok((mine, _)) if mine.is_hidden => (Said::default(), None),
            Ok((mine, roll)) => {
                let change = mine.chat.cursor.head.change;
                let conversation = ConversationJson::new(mine, &roll);
                let frame = Frame::Conversation { conversation };
                (Said::frame(frame.encode()), Some(change))
            }
            Err(RequestError::Chat(error)) => (Said::untold(&self.request_id, &error), None),
            // It is gone already, or will be told to be.
            Err(_) => (Said::default(), None),
        }
    }

    /// Does what a frame asks for, and says what is answered.
    async fn answer(
        &self,
        client_id: Option<String>,
        asked: Result<Asked, RequestError>,
        guest: &Guest,
    ) -> Said {
        let is_resuming = matches!(asked, Ok(Asked::Resume(_)));
        let done = match asked {
            Ok(asked) => self.frame(client_id.as_deref(), asked, guest).await,
            Err(wrong) => Err(wrong),
        };
        match done {
            Ok(Some(frame)) => Said::frame(frame),
            Ok(None) => Said::default(),
            Err(wrong) => self.refuse(client_id.as_deref(), &wrong, is_resuming),
        }
    }

    fn refuse(&self, client_id: Option<&str>, wrong: &RequestError, is_resuming: bool) -> Said {
        let (status, error) = words(wrong);
        if let RequestError::Chat(error) = wrong
            && status.is_server_error()
        {
            log_failure(&self.request_id, error);
        }
        let error = &*error;
        let said = Said::frame(Frame::Error { error, client_id }.encode());
        match wrong {
            // The session is over, whether that was told yet or not.
            RequestError::Unauthorized => said.and_over(Over::NotKnown),
            RequestError::Chat(ChatError::Cursor(_)) => said,
            // What is told now nobody knows: the client begins again.
            RequestError::Chat(_) | RequestError::TooMany(_) if is_resuming => {
                said.and_over(Over::Unavailable)
            }
            _ => said,
        }
    }

    /// Does what is asked for, and says what is answered to it, if anything is.
    async fn frame(
        &self,
        client_id: Option<&str>,
        asked: Asked,
        guest: &Guest,
    ) -> Result<Option<Utf8Bytes>, RequestError> {
        let (chat, access) = (self.shared.chat(), guest.access);
        match asked {
            Asked::Ping => return Ok(Some(Frame::Pong.encode())),
            Asked::Typing(number) => {
                if !self.shared.gate.may_say(guest).await {
                    return Ok(None);
                }
                match guest.listener.typing(number).await {
                    // What is not followed may not be there at all.
                    Err(ChatError::NotAMember) => {
                        self.shared.gate.enter_again(guest).await?;
                        chat.chat(access, number).await?;
                        return Err(ChatError::NotAMember.into());
                    }
                    told => return Ok(told.map(|()| None)?),
                }
            }
            _ => self.shared.gate.enter_again(guest).await?,
        }
        match asked {
            Asked::Message {
                chat: number,
                body,
                key,
            } => {
                let post = Post {
                    body,
                    data: None,
                    reply_to: None,
                };
                let posted = chat.post(access, number, post, key.as_ref()).await?;
                let message = MessageJson::new(number, posted.value, Receipt::Sent);
                return Ok(Some(Frame::Ack { client_id, message }.encode()));
            }
            Asked::Mark(number, mark) => {
                chat.mark(access, number, mark).await?;
            }
            Asked::Resume(cursors) => {
                let cursors: Cursors = named(cursors);
                guest.listener.follow(&cursors, Rest::Later).await?;
            }
            // They were seen to before.
            Asked::Ping | Asked::Typing(_) => {}
        }
        Ok(None)
    }

    /// Begins where the client stood, before anything else is told. What it does not name of its conversations it does not know.
    async fn begin_at(&self, cursors: Cursors, begun: Arc<Guest>) -> Said {
        let said = match self.follow_anew(&cursors, &begun).await {
            Ok(()) => Said::default(),
            Err(wrong) => self.refuse(None, &wrong, true),
        };
        begun.listener.watch_companions();
        Said {
            guest: Some(begun),
            ..said
        }
    }

    async fn follow_anew(&self, cursors: &Cursors, begun: &Guest) -> Result<(), RequestError> {
        self.shared.gate.enter_again(begun).await?;
        let listener = &begun.listener;
        listener.follow_anew(cursors, Rest::AsJoined).await?;
        self.has_begun.store(true, Ordering::Relaxed);
        Ok(())
    }
}

fn named(cursors: BTreeMap<ChatNumber, Cursor>) -> Cursors {
    let cursors = cursors.into_iter();
    cursors.map(|(chat, cursor)| (chat, Some(cursor))).collect()
}

impl Talk for Talker {
    async fn told(&mut self, news: News, guest: &Arc<Guest>) -> Said {
        let frame = match news {
            News::Batch(batch) => {
                let since = self.new.get(&batch.from.chat).copied();
                if since.is_some_and(|since| batch.to.head.change > since) {
                    self.new.remove(&batch.from.chat);
                }
                let since = since.unwrap_or_default();
                return self.desk.tell(&batch, since, guest).await;
            }
            News::Joined(joined) => {
                let chat = joined.chat.number;
                let (said, change) = self.desk.tell_new(chat, guest).await;
                self.new.extend(change.map(|change| (chat, change)));
                return said;
            }
            News::Bye(bye) => return Said::over(Over::Bye(bye)),
            // Nobody asked for what was there before.
            News::CaughtUp if !self.desk.has_begun.swap(true, Ordering::Relaxed) => {
                return Said::default();
            }
            News::CaughtUp => Frame::CaughtUp.encode(),
            News::Reset(now) => Frame::Reset {
                conversation_id: now.chat.0,
            }
            .encode(),
            News::Removed(chat) => {
                self.new.remove(&chat);
                let conversation_id = chat.0;
                Frame::Removed { conversation_id }.encode()
            }
            News::Typing(typing) => frames::typing(&typing),
            News::Presence(sighting) => frames::presence(&sighting),
            News::Marked(marked) => match guest.listener.user() {
                Some(user) => frames::marked(&marked, user.0),
                None => return Said::default(),
            },
            // What this API has no words for.
            _ => return Said::default(),
        };
        Said::frame(frame)
    }

    fn heard(&mut self, frame: &str, guest: Option<&Arc<Guest>>) -> Work {
        let (client_id, asked) = input::read(frame);
        let desk = Arc::clone(&self.desk);
        let first = self.waiting.take();
        match (first, asked) {
            (Some(begun), Ok(Asked::Resume(cursors))) => {
                async move { desk.begin_at(named(cursors), begun).await }.boxed()
            }
            (first, asked) => {
                if let Some(begun) = &first {
                    begun.listener.watch_companions();
                }
                let Some(guest) = first.clone().or_else(|| guest.cloned()) else {
                    return async { Said::over(Over::NoHello) }.boxed();
                };
                async move {
                    let said = desk.answer(client_id, asked, &guest).await;
                    Said {
                        guest: first,
                        ..said
                    }
                }
                .boxed()
            }
        }
    }

    fn puzzled(&mut self) -> Utf8Bytes {
        let error = "frames are text";
        let client_id = None;
        Frame::Error { error, client_id }.encode()
    }

    fn unheard(&mut self) -> Option<Arc<Guest>> {
        let begun = self.waiting.take()?;
        begun.listener.watch_companions();
        Some(begun)
    }

    fn beat(&mut self, guest: &Guest) -> Vec<Utf8Bytes> {
        heads(&guest.listener.heads())
    }

    fn bye(&mut self, _: Over) -> Option<Utf8Bytes> {
        // The close says it.
        None
    }
}

#[cfg(test)]
mod tests;
