//! What clients ask for on a socket.

use std::sync::Arc;

use chat_core::bearer::Bearer;
use chat_core::cursor::Cursor;
use chat_core::error::ChatError;
use chat_core::ids::{ChatNumber, MessageNumber};
use chat_core::live::{Bye, Rest};
use chat_core::text::Violation;

use super::frames::{self, Frame};
use super::talk::Desk;
use crate::api::applications::input::{Asked, Id};
use crate::api::applications::marks::not_set;
use crate::api::applications::status::RequestError;
use crate::live::Over;
use crate::live::talk::{Guest, Said};

/// What was done.
#[derive(Debug, Default)]
struct Done {
    /// To which message.
    message: Option<MessageNumber>,
    /// In which chat.
    chat: Option<ChatNumber>,
    replayed: bool,
}

impl Desk {
    /// Does what a frame asks for.
    pub(super) async fn answer(
        &self,
        id: Option<Id>,
        asked: Result<Asked, RequestError>,
        guest: Option<Arc<Guest>>,
        is_first: bool,
    ) -> Said {
        let is_following = matches!(asked, Ok(Asked::Sync { .. } | Asked::Subscribe(_)));
        let done = match (asked, &guest) {
            (Err(wrong), _) => Err(wrong),
            (Ok(Asked::Hello(session)), guest) => {
                let guest = guest.as_deref();
                return self.greet(id, session, guest, is_first).await;
            }
            (Ok(Asked::Ping), _) => Ok(Some(Frame::Pong { id: id.clone() })),
            (Ok(_), None) => Err(RequestError::NoHello),
            (Ok(asked), Some(guest)) => self.frame(id.clone(), asked, guest).await,
        };
        match done {
            Ok(Some(frame)) => Said::frame(frame.encode()),
            Ok(None) => Said::default(),
            Err(wrong) => {
                let said = Said::frame(self.problem(id, &wrong));
                match (wrong, guest) {
                    // It is none, or is over, whether that was told yet or not.
                    (RequestError::NoSession, _) => said.and_over(Over::NotKnown),
                    (RequestError::Chat(ChatError::ApplicationNotFound), _) => {
                        said.and_over(Over::Bye(Bye::Closed))
                    }
                    // What is followed now nobody knows: the client begins again.
                    (RequestError::Chat(_) | RequestError::Exhausted(_), _) if is_following => {
                        said.and_over(Over::Unavailable)
                    }
                    _ => said,
                }
            }
        }
    }

    fn problem(
        &self,
        id: Option<Id>,
        wrong: &RequestError,
    ) -> tokio_tungstenite::tungstenite::Utf8Bytes {
        frames::problem(id, &self.request_id, wrong)
    }

    /// Makes whoever says hello known: once, or, after the token, as the first thing that is said.
    async fn greet(
        &self,
        id: Option<Id>,
        session: Option<Bearer>,
        guest: Option<&Guest>,
        is_first: bool,
    ) -> Said {
        let is_user = |guest: &Guest| guest.access.caller().user().is_some();
        if guest.is_some_and(|guest| is_user(guest) || !is_first) {
            let wrong = RequestError::Rule("type", "hello is said first, and once".into());
            return Said::frame(self.problem(id, &wrong));
        }
        let Some(session) = session else {
            return match guest {
                // The token says who that is.
                Some(_) => Said::default(),
                None => {
                    let wrong = RequestError::Rule("session", "is needed".into());
                    Said::frame(self.problem(id, &wrong))
                }
            };
        };
        match self.known(session).await {
            Ok(guest) => self.welcome(guest),
            Err(wrong) => {
                let over = match wrong {
                    RequestError::Chat(ChatError::TooManyListeners) => Over::TooMany,
                    RequestError::NoSession => Over::NotKnown,
                    _ => Over::Unavailable,
                };
                Said::frame(self.problem(id, &wrong)).and_over(over)
            }
        }
    }

    async fn known(&self, session: Bearer) -> Result<Guest, RequestError> {
        let chat = self.state.chat();
        let login = chat.authenticate(&session).await?;
        if login.application != self.application {
            return Err(RequestError::NoSession);
        }
        Ok(Guest::come(chat, login.application, login.access(), self.address).await?)
    }

