//! Messages of a batch, and where they stand among the changes.

use chat_core::commit::ApplicationWrite;
use chat_core::ids::ChatId;
use chat_core::model::Message;
use sqlx::mysql::MySqlConnection;
use sqlx::{Error, Result, Row as _};

use super::super::rows::{self, int};
use super::super::script::{Script, Text, values};
use super::super::sql::{ROWS, at_once, carried, tuples};
use super::{Created, row_id};

const GIVE_IDS: &str = "INSERT INTO message_ids (chat, number) VALUES ";
const GIVEN_IDS: &str = "SELECT LAST_INSERT_ID(), @@auto_increment_increment";
const WRITE_MESSAGES: &str = "INSERT INTO messages (chat, number, body, author_name, data, \
     reply_to, ext_id, created_at, edited_at, deleted_at, change_no, sender) VALUES ";
/// All of these rows are there, in chats that are locked.
const OVER_MESSAGES: &str = " ON DUPLICATE KEY UPDATE body = VALUES(body), data = VALUES(data), \
     edited_at = VALUES(edited_at), deleted_at = VALUES(deleted_at), \
     change_no = VALUES(change_no)";
const TOUCH: &str = "INSERT INTO touches (chat, number, change_no) VALUES ";
const OVER_TOUCHES: &str = " ON DUPLICATE KEY UPDATE change_no = VALUES(change_no)";

/// What a row of a message holds beside its text, roughly.
const MESSAGE_BYTES: usize = 128;

/// A message, the row of its chat, and its integer id.
pub(in crate::store) type Place<'w> = (i64, &'w Message, Option<i64>);

/// Adds what writes messages.
pub(super) fn messages(
    script: &mut Script,
    writes: &[ApplicationWrite],
    created: &Created,
) -> Result<()> {
    let (mut posted, mut touched, mut touches) = (Vec::new(), Vec::new(), Vec::new());
    for write in writes {
        for chat in &write.chats {
            let ChatId(id) = row_id(write.id, &chat.row, created).ok_or(Error::RowNotFound)?;
            let place = |message| -> Place<'_> { (id, message, ext_id(message)) };
            posted.extend(chat.posted.iter().map(place));
            touched.extend(chat.touched.iter().map(place));
            touches.extend(chat.touches().map(place));
        }
    }
    put_new_messages(script, &posted);
    put_messages(script, &touched, OVER_MESSAGES);
    touches.sort_unstable_by_key(|(chat, message, _)| (*chat, message.number));
    put_touches(script, &touches);
    Ok(())
}

fn ext_id(message: &Message) -> Option<i64> {
    message.ext_id.map(int)
}

/// Gives the posted messages of the default application their integer ids.
pub(super) async fn give_ids(
    conn: &mut MySqlConnection,
    writes: &mut [ApplicationWrite],
    created: &Created,
) -> Result<()> {
    for write in writes.iter_mut().filter(|write| write.message_ids) {
        let mut posted = Vec::new();
        for chat in &mut write.chats {
            let ChatId(id) = row_id(write.id, &chat.row, created).ok_or(Error::RowNotFound)?;
            posted.extend(chat.posted.iter_mut().map(|message| (id, message)));
        }
        give(conn, &mut posted).await?;
    }
    Ok(())
}

/// The server gives the rows of one statement ids that follow each other in its own steps.
async fn give(conn: &mut MySqlConnection, posted: &mut [(i64, &mut Message)]) -> Result<()> {
    let mut rest = posted;
    while !rest.is_empty() {
        let (part, later) = rest.split_at_mut(at_once(rest.len()));
        rest = later;
        let mut insert = tuples(GIVE_IDS, 2, part.len(), "");
        for (chat, message) in &*part {
            insert = insert.bind(*chat).bind(int(message.number.0));
        }
        insert.execute(&mut *conn).await?;
        let row = sqlx::query(GIVEN_IDS).fetch_one(&mut *conn).await?;
        let (mut id, step) = (unsigned(&row, 0)?, unsigned(&row, 1)?);
        for (_, message) in part {
            message.ext_id = Some(id);
            id += step;
        }
    }
    Ok(())
}

fn unsigned(row: &sqlx::mysql::MySqlRow, at: usize) -> Result<u64> {
    row.try_get::<u64, _>(at).or_else(|_| rows::number(row, at))
}

fn bytes((_, message, _): &Place<'_>) -> usize {
    MESSAGE_BYTES + message.body.len() + message.data.as_ref().map_or(0, String::len)
}

fn put_messages(script: &mut Script, messages: &[Place<'_>], over: &str) {
    for rows in messages.chunks(ROWS) {
        for part in carried(rows, bytes) {
            let insert = values(WRITE_MESSAGES, 12, over);
            script.write(part.iter().fold(insert, message_columns));
        }
    }
}

/// Adds messages none of which is there.
pub(in crate::store) fn put_new_messages(script: &mut Script, messages: &[Place<'_>]) {
    put_messages(script, messages, "");
}

/// Adds where messages stand among the changes.
pub(in crate::store) fn put_touches(script: &mut Script, touched: &[Place<'_>]) {
    for part in touched.chunks(ROWS) {
        let insert = values(TOUCH, 3, OVER_TOUCHES);
        script.write(part.iter().fold(insert, |insert, (chat, message, _)| {
            insert
                .int(*chat)
                .int(int(message.number.0))
                .int(int(message.change.0))
        }));
    }
}

fn message_columns(insert: Text, (chat, message, ext_id): &Place<'_>) -> Text {
    insert
        .int(*chat)
        .int(int(message.number.0))
        .text(message.body.as_str())
        .text(message.author_name.as_deref())
        .text(message.data.as_deref())
        .int(message.reply_to.map(|number| int(number.0)))
        .int(*ext_id)
        .int(message.created_at.0)
        .int(message.edited_at.map(|at| at.0))
        .int(message.deleted_at.map(|at| at.0))
        .int(int(message.change.0))
        .int(message.sender.map(|user| int(user.0)))
}
