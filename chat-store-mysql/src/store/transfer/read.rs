//! Everything, in the order of [`Place`]. What has a key of two columns is read in two statements, so that each is a range of it.

use chat_core::commit::{ChatState, Fingerprint, ImportWrite, KeyHash, Remembered, SourceHash};
use chat_core::ids::{ApplicationId, ChatId, ChatNumber, OperationId, PublicId};
use chat_core::page::Limit;
use chat_core::port::{MessageRow, OperationRow, Part, Place, RequestRow, Rows};
use sqlx::mysql::MySqlRow;
use sqlx::{Executor as _, Result, Row as _, query};
use tokio::time::timeout;
use uuid::Uuid;

use super::super::MysqlStore;
use super::super::load::{application_columns, application_state, chat_state, chat_state_columns};
use super::super::rows::{self, int};
use super::OP;
use crate::error::{too_slow, translate};

const APPLICATIONS: &str = concat!(
    "SELECT ",
    application_columns!(),
    " FROM applications WHERE id > ? ORDER BY id LIMIT ?"
);
const CHATS: &str = concat!(
    "SELECT ",
    chat_state_columns!(),
    ", a.public_id FROM chats c FORCE INDEX (PRIMARY) \
     STRAIGHT_JOIN applications a ON a.id = c.application WHERE c.id > ? ORDER BY c.id LIMIT ?"
);
macro_rules! messages_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            rows::message_columns!(),
            ", m.chat, c.number, a.public_id FROM messages m FORCE INDEX (PRIMARY) \
             STRAIGHT_JOIN chats c ON c.id = m.chat \
             STRAIGHT_JOIN applications a ON a.id = c.application WHERE ",
            $condition
        )
    };
}
const MESSAGES: &str =
    messages_where!("m.chat = ? AND m.number > ? ORDER BY m.chat, m.number LIMIT ?");
const FURTHER_MESSAGES: &str = messages_where!("m.chat > ? ORDER BY m.chat, m.number LIMIT ?");
macro_rules! requests_where {
    ($condition:literal) => {
        concat!(
            "SELECT r.application, r.hash, r.fingerprint, r.done, r.at, a.public_id \
             FROM requests r FORCE INDEX (PRIMARY) \
             LEFT JOIN applications a ON a.id = r.application WHERE ",
            $condition
        )
    };
}
const REQUESTS: &str =
    requests_where!("r.application = ? AND r.hash > ? ORDER BY r.application, r.hash LIMIT ?");
const FURTHER_REQUESTS: &str =
    requests_where!("r.application > ? ORDER BY r.application, r.hash LIMIT ?");
const OPERATIONS: &str = "SELECT o.id, o.outcome, o.at, a.public_id \
     FROM operations o FORCE INDEX (PRIMARY) LEFT JOIN applications a ON a.id = o.application \
     WHERE o.id > ? ORDER BY o.id LIMIT ?";
/// A source that nobody has imported a line of has only a row to lock.
const IMPORTS: &str = "SELECT source, line FROM imports FORCE INDEX (PRIMARY) \
     WHERE source > ? AND line > 0 ORDER BY source LIMIT ?";
/// MySQL tells otherwise what it was a day ago; MariaDB always looks.
const LOOK: &str =
    "SET /*!80000 SESSION information_schema_stats_expiry = 0, */ SESSION autocommit = 1";
const LAST_MESSAGE_ID: &str = "SELECT CAST(COALESCE(MAX(AUTO_INCREMENT), 1) - 1 AS SIGNED) \
     FROM information_schema.tables WHERE table_schema = DATABASE() \
     AND table_name = 'message_ids'";

