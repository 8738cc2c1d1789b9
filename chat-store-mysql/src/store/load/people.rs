//! The users and members that a batch needs. They need no lock of their own: users change under the lock of their application,
//! members and what they have read under that of their chat.

use std::collections::BTreeMap;

use chat_core::commit::{Facts, RangeNeeds, ScopeNeeds};
use chat_core::ids::{ApplicationId, ChatNumber, MessageNumber};
use chat_core::model::Pair;
use sqlx::mysql::MySqlRow;
use sqlx::{Result, Row as _};

use super::super::devices::{key_columns, key_from};
use super::super::people::{member_columns, member_from, user_columns, user_from};
use super::super::rows::{self, int};
use super::super::script::{Text, table, values};
use super::super::sql::ROWS;

const USERS: &str = concat!(
    "SELECT u.application, ",
    user_columns!(),
    " FROM users u FORCE INDEX (PRIMARY) WHERE (u.application, u.number) IN ("
);
const DEVICES: &str = concat!(
    "SELECT k.application, ",
    key_columns!(),
    " FROM device_keys k FORCE INDEX (PRIMARY) WHERE (k.application, k.user_number) IN ("
);
const USERNAMES: &str = "SELECT application, folded FROM users FORCE INDEX (users_folded) \
     WHERE (application, folded) IN (";
const CHAT_NAMES: &str = "SELECT application, unique_name FROM chats \
     FORCE INDEX (chats_unique_name) WHERE (application, unique_name) IN (";
const PAIRS: &str = "SELECT application, low_user, high_user, number FROM chats \
     FORCE INDEX (chats_pair) \
     WHERE holds_pair = 1 AND (application, low_user, high_user) IN (";
const WANTED_MEMBERS: &str = "w (application, chat, member)";
const MEMBERS: &str = concat!(
    "SELECT c.application, c.number, ",
    member_columns!(),
    " FROM w STRAIGHT_JOIN chats c FORCE INDEX (chats_number) \
     ON c.application = w.application AND c.number = w.chat \
     STRAIGHT_JOIN members p FORCE INDEX (PRIMARY) ON p.chat = c.id AND p.user_number = w.member"
);
const WANTED_RANGES: &str = "w (application, chat, member, low, high)";
const RANGES: &str = "SELECT c.application, c.number, r.user_number, r.low, r.high \
     FROM w STRAIGHT_JOIN chats c FORCE INDEX (chats_number) \
     ON c.application = w.application AND c.number = w.chat \
     STRAIGHT_JOIN mark_ranges r FORCE INDEX (PRIMARY) ON r.chat = c.id \
     AND r.user_number = w.member AND r.low <= w.high AND r.high >= w.low";

/// What a row tells of.
#[derive(Clone, Copy)]
pub(super) enum Found {
    User,
    Device,
    Username,
    ChatName,
    Pair,
    Member,
    Range,
}

type Scopes = BTreeMap<ApplicationId, ScopeNeeds>;

