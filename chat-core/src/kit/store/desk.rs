//! Where the cases write from: an application of their own, and short words for commands.

use std::sync::Arc;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::commit::{
    Batch, Caller, Command, CreateApplication, CreateChat, CreateUser, Done, Edit, Key, Outcome,
    Post, Request, Scope, Sink,
};
use crate::ids::{
    ApplicationId, ChatNumber, ChatUuid, Head, MessageNumber, PublicId, Token, UserNumber,
};
use crate::model::{ChatInfo, ChatKind, Message};
use crate::page::{Limit, Span};
use crate::port::{Changes, Committed, Store};
use crate::seal::Sealed;
use crate::text::{Body, IdempotencyKey, Name, Username};

/// When the cases write, unless they say otherwise.
pub const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

/// An application of a case.
#[derive(Clone)]
pub struct Desk {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The application's row.
    pub application: ApplicationId,
    /// Its token.
    pub token: Token,
}

impl Desk {
    /// Makes an application.
    pub async fn open(store: &Arc<dyn Store>) -> Self {
        Self::named(store, "desk", false).await
    }

    /// Makes an application with this name.
    pub async fn named(store: &Arc<dyn Store>, name: &str, unique: bool) -> Self {
        let token = Token::random();
        let outcomes = commit(store, vec![application(token, name, unique)]).await;
        assert!(is_done(&outcomes[0]), "{outcomes:?}");
        Self::of(store, token).await
    }

    /// The desk of an application that is there.
    pub async fn of(store: &Arc<dyn Store>, token: Token) -> Self {
        let found = store.by_token(token.hash()).await.expect("by_token");
        Self {
            store: store.clone(),
            application: found.expect("the application").id,
            token,
        }
    }

    /// A command in this application.
    #[must_use]
    pub fn ask(&self, command: Command) -> Request {
        Request::new(Scope::Application(self.application), command)
    }

    /// A command in this application under a key.
    #[must_use]
    pub fn ask_once(&self, key: &str, command: Command) -> Request {
        Request {
            key: Some(self::key(key, &command)),
            ..self.ask(command)
        }
    }

    /// Commits commands as one batch.
    pub async fn commit(&self, commands: Vec<Command>) -> Vec<Outcome> {
        let requests = commands.into_iter().map(|one| self.ask(one)).collect();
        commit(&self.store, requests).await
    }

    /// Commits commands that must all be done.
    pub async fn done(&self, commands: Vec<Command>) {
        let outcomes = self.commit(commands).await;
        assert!(outcomes.iter().all(is_done), "{outcomes:?}");
    }

    /// Commits what this caller wants as one batch.
    pub async fn by(&self, caller: Caller, commands: Vec<Command>) -> Vec<Outcome> {
        let requests = commands.into_iter().map(|one| Request {
            caller,
            ..self.ask(one)
        });
        commit(&self.store, requests.collect()).await
    }

    /// Commits what this caller wants and must get.
    pub async fn done_by(&self, caller: Caller, commands: Vec<Command>) {
        let outcomes = self.by(caller, commands).await;
        assert!(outcomes.iter().all(is_done), "{outcomes:?}");
    }

    /// Commits commands that must all be done, at this time.
    pub async fn done_at(&self, commands: Vec<Command>, now: Timestamp) {
        let requests = commands.into_iter().map(|one| self.ask(one)).collect();
        let outcomes = commit_at(&self.store, requests, now).await.outcomes;
        assert!(outcomes.iter().all(is_done), "{outcomes:?}");
    }

    /// Makes a user.
    pub async fn user(&self, name: &str) -> UserNumber {
        match &self.commit(vec![create_user(name)]).await[0] {
            Outcome::Done {
                done: Done::UserCreated { number, .. },
                ..
            } => *number,
            other => panic!("{other:?}"),
        }
    }

    /// Makes a group.
    pub async fn group(&self, members: &[UserNumber]) -> ChatNumber {
        let new = Command::CreateChat(CreateChat {
            created_at: None,
            kind: ChatKind::Group,
            name: None,
            unique_name: false,
            members: members.into(),
            uuid: ChatUuid::random(),
        });
        self.made(new).await
    }

    /// Makes a chat.
    pub async fn chat(&self) -> ChatNumber {
        self.made(create_chat(None)).await
    }

    async fn made(&self, new: Command) -> ChatNumber {
        match &self.commit(vec![new]).await[0] {
            Outcome::Done {
                done: Done::ChatCreated { number, .. },
                ..
            } => *number,
            other => panic!("{other:?}"),
        }
    }

    /// Makes a chat with messages "1", "2", …
    pub async fn chat_of(&self, messages: u64) -> ChatNumber {
        let chat = self.chat().await;
        let posts = (1..=messages).map(|number| post(chat, &number.to_string()));
        self.done(posts.collect()).await;
        chat
    }

    /// A chat that is there.
    pub async fn info(&self, chat: ChatNumber) -> ChatInfo {
        self.find(chat).await.expect("the chat")
    }

    /// A chat, if it is there.
    pub async fn find(&self, chat: ChatNumber) -> Option<ChatInfo> {
        let found = crate::port::Chats::get(&*self.store, self.application, chat);
        found.await.expect("get")
    }

