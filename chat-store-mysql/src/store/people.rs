//! People as rows: users and members, read and written.

use std::collections::BTreeSet;

use chat_core::clock::Timestamp;
use chat_core::commit::{ApplicationWrite, Ends};
use chat_core::ids::{ApplicationId, Change, ChatId, MessageNumber, TokenHash, UserNumber};
use chat_core::model::{LastingToken, Member, Role, User};
use chat_core::password::PasswordHash;
use chat_core::seal::Sealed;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Result, Row as _, query};

use super::rows::{self, int};
use super::script::{Script, Text, values};
use super::sql::{ROWS, carried};

macro_rules! user_columns {
    () => {
        "u.number, u.username, u.display_name, u.email, u.picture, u.password, u.lasting_hash, \
         u.lasting_token, u.created_at, u.updated_at, u.deleted_at"
    };
}
pub(super) use user_columns;

macro_rules! member_columns {
    () => {
        "p.user_number, p.role, p.muted, p.joined_at, p.left_at, p.gone, p.own_change, \
         p.mark_change, p.delivered, p.read_up_to, p.hidden, p.posted"
    };
}
pub(super) use member_columns;

const LET_GO_OF_NAMES: &str =
    "UPDATE users SET folded = NULL, lasting_hash = NULL WHERE (application, number) IN (";
const WRITE_USERS: &str = "INSERT INTO users (application, number, username, folded, display_name, \
     email, picture, password, lasting_hash, lasting_token, created_at, updated_at, deleted_at, \
     seen_at) VALUES ";
/// All of these rows are there. When somebody was seen is no matter of commits.
const OVER_USERS: &str = " ON DUPLICATE KEY UPDATE username = VALUES(username), \
     folded = VALUES(folded), display_name = VALUES(display_name), email = VALUES(email), \
     picture = VALUES(picture), password = VALUES(password), \
     lasting_hash = VALUES(lasting_hash), lasting_token = VALUES(lasting_token), \
     updated_at = VALUES(updated_at), deleted_at = VALUES(deleted_at), \
     seen_at = IF(VALUES(deleted_at) IS NULL, seen_at, NULL)";
const END_SESSIONS: &str =
    "DELETE FROM sessions WHERE application = ? AND user_number = ? AND token <> ?";
const WRITE_MEMBERS: &str = "INSERT INTO members (application, chat, user_number, role, muted, \
     joined_at, left_at, gone, own_change, mark_change, change_no, delivered, read_up_to, hidden, \
     posted) \
     VALUES ";
const OVER_MEMBERS: &str = " ON DUPLICATE KEY UPDATE role = VALUES(role), muted = VALUES(muted), \
     joined_at = VALUES(joined_at), left_at = VALUES(left_at), gone = VALUES(gone), \
     own_change = VALUES(own_change), mark_change = VALUES(mark_change), \
     change_no = VALUES(change_no), delivered = VALUES(delivered), \
     read_up_to = VALUES(read_up_to), hidden = VALUES(hidden), posted = VALUES(posted)";
/// Looks at members as they are written.
const LEAVE: &str = "UPDATE users u SET u.leaving = IF(EXISTS (SELECT 1 FROM members p \
     FORCE INDEX (members_user) WHERE p.application = u.application \
     AND p.user_number = u.number AND p.gone = 0), 1, NULL) \
     WHERE u.deleted_at IS NOT NULL AND (u.application, u.number) IN (";
const WRITE_RANGES: &str = "INSERT INTO mark_ranges (chat, user_number, low, high) VALUES ";
const OVER_RANGES: &str = " ON DUPLICATE KEY UPDATE high = VALUES(high)";
const DROP_RANGES: &str = "DELETE FROM mark_ranges WHERE (chat, user_number, low) IN (";

/// What a row of a user holds beside its texts, roughly.
const USER_BYTES: usize = 512;

pub(super) fn user(row: &MySqlRow) -> Result<User> {
    user_from(row, 0)
}

