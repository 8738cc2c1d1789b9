//! Reads: applications, chats, messages, changes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::ids::{
    ApplicationId, ChatId, ChatNumber, ChatUuid, Head, MessageNumber, PublicId, TokenHash,
    UserNumber,
};
use chat_core::model::{Application, ChatInfo, Message};
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{Applications, ChangedRows, Changes, Chats, History};
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::rows::{self, int};
use super::{SqliteStore, members};

type Result<T> = std::result::Result<T, BackendError>;

macro_rules! application_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            rows::application_columns!(),
            " FROM applications WHERE closed_at IS NULL AND ",
            $condition
        )
    };
}
macro_rules! chat_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            rows::chat_columns!(),
            " FROM chats c JOIN applications a ON a.id = c.application",
            " WHERE a.closed_at IS NULL AND c.closed_at IS NULL AND ",
            $condition
        )
    };
}
/// Of the chat and the application in the first two parameters.
macro_rules! message_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            rows::shown_columns!(),
            " FROM messages m WHERE m.chat = ?1 AND ",
            $condition
        )
    };
}

const BY_TOKEN: &str = application_where!("token_hash = ?1");
const BY_PUBLIC_ID: &str = application_where!("public_id = ?1");
const BY_ID: &str = application_where!("id = ?1");
const DEFAULT: &str = application_where!("is_default = 1");
const LIST: &str = application_where!("is_default = 0 AND id > ?1 ORDER BY id LIMIT ?2");

pub(super) const CHAT: &str = chat_where!("c.application = ?1 AND c.number = ?2");
pub(super) const CHAT_BY_ID: &str = chat_where!("c.id = ?1");
const CHAT_BY_UUID: &str = chat_where!("c.uuid = ?1");
const HEAD: &str = "SELECT c.last_number, c.last_change FROM chats c \
     JOIN applications a ON a.id = c.application \
     WHERE c.id = ?1 AND c.closed_at IS NULL AND a.closed_at IS NULL";
const CHATS_AFTER: &str =
    chat_where!("c.application = ?1 AND c.number > ?2 ORDER BY c.number LIMIT ?3");
const CHATS_BEFORE: &str =
    chat_where!("c.application = ?1 AND c.number < ?2 ORDER BY c.number DESC LIMIT ?3");

const IS_LIVE: &str = "SELECT c.application FROM chats c JOIN applications a ON a.id = c.application \
     WHERE c.id = ?1 AND c.closed_at IS NULL AND a.closed_at IS NULL";
const MESSAGE: &str = message_where!("m.number = ?3");
const AFTER: &str = message_where!("m.number > ?3 AND m.number <= ?4 ORDER BY m.number LIMIT ?5");
const LIVE_AFTER: &str = message_where!(
    "m.number > ?3 AND m.number <= ?4 AND m.deleted_at IS NULL ORDER BY m.number LIMIT ?5"
);
const BEFORE: &str =
    message_where!("m.number < ?3 AND m.number <= ?4 ORDER BY m.number DESC LIMIT ?5");
const LIVE_BEFORE: &str = message_where!(
    "m.number < ?3 AND m.number <= ?4 AND m.deleted_at IS NULL ORDER BY m.number DESC LIMIT ?5"
);
const TOUCHED: &str = concat!(
    "SELECT ",
    rows::shown_columns!(),
    " FROM touches t CROSS JOIN messages m ON m.chat = t.chat AND m.number = t.number",
    " WHERE t.chat = ?1 AND t.change > ?3 AND t.number <= ?4 ORDER BY t.change LIMIT ?5"
);
const BY_EXT_ID: &str = "SELECT i.chat, i.number FROM message_ids i \
     JOIN chats c ON c.id = i.chat JOIN applications a ON a.id = c.application \
     WHERE i.id = ?1 AND c.closed_at IS NULL AND a.closed_at IS NULL";

pub(super) fn one<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    conn.prepare_cached(sql)?.query_row(params, read).optional()
}

pub(super) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map(params, read)?.collect()
}

pub(super) fn fetched(limit: Limit) -> i64 {
    int(limit.one_more() as u64)
}

#[async_trait]
impl Applications for SqliteStore {
    async fn by_token(&self, token: TokenHash) -> Result<Option<Application>> {
        self.readers
            .read("applications.by_token", move |conn| {
                one(conn, BY_TOKEN, [token.0], rows::application)
            })
            .await
    }

    async fn by_id(&self, id: ApplicationId) -> Result<Option<Application>> {
        self.readers
            .read("applications.by_id", move |conn| {
                one(conn, BY_ID, [id.0], rows::application)
            })
            .await
    }

    async fn by_public_id(&self, public_id: PublicId) -> Result<Option<Application>> {
        self.readers
            .read("applications.by_public_id", move |conn| {
                one(
                    conn,
                    BY_PUBLIC_ID,
                    [public_id.0.as_bytes()],
                    rows::application,
                )
            })
            .await
    }

    async fn default_application(&self) -> Result<Option<Application>> {
        self.readers
            .read("applications.default", |conn| {
                one(conn, DEFAULT, [], rows::application)
            })
            .await
    }

    async fn list(&self, after: ApplicationId, limit: Limit) -> Result<Page<Application>> {
        self.readers
            .read("applications.list", move |conn| {
                let found = all(conn, LIST, [after.0, fetched(limit)], rows::application)?;
                Ok(Page::cut(found, limit, Span::After(0)))
            })
            .await
    }
}

#[async_trait]
impl Chats for SqliteStore {
    async fn get(
        &self,
        application: ApplicationId,
        number: ChatNumber,
    ) -> Result<Option<ChatInfo>> {
        self.readers
            .read("chats.get", move |conn| {
                one(conn, CHAT, [application.0, int(number.0)], rows::chat)
            })
            .await
    }

