//! Reads: applications, chats, messages, changes. Each is one statement, and so sees one state of the database.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::ids::{
    ApplicationId, ChatId, ChatNumber, ChatUuid, Head, MessageNumber, PublicId, TokenHash,
    UserNumber,
};
use chat_core::model::{Application, ChatInfo, Message};
use chat_core::page::{Limit, Page, Span};
use chat_core::port::{Applications, Changes, Chats, History};
use sqlx::mysql::MySqlRow;
use sqlx::{Row as _, query};

use super::MysqlStore;
use super::rows::{self, int};
use super::sql::{ROWS, list, padded};

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
            " FROM chats c STRAIGHT_JOIN applications a ON a.id = c.application",
            " WHERE a.closed_at IS NULL AND c.closed_at IS NULL AND ",
            $condition
        )
    };
}
macro_rules! message_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            rows::shown_message_columns!(),
            " FROM chats c STRAIGHT_JOIN applications a ON a.id = c.application",
            " STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.chat = c.id",
            " WHERE c.id = ? AND a.closed_at IS NULL AND c.closed_at IS NULL AND ",
            $condition
        )
    };
}

const BY_TOKEN: &str = application_where!("token_hash = ?");
const BY_PUBLIC_ID: &str = application_where!("public_id = ?");
const BY_ID: &str = application_where!("id = ?");
const DEFAULT: &str = application_where!("is_default = 1");
const LIST: &str = application_where!("is_default IS NULL AND id > ? ORDER BY id LIMIT ?");

const CHAT: &str = chat_where!("c.application = ? AND c.number = ?");
const CHAT_BY_ID: &str = chat_where!("c.id = ?");
const CHAT_BY_UUID: &str = chat_where!("c.uuid = ?");
const HEADS: &str = "SELECT c.id, c.last_number, c.last_change \
     FROM chats c STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE a.closed_at IS NULL AND c.closed_at IS NULL AND c.id IN ";
const CHATS_AFTER: &str =
    chat_where!("c.application = ? AND c.number > ? ORDER BY c.number LIMIT ?");
const CHATS_BEFORE: &str =
    chat_where!("c.application = ? AND c.number < ? ORDER BY c.number DESC LIMIT ?");

const MESSAGE: &str = message_where!("m.number = ?");
const MESSAGES: &str = message_where!("m.number IN ");
const AFTER: &str = message_where!("m.number > ? AND m.number <= ? ORDER BY m.number LIMIT ?");
const LIVE_AFTER: &str = message_where!(
    "m.number > ? AND m.number <= ? AND m.deleted_at IS NULL ORDER BY m.number LIMIT ?"
);
const BEFORE: &str =
    message_where!("m.number < ? AND m.number <= ? ORDER BY m.number DESC LIMIT ?");
const LIVE_BEFORE: &str = message_where!(
    "m.number < ? AND m.number <= ? AND m.deleted_at IS NULL ORDER BY m.number DESC LIMIT ?"
);
const BY_EXT_ID: &str = "SELECT c.id, i.number FROM message_ids i \
     STRAIGHT_JOIN chats c ON c.id = i.chat STRAIGHT_JOIN applications a ON a.id = c.application \
     WHERE a.closed_at IS NULL AND c.closed_at IS NULL AND i.id = ?";

pub(super) fn fetched(limit: Limit) -> i64 {
    int(limit.one_more() as u64)
}

#[async_trait]
impl Applications for MysqlStore {
    async fn by_token(&self, token: TokenHash) -> Result<Option<Application>> {
        let select = || query(BY_TOKEN).bind(token.0.as_slice());
        self.sessions
            .one("applications.by_token", select, rows::application)
            .await
    }

    async fn by_id(&self, id: ApplicationId) -> Result<Option<Application>> {
        let select = || query(BY_ID).bind(id.0);
        self.sessions
            .one("applications.by_id", select, rows::application)
            .await
    }

    async fn by_public_id(&self, public_id: PublicId) -> Result<Option<Application>> {
        let select = || query(BY_PUBLIC_ID).bind(public_id.0.as_bytes().as_slice());
        self.sessions
            .one("applications.by_public_id", select, rows::application)
            .await
    }

    async fn default_application(&self) -> Result<Option<Application>> {
        self.sessions
            .one("applications.default", || query(DEFAULT), rows::application)
            .await
    }

    /// Applications are made under the lock of the root row, so no row appears below one that was seen.
    async fn list(&self, after: ApplicationId, limit: Limit) -> Result<Page<Application>> {
        let select = || query(LIST).bind(after.0).bind(fetched(limit));
        let found = self
            .sessions
            .all("applications.list", select, rows::application)
            .await?;
        Ok(Page::cut(found, limit, Span::After(0)))
    }
}