/// The user whose columns begin here.
pub(super) fn user_from(row: &MySqlRow, at: usize) -> Result<User> {
    let lasting_token = match row.try_get::<Option<Vec<u8>>, _>(at + 7)? {
        Some(sealed) => Some(LastingToken {
            hash: TokenHash(rows::bytes(row, at + 6)?),
            sealed: Sealed(sealed),
        }),
        None => None,
    };
    Ok(User {
        number: rows::user_number(row, at)?,
        username: row.try_get(at + 1)?,
        display_name: row.try_get(at + 2)?,
        email: row.try_get(at + 3)?,
        picture: row.try_get(at + 4)?,
        password: row.try_get::<Option<String>, _>(at + 5)?.map(PasswordHash),
        lasting_token,
        created_at: rows::time(row, at + 8)?,
        updated_at: rows::time(row, at + 9)?,
        deleted_at: rows::maybe_time(row, at + 10)?,
    })
}

pub(super) fn member(row: &MySqlRow) -> Result<Member> {
    member_from(row, 0)
}

/// The member whose columns begin here.
pub(super) fn member_from(row: &MySqlRow, at: usize) -> Result<Member> {
    let role: &str = row.try_get(at + 1)?;
    let unknown = || rows::unreadable(at + 1, "unknown role");
    Ok(Member {
        user: rows::user_number(row, at)?,
        role: Role::parse(role).ok_or_else(unknown)?,
        muted: row.try_get(at + 2)?,
        joined_at: rows::time(row, at + 3)?,
        left_at: rows::maybe_time(row, at + 4)?,
        gone: row.try_get(at + 5)?,
        own_change: Change(rows::number(row, at + 6)?),
        mark_change: Change(rows::number(row, at + 7)?),
        delivered: MessageNumber(rows::number(row, at + 8)?),
        read: MessageNumber(rows::number(row, at + 9)?),
        hidden: rows::maybe_number(row, at + 10)?.map(MessageNumber),
        posted: MessageNumber(rows::number(row, at + 11)?),
    })
}

/// Adds what writes users. What one gives up another one may take in the same batch, whatever their order.
pub(super) fn put_users(script: &mut Script, writes: &[ApplicationWrite]) {
    let users = |new: bool| -> Vec<Written<'_>> {
        let all = writes
            .iter()
            .flat_map(|write| write.users.iter().map(|user| (write.id, user)));
        all.filter(|(_, user)| user.is_new == new)
            .map(|(id, user)| (id, &user.row, None))
            .collect()
    };
    let (there, new) = (users(false), users(true));
    if there.len() + new.len() > 1 {
        for part in there.chunks(ROWS) {
            let update = values(LET_GO_OF_NAMES, 2, ")");
            script.write(part.iter().fold(update, |update, (application, user, _)| {
                update.int(application.0).int(int(user.number.0))
            }));
        }
    }
    put(script, &there, OVER_USERS);
    put_new_users(script, &new);
}

/// A user, the row of its application, and when it was seen if it is new.
pub(super) type Written<'w> = (ApplicationId, &'w User, Option<Timestamp>);

