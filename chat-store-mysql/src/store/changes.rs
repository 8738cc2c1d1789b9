//! What happened in a chat after a head, in one statement.

use chat_core::error::BackendError;
use chat_core::ids::{ChatId, Head, UserNumber};
use chat_core::model::{ChatInfo, Member, Message};
use chat_core::page::Limit;
use chat_core::port::{ChangedRows, Changes};
use sqlx::mysql::MySqlRow;
use sqlx::{Row as _, query};

use super::MysqlStore;
use super::people::{member_columns, member_from};
use super::read::fetched;
use super::rows::{self, int};

macro_rules! no_chat {
    () => {
        "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
         NULL, NULL, "
    };
}
macro_rules! no_message {
    () => {
        "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
    };
}
macro_rules! no_member {
    () => {
        "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
    };
}
/// Where the columns of a chat, a message and a member begin.
const CHAT_AT: usize = 1;
const MESSAGE_AT: usize = CHAT_AT + 17;
const MEMBER_AT: usize = MESSAGE_AT + 11;

/// The chat, what was posted after a number, what was touched after a change, who was touched after it, and who reads.
const CHANGES: &str = concat!(
    "(SELECT 0, ",
    rows::chat_columns!(),
    ", ",
    no_message!(),
    no_member!(),
    " FROM chats c STRAIGHT_JOIN applications a ON a.id = c.application",
    " WHERE a.closed_at IS NULL AND c.closed_at IS NULL AND c.id = ?)",
    " UNION ALL (SELECT 1, ",
    no_chat!(),
    rows::shown_message_columns!(),
    ", ",
    no_member!(),
    " FROM chats c STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.chat = c.id",
    " WHERE c.id = ? AND m.number > ? ORDER BY m.number LIMIT ?)",
    " UNION ALL (SELECT 2, ",
    no_chat!(),
    rows::shown_message_columns!(),
    ", ",
    no_member!(),
    " FROM chats c STRAIGHT_JOIN touches t FORCE INDEX (touches_change) ON t.chat = c.id",
    " STRAIGHT_JOIN messages m ON m.chat = t.chat AND m.number = t.number",
    " WHERE c.id = ? AND t.change_no > ? AND t.number <= ? ORDER BY t.change_no LIMIT ?)",
    " UNION ALL (SELECT 3, ",
    no_chat!(),
    no_message!(),
    member_columns!(),
    " FROM members p FORCE INDEX (members_change)",
    " WHERE p.chat = ? AND p.change_no > ? ORDER BY p.change_no LIMIT ?)",
    " UNION ALL (SELECT 4, ",
    no_chat!(),
    no_message!(),
    member_columns!(),
    " FROM members p FORCE INDEX (PRIMARY) WHERE p.chat = ? AND p.user_number = ?)"
);

enum Part {
    Chat(ChatInfo),
    Posted(Message),
    Touched(Message),
    Member(Member),
    Viewer(Member),
}

impl MysqlStore {
    pub(super) async fn changed(
        &self,
        chat: ChatId,
        after: Head,
        limit: Limit,
        viewer: Option<UserNumber>,
    ) -> Result<Option<Changes>, BackendError> {
        let select = || {
            let select = query(CHANGES).bind(chat.0);
            let select = select.bind(chat.0).bind(int(after.number.0));
            let select = select.bind(fetched(limit)).bind(chat.0);
            let select = select.bind(int(after.change.0)).bind(int(after.number.0));
            let select = select.bind(fetched(limit)).bind(chat.0);
            let select = select.bind(int(after.change.0)).bind(fetched(limit));
            select.bind(chat.0).bind(viewer.map(|user| int(user.0)))
        };
        let found = self.sessions.all("history.changes", select, part);
        let (mut info, mut reads) = (None, None);
        let (mut posted, mut touched, mut members) = (Vec::new(), Vec::new(), Vec::new());
        for part in found.await? {
            match part {
                Part::Chat(chat) => info = Some(chat),
                Part::Posted(message) => posted.push(message),
                Part::Touched(message) => touched.push(message),
                Part::Member(member) => members.push(member),
                Part::Viewer(member) => reads = Some(member),
            }
        }
        // The parts of a union come in any order.
        posted.sort_unstable_by_key(|message: &Message| message.number);
        touched.sort_unstable_by_key(|message: &Message| message.change);
        members.sort_unstable_by_key(Member::change);
        let room = limit.one_more().saturating_sub(posted.len());
        touched.truncate(room);
        members.truncate(room);
        Ok(info.map(|chat| {
            let viewer = reads;
            let rows = ChangedRows {
                chat,
                viewer,
                posted,
                touched,
                members,
            };
            Changes::page(rows, after, limit)
        }))
    }
}

fn part(row: &MySqlRow) -> sqlx::Result<Part> {
    match row.try_get::<i64, _>(0)? {
        0 => rows::chat_from(row, CHAT_AT).map(Part::Chat),
        1 => rows::message_from(row, MESSAGE_AT).map(Part::Posted),
        2 => rows::message_from(row, MESSAGE_AT).map(Part::Touched),
        3 => member_from(row, MEMBER_AT).map(Part::Member),
        _ => member_from(row, MEMBER_AT).map(Part::Viewer),
    }
}