#[async_trait]
impl Chats for MysqlStore {
    async fn get(
        &self,
        application: ApplicationId,
        number: ChatNumber,
    ) -> Result<Option<ChatInfo>> {
        let select = || query(CHAT).bind(application.0).bind(int(number.0));
        self.sessions.one("chats.get", select, rows::chat).await
    }

    async fn by_uuid(&self, uuid: ChatUuid) -> Result<Option<ChatInfo>> {
        let select = || query(CHAT_BY_UUID).bind(uuid.0.as_bytes().to_vec());
        self.sessions.one("chats.by_uuid", select, rows::chat).await
    }

    async fn by_id(&self, chat: ChatId) -> Result<Option<ChatInfo>> {
        let select = || query(CHAT_BY_ID).bind(chat.0);
        self.sessions.one("chats.by_id", select, rows::chat).await
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Head)>> {
        let chats: BTreeSet<i64> = chats.iter().map(|chat| chat.0).collect();
        let chats: Vec<i64> = chats.into_iter().collect();
        let mut found = Vec::with_capacity(chats.len());
        for part in chats.chunks(ROWS) {
            let select = || {
                let select = list(HEADS, part.len(), "");
                padded(part).fold(select, |select, chat| select.bind(chat))
            };
            let heads = self.sessions.all("chats.heads", select, |row| {
                Ok((ChatId(row.try_get(0)?), rows::head(row, 1)?))
            });
            found.extend(heads.await?);
        }
        Ok(found)
    }

    async fn list(
        &self,
        application: ApplicationId,
        span: Span,
        limit: Limit,
    ) -> Result<Page<ChatInfo>> {
        let (sql, from) = match span {
            Span::After(number) => (CHATS_AFTER, number),
            Span::Before(number) => (CHATS_BEFORE, number),
        };
        let select = || {
            query(sql)
                .bind(application.0)
                .bind(int(from))
                .bind(fetched(limit))
        };
        let found = self.sessions.all("chats.list", select, rows::chat).await?;
        Ok(Page::cut(found, limit, span))
    }
}

#[async_trait]
impl History for MysqlStore {
    async fn get(&self, chat: ChatId, number: MessageNumber) -> Result<Option<Message>> {
        let select = || query(MESSAGE).bind(chat.0).bind(int(number.0));
        self.sessions
            .one("history.get", select, rows::message)
            .await
    }

    async fn many(&self, chat: ChatId, numbers: &[MessageNumber]) -> Result<Vec<Message>> {
        let numbers: BTreeSet<i64> = numbers.iter().map(|number| int(number.0)).collect();
        let numbers: Vec<i64> = numbers.into_iter().collect();
        let mut found = Vec::with_capacity(numbers.len());
        for part in numbers.chunks(ROWS) {
            let select = || {
                let select = list(MESSAGES, part.len(), " ORDER BY m.number").bind(chat.0);
                padded(part).fold(select, |select, number| select.bind(number))
            };
            found.extend(
                self.sessions
                    .all("history.many", select, rows::message)
                    .await?,
            );
        }
        Ok(found)
    }

    async fn page(
        &self,
        chat: ChatId,
        span: Span,
        through: MessageNumber,
        tombstones: bool,
        limit: Limit,
    ) -> Result<Page<Message>> {
        let (sql, from) = match (span, tombstones) {
            (Span::After(number), true) => (AFTER, number),
            (Span::After(number), false) => (LIVE_AFTER, number),
            (Span::Before(number), true) => (BEFORE, number),
            (Span::Before(number), false) => (LIVE_BEFORE, number),
        };
        let select = || {
            query(sql)
                .bind(chat.0)
                .bind(int(from))
                .bind(int(through.0))
                .bind(fetched(limit))
        };
        let found = self
            .sessions
            .all("history.page", select, rows::message)
            .await?;
        Ok(Page::cut(found, limit, span))
    }

    async fn changes(
        &self,
        chat: ChatId,
        after: Head,
        limit: Limit,
        viewer: Option<UserNumber>,
    ) -> Result<Option<Changes>> {
        self.changed(chat, after, limit, viewer).await
    }

    async fn by_ext_id(&self, id: u64) -> Result<Option<(ChatId, MessageNumber)>> {
        let select = || query(BY_EXT_ID).bind(int(id));
        let place = |row: &MySqlRow| {
            let number = MessageNumber(rows::number(row, 1)?);
            Ok((ChatId(row.try_get(0)?), number))
        };
        self.sessions.one("history.by_ext_id", select, place).await
    }
}