    /// One message.
    pub async fn message(&self, chat: ChatNumber, number: u64) -> Option<Message> {
        let id = self.info(chat).await.id;
        let found = crate::port::History::get(&*self.store, id, MessageNumber(number));
        found.await.expect("get")
    }

    /// All messages, tombstones included.
    pub async fn messages(&self, chat: ChatNumber) -> Vec<Message> {
        let id = self.info(chat).await.id;
        let mut messages: Vec<Message> = Vec::new();
        loop {
            let after = Span::After(messages.last().map_or(0, |last| last.number.0));
            let page = self
                .store
                .page(id, after, MessageNumber::MAX, true, Limit::MAX);
            let page = page.await.expect("page");
            messages.extend(page.items);
            if !page.more {
                return messages;
            }
        }
    }

    /// One page of what happened after a head.
    pub async fn changes(&self, chat: ChatNumber, after: Head, limit: usize) -> Changes {
        let id = self.info(chat).await.id;
        let page = self.store.changes(id, after, self::limit(limit), None);
        page.await.expect("changes").expect("the chat")
    }
}

/// Commits a batch at [`NOW`] and says what became of its commands.
pub async fn commit(store: &Arc<dyn Store>, requests: Vec<Request>) -> Vec<Outcome> {
    commit_at(store, requests, NOW).await.outcomes
}

/// Commits a batch for the index to follow.
pub async fn commit_at(
    store: &Arc<dyn Store>,
    requests: Vec<Request>,
    now: Timestamp,
) -> Committed {
    let asked = requests.len();
    let sinks = vec![Sink::Index];
    let committed = store.commit(Arc::new(Batch { requests, sinks }), now);
    let committed = committed.await.expect("commit");
    assert_eq!(committed.outcomes.len(), asked, "one outcome a request");
    committed
}

/// Whether it is committed.
#[must_use]
pub fn is_done(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done { .. })
}

/// The number of a message that was posted.
#[must_use]
pub fn number(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::Done {
            done: Done::Posted { number, .. },
            ..
        } => Some(number.0),
        _ => None,
    }
}

/// What a key is remembered by.
#[must_use]
pub fn key(key: &str, command: &Command) -> Key {
    let key = IdempotencyKey::parse(key).expect("a key");
    Key::of(&key, Caller::Application, command)
}

/// A page size.
#[must_use]
pub fn limit(limit: usize) -> Limit {
    Limit::new(limit).expect("a limit")
}

/// A head.
#[must_use]
pub const fn head(number: u64, change: u64) -> Head {
    Head {
        number: MessageNumber(number),
        change: crate::ids::Change(change),
    }
}

fn body(text: &str) -> Body {
    Body::parse(text).expect("a body")
}

/// A name.
#[must_use]
pub fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

/// Makes an application.
#[must_use]
pub fn application(token: Token, name: &str, unique_name: bool) -> Request {
    new_application(token, name, unique_name, false)
}

/// Makes an application, the default one if asked for.
#[must_use]
pub fn new_application(token: Token, name: &str, unique_name: bool, is_default: bool) -> Request {
    let new = CreateApplication {
        public_id: PublicId(Uuid::new_v4()),
        token_hash: token.hash(),
        // Sealing is not the store's business; bytes are.
        token: Sealed(token.expose().as_bytes().to_vec()),
        name: self::name(name),
        unique_name,
        is_default,
    };
    Request::new(Scope::Root, Command::CreateApplication(new))
}

/// Makes a chat.
#[must_use]
pub fn create_chat(name: Option<&str>) -> Command {
    Command::CreateChat(CreateChat {
        created_at: None,
        kind: ChatKind::Open,
        name: name.map(self::name),
        unique_name: false,
        members: Vec::new(),
        uuid: ChatUuid::random(),
    })
}

/// Makes a user.
#[must_use]
pub fn create_user(name: &str) -> Command {
    Command::CreateUser(CreateUser {
        created_at: None,
        username: Username::parse(name).expect("a username"),
        display_name: None,
        email: None,
        picture: None,
        password: None,
        typed: None,
    })
}

/// Posts a message.
#[must_use]
pub fn post(chat: ChatNumber, text: &str) -> Command {
    Command::Post(
        chat,
        Post {
            body: body(text),
            data: None,
            reply_to: None,
        },
    )
}

/// Answers a message.
#[must_use]
pub fn reply(chat: ChatNumber, to: u64, text: &str) -> Command {
    Command::Post(
        chat,
        Post {
            body: body(text),
            data: None,
            reply_to: Some(MessageNumber(to)),
        },
    )
}

/// Edits a message's text.
#[must_use]
pub fn edit(chat: ChatNumber, number: u64, text: &str) -> Command {
    Command::Edit(
        chat,
        Edit {
            number: MessageNumber(number),
            body: Some(body(text)),
            data: None,
        },
    )
}

/// Deletes a message.
#[must_use]
pub const fn delete(chat: ChatNumber, number: u64) -> Command {
    Command::Delete(chat, MessageNumber(number))
}
