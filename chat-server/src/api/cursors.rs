//! Where clients stand, as they say it: an object of cursors by the numbers of their chats.

use std::collections::BTreeMap;

use chat_core::cursor::{Cursor, CursorError};
use chat_core::ids::ChatNumber;

use crate::http::input::Field;

/// Most of them at once, and the most new chats that one answer tells.
pub(crate) const MOST: usize = 500;

/// Why they cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Illegible {
    /// It is no object of texts by numbers.
    NotCursors,
    /// There are more than [`MOST`].
    TooMany,
    /// What stands for this chat is no cursor.
    Cursor(ChatNumber, CursorError),
}

/// Reads what stands under a key.
pub(crate) fn read(json: &str) -> Result<BTreeMap<ChatNumber, Cursor>, Illegible> {
    let sent: BTreeMap<String, Field> =
        serde_json::from_str(json).map_err(|_| Illegible::NotCursors)?;
    if sent.len() > MOST {
        return Err(Illegible::TooMany);
    }
    let cursor = |(number, cursor): (String, Field)| {
        let number: ChatNumber = number.parse().map_err(|_| Illegible::NotCursors)?;
        let Field::Text(cursor) = cursor else {
            return Err(Illegible::NotCursors);
        };
        let cursor = Cursor::decode(&cursor).map_err(|error| Illegible::Cursor(number, error))?;
        Ok((number, cursor))
    };
    sent.into_iter().map(cursor).collect()
}