    /// Does what is asked for, and says what is answered to it.
    async fn frame(
        &self,
        id: Option<Id>,
        asked: Asked,
        guest: &Guest,
    ) -> Result<Option<Frame<'static>>, RequestError> {
        if let Asked::Typing(chat) = asked {
            if self.state.gate.may_say(guest).await {
                guest.listener.typing(chat).await?;
            }
            return Ok(None);
        }
        self.state.gate.enter_again(guest).await?;
        let done = match self.done(asked, guest).await {
            Ok(Some(done)) => done,
            Ok(None) => return Ok(None),
            Err(RequestError::Chat(ChatError::Later { id: operation, .. })) => {
                return Ok(Some(Frame::Ack {
                    id,
                    number: None,
                    cursor: None,
                    replayed: false,
                    operation: Some(operation),
                }));
            }
            Err(wrong) => return Err(wrong),
        };
        Ok(Some(Frame::Ack {
            id,
            number: done.message.map(|number| number.0),
            cursor: match done.chat {
                Some(chat) => self.cursor(guest, chat).await,
                None => None,
            },
            replayed: done.replayed,
            operation: None,
        }))
    }

    /// Does what is asked for; `None` where what is told besides is the answer.
    async fn done(&self, asked: Asked, guest: &Guest) -> Result<Option<Done>, RequestError> {
        let (chat, access) = (self.state.chat(), guest.access);
        Ok(Some(match asked {
            Asked::Sync { cursors, more } => {
                let cursors = cursors.into_iter();
                let chats: Vec<_> = cursors.map(|(chat, cursor)| (chat, Some(cursor))).collect();
                let rest = match more {
                    true => Rest::Later,
                    false => Rest::AsJoined,
                };
                follow(guest, &chats, rest).await?;
                return Ok(None);
            }
            Asked::Subscribe(chats) => {
                let rest = match chats {
                    Some(_) => Rest::Later,
                    None => Rest::FromNow,
                };
                if chats.is_none() && guest.listener.user().is_none() {
                    return Err(RequestError::Rule("chats", "must be named".into()));
                }
                let chats: Vec<_> = chats
                    .into_iter()
                    .flatten()
                    .map(|chat| (chat, None))
                    .collect();
                follow(guest, &chats, rest).await?;
                return Ok(None);
            }
            Asked::Post {
                chat: number,
                post,
                key,
            } => {
                let posted = chat.post(access, number, post, key.as_ref()).await?;
                Done {
                    message: Some(posted.value.number),
                    chat: Some(number),
                    replayed: posted.replayed,
                }
            }
            Asked::Edit { chat: number, edit } => {
                let message = chat.edit(access, number, edit).await?;
                Done {
                    message: Some(message.number),
                    chat: Some(number),
                    replayed: false,
                }
            }
            Asked::Delete {
                chat: number,
                message,
            } => {
                chat.delete(access, number, message).await?;
                Done {
                    message: Some(message),
                    chat: Some(number),
                    replayed: false,
                }
            }
            Asked::Mark { chat: number, mark } => {
                let marked = chat.mark(access, number, mark).await;
                marked.map_err(|error| not_set(mark, error))?;
                Done {
                    chat: Some(number),
                    ..Done::default()
                }
            }
            Asked::Watch(users) => {
                let watched = guest.listener.watch(&users).await;
                watched.map_err(|error| match error {
                    ChatError::TooManyWatched(max) => {
                        let unit = "users";
                        RequestError::Field("users", Violation::TooLong { max, unit })
                    }
                    error => error.into(),
                })?;
                Done::default()
            }
            // They were seen to before.
            Asked::Hello(_) | Asked::Typing(_) | Asked::Ping => return Ok(None),
        }))
    }

    /// Where a chat stands, unless that cannot be told any more.
    async fn cursor(&self, guest: &Guest, chat: ChatNumber) -> Option<String> {
        let reader = self.state.chat().chat(guest.access, chat).await.ok()?;
        Some(reader.view().cursor.encode())
    }
}

async fn follow(
    guest: &Guest,
    chats: &[(ChatNumber, Option<Cursor>)],
    rest: Rest,
) -> Result<(), RequestError> {
    let followed = guest.listener.follow(chats, rest).await;
    followed.map_err(|error| match error {
        ChatError::Cursor(error) => RequestError::Cursor("cursors".into(), error.to_string()),
        error => error.into(),
    })
}