/// The statements that look for what is needed, none where nothing is.
pub(super) fn look(scopes: &Scopes, mut add: impl FnMut(Found, Text)) {
    for part in all(scopes, |needs| &needs.users).chunks(ROWS) {
        let select = part.iter().fold(values(USERS, 2, ")"), |select, one| {
            select.int(one.0).int(int(one.1.0))
        });
        add(Found::User, select);
    }
    for part in all(scopes, |needs| &needs.devices).chunks(ROWS) {
        let select = part.iter().fold(values(DEVICES, 2, ")"), |select, one| {
            select.int(one.0).int(int(one.1.0))
        });
        add(Found::Device, select);
    }
    let usernames = all(scopes, |needs| &needs.usernames);
    texts(USERNAMES, &usernames, |select| add(Found::Username, select));
    let chat_names = all(scopes, |needs| &needs.chat_names);
    texts(CHAT_NAMES, &chat_names, |select| {
        add(Found::ChatName, select);
    });
    for part in all(scopes, |needs| &needs.pairs).chunks(ROWS) {
        let select = part.iter().fold(values(PAIRS, 3, ")"), |select, one| {
            let Pair { low, high } = one.1;
            select.int(one.0).int(int(low.0)).int(int(high.0))
        });
        add(Found::Pair, select);
    }
    for part in all(scopes, |needs| &needs.members).chunks(ROWS) {
        let select = table(WANTED_MEMBERS, 3, MEMBERS);
        let select = part.iter().fold(select, |select, one| {
            let (chat, user) = one.1;
            select.int(one.0).int(int(chat.0)).int(int(user.0))
        });
        add(Found::Member, select);
    }
    for part in all(scopes, |needs| &needs.ranges).chunks(ROWS) {
        let select = table(WANTED_RANGES, 5, RANGES);
        let select = part.iter().fold(select, |select, one| {
            let RangeNeeds { chat, user, .. } = one.1;
            let select = select.int(one.0).int(int(chat.0)).int(int(user.0));
            select.int(int(one.1.low.0)).int(int(one.1.high.0))
        });
        add(Found::Range, select);
    }
}

/// What is needed of all applications, each with the row of its own.
fn all<'n, T: 'n, I>(scopes: &'n Scopes, of: impl Fn(&'n ScopeNeeds) -> I) -> Vec<(i64, &'n T)>
where
    I: IntoIterator<Item = &'n T>,
{
    let scopes = scopes.iter();
    let needed = scopes.flat_map(|(id, needs)| of(needs).into_iter().map(|one| (id.0, one)));
    needed.collect()
}

fn texts(head: &str, wanted: &[(i64, &String)], mut add: impl FnMut(Text)) {
    for part in wanted.chunks(ROWS) {
        let select = values(head, 2, ")");
        let select = part.iter().fold(select, |select, (application, text)| {
            select.int(*application).bytes(text.as_bytes())
        });
        add(select);
    }
}

impl Found {
    /// Takes what a row tells.
    pub(super) fn take(self, row: &MySqlRow, facts: &mut Facts) -> Result<()> {
        let id = ApplicationId(row.try_get(0)?);
        let Some(found) = facts.applications.get_mut(&id) else {
            return Ok(());
        };
        match self {
            Self::User => {
                let user = user_from(row, 1)?;
                found.users.insert(user.number, user);
            }
            Self::Device => {
                let (user, key) = key_from(row, 1)?;
                found.devices.entry(user).or_default().push(key);
            }
            Self::Username => {
                found.usernames.insert(text(row, 1)?);
            }
            Self::ChatName => {
                found.chat_names.insert(text(row, 1)?);
            }
            Self::Pair => {
                let (low, high) = (rows::user_number(row, 1)?, rows::user_number(row, 2)?);
                let number = ChatNumber(rows::number(row, 3)?);
                found.pairs.insert(Pair { low, high }, number);
            }
            Self::Member => {
                let member = member_from(row, 2)?;
                if let Some(chat) = found.chats.get_mut(&chat(row)?) {
                    chat.members.insert(member.user, member);
                }
            }
            Self::Range => {
                let low = MessageNumber(rows::number(row, 3)?);
                let high = MessageNumber(rows::number(row, 4)?);
                let user = rows::user_number(row, 2)?;
                if let Some(chat) = found.chats.get_mut(&chat(row)?) {
                    chat.ranges.insert((user, low), high);
                }
            }
        }
        Ok(())
    }
}

fn chat(row: &MySqlRow) -> Result<ChatNumber> {
    rows::number(row, 1).map(ChatNumber)
}

/// A text that is kept as bytes.
fn text(row: &MySqlRow, at: usize) -> Result<String> {
    let held: Vec<u8> = row.try_get(at)?;
    String::from_utf8(held).map_err(|error| rows::unreadable(at, error))
}