    async fn by_uuid(&self, uuid: ChatUuid) -> Result<Option<ChatInfo>> {
        self.readers
            .read("chats.by_uuid", move |conn| {
                one(conn, CHAT_BY_UUID, [uuid.0.into_bytes()], rows::chat)
            })
            .await
    }

    async fn by_id(&self, chat: ChatId) -> Result<Option<ChatInfo>> {
        self.readers
            .read("chats.by_id", move |conn| {
                one(conn, CHAT_BY_ID, [chat.0], rows::chat)
            })
            .await
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Head)>> {
        let chats: BTreeSet<ChatId> = chats.iter().copied().collect();
        self.readers
            .read("chats.heads", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                let mut select = snapshot.prepare_cached(HEAD)?;
                let mut found = Vec::with_capacity(chats.len());
                for chat in chats {
                    let head = select.query_row([chat.0], |row| rows::head(row, 0));
                    found.extend(head.optional()?.map(|head| (chat, head)));
                }
                Ok(found)
            })
            .await
    }

    async fn list(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<ChatInfo>> {
        self.readers
            .read("chats.list", move |conn| {
                let (sql, from) = match span {
                    Span::After(number) => (CHATS_AFTER, number),
                    Span::Before(number) => (CHATS_BEFORE, number),
                };
                let params = [application.0, int(from), fetched(limit)];
                let found = all(conn, sql, params, rows::chat)?;
                Ok(Page::cut(found, limit, span))
            })
            .await
    }
}

#[async_trait]
impl History for SqliteStore {
    async fn get(&self, chat: ChatId, number: MessageNumber) -> Result<Option<Message>> {
        self.readers
            .read("history.get", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                let Some(application) = application_of(&snapshot, chat)? else {
                    return Ok(None);
                };
                let params = [chat.0, application.0, int(number.0)];
                one(&snapshot, MESSAGE, params, rows::message)
            })
            .await
    }

    async fn many(&self, chat: ChatId, numbers: &[MessageNumber]) -> Result<Vec<Message>> {
        let numbers: BTreeSet<MessageNumber> = numbers.iter().copied().collect();
        self.readers
            .read("history.many", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                let Some(application) = application_of(&snapshot, chat)? else {
                    return Ok(Vec::new());
                };
                let mut select = snapshot.prepare_cached(MESSAGE)?;
                let mut found = Vec::with_capacity(numbers.len());
                for number in numbers {
                    let params = [chat.0, application.0, int(number.0)];
                    found.extend(select.query_row(params, rows::message).optional()?);
                }
                Ok(found)
            })
            .await
    }

    async fn page(
        &self,
        chat: ChatId,
        span: Span,
        through: MessageNumber,
        tombstones: bool,
        limit: Limit,
    ) -> Result<Page<Message>> {
        self.readers
            .read("history.page", move |conn| {
                let (sql, from) = match (span, tombstones) {
                    (Span::After(number), true) => (AFTER, number),
                    (Span::After(number), false) => (LIVE_AFTER, number),
                    (Span::Before(number), true) => (BEFORE, number),
                    (Span::Before(number), false) => (LIVE_BEFORE, number),
                };
                let snapshot = conn.unchecked_transaction()?;
                let mut found = Vec::new();
                if let Some(ApplicationId(application)) = application_of(&snapshot, chat)? {
                    let (from, through) = (int(from), int(through.0));
                    let params = [chat.0, application, from, through, fetched(limit)];
                    found = all(&snapshot, sql, params, rows::message)?;
                }
                Ok(Page::cut(found, limit, span))
            })
            .await
    }

    async fn changes(
        &self,
        chat: ChatId,
        after: Head,
        limit: Limit,
        viewer: Option<UserNumber>,
    ) -> Result<Option<Changes>> {
        self.readers
            .read("history.changes", move |conn| {
                let snapshot = conn.unchecked_transaction()?;
                changes(&snapshot, chat, after, limit, viewer)
            })
            .await
    }

    async fn by_ext_id(&self, id: u64) -> Result<Option<(ChatId, MessageNumber)>> {
        self.readers
            .read("history.by_ext_id", move |conn| {
                one(conn, BY_EXT_ID, [int(id)], |row| {
                    Ok((ChatId(row.get(0)?), MessageNumber(row.get(1)?)))
                })
            })
            .await
    }
}

fn changes(
    conn: &Connection,
    chat: ChatId,
    after: Head,
    limit: Limit,
    viewer: Option<UserNumber>,
) -> rusqlite::Result<Option<Changes>> {
    let Some(chat) = one(conn, CHAT_BY_ID, [chat.0], rows::chat)? else {
        return Ok(None);
    };
    let (id, application, from) = (chat.id, chat.application.0, int(after.number.0));
    let params = [
        id.0,
        application,
        from,
        int(chat.head.number.0),
        fetched(limit),
    ];
    let posted = all(conn, AFTER, params, rows::message)?;
    let room = fetched(limit) - int(posted.len() as u64);
    let params = [id.0, application, int(after.change.0), from, room];
    let found = ChangedRows {
        viewer: match viewer {
            Some(user) => members::find(conn, Some(id), user)?,
            None => None,
        },
        touched: all(conn, TOUCHED, params, rows::message)?,
        members: members::changed(conn, id, after.change, room)?,
        posted,
        chat,
    };
    Ok(Some(Changes::page(found, after, limit)))
}

/// The application of a chat that is there for callers, as it is itself.
pub(super) fn application_of(
    conn: &Connection,
    chat: ChatId,
) -> rusqlite::Result<Option<ApplicationId>> {
    one(conn, IS_LIVE, [chat.0], |row| row.get(0).map(ApplicationId))
}