/// Adds users none of which is there.
pub(super) fn put_new_users(script: &mut Script, users: &[Written<'_>]) {
    put(script, users, "");
}

fn put(script: &mut Script, users: &[Written<'_>], over: &str) {
    for rows in users.chunks(ROWS) {
        for part in carried(rows, |(_, user, _)| bytes(user)) {
            let insert = values(WRITE_USERS, 14, over);
            script.write(part.iter().fold(insert, user_values));
        }
    }
}

/// What a row holds, roughly.
fn bytes(user: &User) -> usize {
    let texts = [&user.display_name, &user.email, &user.picture];
    let texts = texts.into_iter().flatten().map(String::len);
    USER_BYTES + 2 * user.username.len() + texts.sum::<usize>()
}

fn user_values(insert: Text, (application, user, seen): &Written<'_>) -> Text {
    let folded = (!user.is_deleted()).then(|| user.folded().into_bytes());
    let token = user.lasting_token.as_ref();
    insert
        .int(application.0)
        .int(int(user.number.0))
        .text(user.username.as_str())
        .maybe_bytes(folded.as_deref())
        .text(user.display_name.as_deref())
        .text(user.email.as_deref())
        .text(user.picture.as_deref())
        .text(user.password.as_ref().map(|kept| kept.0.as_str()))
        .maybe_bytes(token.map(|token| token.hash.0.as_slice()))
        .maybe_bytes(token.map(|token| token.sealed.0.as_slice()))
        .int(user.created_at.0)
        .int(user.updated_at.0)
        .int(user.deleted_at.map(|Timestamp(at)| at))
        .int(seen.map(|Timestamp(at)| at))
}

/// Once the rows of their users are written, and so locked: whoever opens one meanwhile waits for that row, and finds it changed.
pub(super) async fn end_sessions(
    conn: &mut MySqlConnection,
    writes: &[ApplicationWrite],
) -> Result<()> {
    for write in writes {
        for user in &write.users {
            let Some(Ends { but }) = user.ends else {
                continue;
            };
            query(END_SESSIONS)
                .bind(write.id.0)
                .bind(int(user.row.number.0))
                .bind(but.map_or_else(Vec::new, |token| token.0.to_vec()))
                .execute(&mut *conn)
                .await?;
        }
    }
    Ok(())
}

/// A member, and the rows of its application and chat.
pub(super) type Part<'w> = (ApplicationId, ChatId, &'w Member);

/// Adds members, or writes over those that are there.
pub(super) fn put_members(script: &mut Script, members: &[Part<'_>]) {
    for part in members.chunks(ROWS) {
        let insert = values(WRITE_MEMBERS, 15, OVER_MEMBERS);
        script.write(part.iter().fold(insert, member_values));
    }
}

fn member_values(insert: Text, (application, chat, member): &Part<'_>) -> Text {
    insert
        .int(application.0)
        .int(chat.0)
        .int(int(member.user.0))
        .text(member.role.as_str())
        .int(i64::from(member.muted))
        .int(member.joined_at.0)
        .int(member.left_at.map(|Timestamp(at)| at))
        .int(i64::from(member.gone))
        .int(int(member.own_change.0))
        .int(int(member.mark_change.0))
        .int(int(member.change().0))
        .int(int(member.delivered.0))
        .int(int(member.read.0))
        .int(member.hidden.map(|last| int(last.0)))
        .int(int(member.posted.0))
}

/// Adds what notes which of these users are deleted and some chat does not know; members are written before. Two at once may leave one
/// noted that every chat knows of: then nothing is found.
pub(super) fn put_leaving(
    script: &mut Script,
    users: impl Iterator<Item = (ApplicationId, UserNumber)>,
) {
    let users: BTreeSet<_> = users.collect();
    let users: Vec<_> = users.into_iter().collect();
    for part in users.chunks(ROWS) {
        let update = values(LEAVE, 2, ")");
        script.write(part.iter().fold(update, |update, (application, user)| {
            update.int(application.0).int(int(user.0))
        }));
    }
}

/// The users that are deleted in what is written, and those whom a chat lets go of.
pub(super) fn leaving(
    writes: &[ApplicationWrite],
) -> impl Iterator<Item = (ApplicationId, UserNumber)> {
    writes.iter().flat_map(|write| {
        let deleted = write.users.iter().filter(|user| user.row.is_deleted());
        let members = write.chats.iter().flat_map(|chat| &chat.members);
        let gone = members.filter(|member| member.gone).map(|one| one.user);
        let users = deleted.map(|user| user.row.number).chain(gone);
        users.map(|user| (write.id, user))
    })
}

/// Of which chat and member, from which message up to which; up to none for one that goes.
pub(super) type Range = (ChatId, UserNumber, MessageNumber, Option<MessageNumber>);

/// Adds what writes ranges, and what takes them away.
pub(super) fn put_ranges(script: &mut Script, ranges: &[Range]) {
    let key = |text: Text, (chat, user, low, _): &Range| {
        text.int(chat.0).int(int(user.0)).int(int(low.0))
    };
    let (kept, gone): (Vec<&Range>, Vec<&Range>) =
        ranges.iter().partition(|(_, _, _, high)| high.is_some());
    for part in gone.chunks(ROWS) {
        let delete = values(DROP_RANGES, 3, ")");
        script.write(part.iter().fold(delete, |delete, range| key(delete, range)));
    }
    for part in kept.chunks(ROWS) {
        let insert = values(WRITE_RANGES, 4, OVER_RANGES);
        script.write(part.iter().fold(insert, |insert, range| {
            key(insert, range).int(range.3.map(|high| int(high.0)))
        }));
    }
}