impl MysqlStore {
    pub(super) async fn part(
        &self,
        from: Place,
        limit: Limit,
    ) -> std::result::Result<Part, chat_core::error::BackendError> {
        let most = int(limit.get() as u64);
        let sessions = &self.sessions;
        Ok(match from {
            Place::Applications(ApplicationId(after)) => {
                let select = || query(APPLICATIONS).bind(after).bind(most);
                let found = sessions.all(OP, select, application).await?;
                Part::of(from, found, limit, Rows::Applications)
            }
            Place::Users(application, user) => {
                let found = self.users_behind(application, user, limit).await?;
                Part::of(from, found, limit, Rows::Users)
            }
            Place::Sessions(token) => {
                let found = self.sessions_behind(token, limit).await?;
                Part::of(from, found, limit, Rows::Sessions)
            }
            Place::Members(chat, user) => {
                let found = self.members_behind(chat, user, limit).await?;
                Part::of(from, found, limit, Rows::Members)
            }
            Place::Ranges(chat, user, low) => {
                let found = self.ranges_behind(chat, user, low, limit).await?;
                Part::of(from, found, limit, Rows::Ranges)
            }
            Place::Chats(ChatId(after)) => {
                let select = || query(CHATS).bind(after).bind(most);
                let found = sessions.all(OP, select, chat).await?;
                Part::of(from, found, limit, Rows::Chats)
            }
            Place::Messages(ChatId(chat), number) => {
                let number = int(number.0);
                let select = || query(MESSAGES).bind(chat).bind(number).bind(most);
                let mut found = sessions.all(OP, select, message).await?;
                let left = most - int(found.len() as u64);
                if left > 0 {
                    let select = || query(FURTHER_MESSAGES).bind(chat).bind(left);
                    found.extend(sessions.all(OP, select, message).await?);
                }
                Part::of(from, found, limit, Rows::Messages)
            }
            Place::Requests(ApplicationId(of), key) => {
                let select = || query(REQUESTS).bind(of).bind(key.0.to_vec()).bind(most);
                let mut found = sessions.all(OP, select, request).await?;
                let left = most - int(found.len() as u64);
                if left > 0 {
                    let select = || query(FURTHER_REQUESTS).bind(of).bind(left);
                    found.extend(sessions.all(OP, select, request).await?);
                }
                Part::of(from, found, limit, Rows::Requests)
            }
            Place::Operations(after) => {
                let after = after.0.as_bytes().to_vec();
                let select = || query(OPERATIONS).bind(after.clone()).bind(most);
                let found = sessions.all(OP, select, operation).await?;
                Part::of(from, found, limit, Rows::Operations)
            }
            Place::Imports(after) => {
                let select = || query(IMPORTS).bind(after.0.to_vec()).bind(most);
                let found = sessions.all(OP, select, import).await?;
                Part::of(from, found, limit, Rows::Imports)
            }
            Place::LastMessageId | Place::End => Part {
                from,
                rows: Rows::LastMessageId(self.last_message_id().await?),
                to: Place::End,
            },
        })
    }

    async fn last_message_id(&self) -> std::result::Result<u64, chat_core::error::BackendError> {
        let limit = self.sessions.limit();
        let mut session = self.sessions.open(OP).await?;
        let look = async {
            session.conn().execute(LOOK).await?;
            let row = query(LAST_MESSAGE_ID).fetch_one(session.conn()).await?;
            rows::number(&row, 0)
        };
        let last = timeout(limit, look).await;
        let last = last
            .map_err(|_| too_slow(OP, limit))?
            .map_err(translate(OP))?;
        session.release();
        Ok(last)
    }
}

fn application(row: &MySqlRow) -> Result<(Place, chat_core::commit::ApplicationState)> {
    let (id, state) = application_state(row)?;
    Ok((Place::Applications(id), state))
}

fn chat(row: &MySqlRow) -> Result<(Place, (PublicId, ChatState))> {
    let place = Place::Chats(ChatId(row.try_get(1)?));
    let mut state = chat_state(row)?;
    state.id = None;
    Ok((place, (rows::public_id(row, 20)?, state)))
}

fn message(row: &MySqlRow) -> Result<(Place, MessageRow)> {
    let message = rows::message(row)?;
    let place = Place::Messages(ChatId(row.try_get(11)?), message.number);
    let row = MessageRow {
        application: rows::public_id(row, 13)?,
        chat: ChatNumber(rows::number(row, 12)?),
        message,
    };
    Ok((place, row))
}

fn request(row: &MySqlRow) -> Result<(Place, RequestRow)> {
    let key = KeyHash(rows::bytes(row, 1)?);
    let place = Place::Requests(ApplicationId(row.try_get(0)?), key);
    let done = serde_json::from_str(row.try_get(3)?).map_err(|error| rows::unreadable(3, error))?;
    let fingerprint = Fingerprint(rows::bytes(row, 2)?);
    let row = RequestRow {
        application: owner(row, 5)?,
        key,
        remembered: Remembered { fingerprint, done },
        at: rows::time(row, 4)?,
    };
    Ok((place, row))
}

fn operation(row: &MySqlRow) -> Result<(Place, OperationRow)> {
    let id = OperationId(Uuid::from_bytes(rows::bytes(row, 0)?));
    let outcome =
        serde_json::from_str(row.try_get(1)?).map_err(|error| rows::unreadable(1, error))?;
    let row = OperationRow {
        application: owner(row, 3)?,
        id,
        outcome,
        at: rows::time(row, 2)?,
    };
    Ok((Place::Operations(id), row))
}

fn import(row: &MySqlRow) -> Result<(Place, ImportWrite)> {
    let (source, line) = (SourceHash(rows::bytes(row, 0)?), rows::number(row, 1)?);
    Ok((Place::Imports(source), ImportWrite { source, line }))
}

/// The application is none, or gone.
fn owner(row: &MySqlRow, at: usize) -> Result<Option<PublicId>> {
    let bytes: Option<&[u8]> = row.try_get(at)?;
    bytes.map(|_| rows::public_id(row, at)).transpose()
}
