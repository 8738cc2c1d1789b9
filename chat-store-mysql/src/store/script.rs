//! Statements that go to the server together, so that a batch waits for few answers.
//!
//! Their values stand in the text: numbers by their digits, all else as hexadecimal digits, so that no value can be taken for a
//! part of a statement, whatever the SQL mode is.

use std::fmt::Write as _;

use futures_util::TryStreamExt as _;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Either, Executor as _, Result};

use super::sql::BYTES;

/// A value as it stands in a statement.
trait Literal {
    fn write(&self, sql: &mut String);
}

impl Literal for i64 {
    fn write(&self, sql: &mut String) {
        // Nothing but memory can be missing, and a string takes that itself.
        let _ = write!(sql, "{self}");
    }
}

impl Literal for [u8] {
    fn write(&self, sql: &mut String) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        sql.reserve(2 * self.len() + 3);
        sql.push_str("x'");
        for byte in self {
            sql.push(char::from(DIGITS[usize::from(byte >> 4)]));
            sql.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        sql.push('\'');
    }
}

impl Literal for str {
    fn write(&self, sql: &mut String) {
        sql.push_str("_utf8mb4 ");
        self.as_bytes().write(sql);
    }
}

impl<T: Literal + ?Sized> Literal for &T {
    fn write(&self, sql: &mut String) {
        T::write(self, sql);
    }
}

impl<T: Literal> Literal for Option<T> {
    fn write(&self, sql: &mut String) {
        match self {
            Some(value) => value.write(sql),
            None => sql.push_str("NULL"),
        }
    }
}

/// A statement over tuples of values.
pub(super) struct Text {
    sql: String,
    open: &'static str,
    columns: usize,
    bound: usize,
    tail: String,
}

/// `head`, then tuples of so many values, at least one, then `tail`.
pub(super) fn values(head: &str, columns: usize, tail: &str) -> Text {
    Text {
        sql: head.to_owned(),
        open: "(",
        columns,
        bound: 0,
        tail: tail.to_owned(),
    }
}

/// `WITH head AS (VALUES` tuples `) tail`: tuples as rows of a table. MySQL wants a word before each of them that MariaDB does not
/// know.
pub(super) fn table(name: &str, columns: usize, tail: &str) -> Text {
    Text {
        open: "/*!80019 ROW*/(",
        ..values(
            &format!("WITH {name} AS (VALUES "),
            columns,
            &format!(") {tail}"),
        )
    }
}

impl Text {
    fn bind(mut self, value: impl Literal) -> Self {
        if !self.bound.is_multiple_of(self.columns) {
            self.sql.push(',');
        } else {
            self.sql.push_str(if self.bound == 0 { "" } else { ")," });
            self.sql.push_str(self.open);
        }
        value.write(&mut self.sql);
        self.bound += 1;
        self
    }

    pub(super) fn int(self, value: impl Into<Option<i64>>) -> Self {
        let value: Option<i64> = value.into();
        self.bind(value)
    }

    pub(super) fn bytes(self, value: &[u8]) -> Self {
        self.bind(value)
    }

    pub(super) fn maybe_bytes(self, value: Option<&[u8]>) -> Self {
        self.bind(value)
    }

    pub(super) fn text<'v>(self, value: impl Into<Option<&'v str>>) -> Self {
        let value: Option<&str> = value.into();
        self.bind(value)
    }

    fn finish(self) -> String {
        debug_assert!(self.bound > 0 && self.bound.is_multiple_of(self.columns));
        self.sql + ")" + &self.tail
    }
}

/// Statements that go together; each of them, and each row that it finds, is of a kind `T`.
pub(super) struct Script<T = ()> {
    packets: Vec<Packet<T>>,
}

struct Packet<T> {
    sql: String,
    kinds: Vec<T>,
}

impl<T: Copy> Script<T> {
    pub(super) const fn new() -> Self {
        Self {
            packets: Vec::new(),
        }
    }

    /// Adds the text of a statement, which must hold no value that was made elsewhere.
    pub(super) fn add_text(&mut self, kind: T, text: &str) {
        match self.packets.last_mut() {
            // The server takes at least four times as much, and a statement carries half of that.
            Some(packet) if packet.sql.len() < BYTES => {
                packet.sql.push_str("; ");
                packet.sql.push_str(text);
                packet.kinds.push(kind);
            }
            _ => self.packets.push(Packet {
                sql: text.to_owned(),
                kinds: vec![kind],
            }),
        }
    }

    pub(super) fn add(&mut self, kind: T, statement: Text) {
        self.add_text(kind, &statement.finish());
    }

    /// Does all of it in turn, up to the first statement that fails.
    pub(super) async fn rows(self, conn: &mut MySqlConnection) -> Result<Vec<(T, MySqlRow)>> {
        let mut found = Vec::new();
        for Packet { sql, kinds } in self.packets {
            let mut kinds = kinds.into_iter();
            let mut kind = kinds.next();
            let mut results = conn.fetch_many(AssertSqlSafe(sql));
            while let Some(result) = results.try_next().await? {
                match result {
                    Either::Left(_) => kind = kinds.next(),
                    Either::Right(row) => found.extend(kind.map(|kind| (kind, row))),
                }
            }
        }
        Ok(found)
    }
}

impl Script {
    /// Adds a statement that finds nothing.
    pub(super) fn write(&mut self, statement: Text) {
        self.add((), statement);
    }

    /// As [`Script::rows`].
    pub(super) async fn run(self, conn: &mut MySqlConnection) -> Result<()> {
        self.rows(conn).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_can_be_taken_for_a_part_of_a_statement() {
        let statement = values("INSERT INTO t VALUES ", 3, " ON DUPLICATE KEY UPDATE a = 1")
            .bind(i64::MIN)
            .bind("'; DROP TABLE t; --\\")
            .bind(None::<&str>)
            .bind(&[0_u8, 255][..])
            .bind("")
            .bind(Some(1));
        assert_eq!(
            statement.finish(),
            "INSERT INTO t VALUES (-9223372036854775808,\
             _utf8mb4 x'273b2044524f50205441424c4520743b202d2d5c',NULL),\
             (x'00ff',_utf8mb4 x'',1) ON DUPLICATE KEY UPDATE a = 1"
        );
    }

    #[test]
    fn a_packet_is_never_larger_than_a_server_takes() {
        let mut script = Script::new();
        for _ in 0..3 {
            script.add_text((), &"x".repeat(2 * BYTES));
        }
        script.add_text((), "y");
        assert_eq!(script.packets.len(), 3 + 1);
        let mut script = Script::new();
        for _ in 0..3 {
            script.add_text((), "y");
        }
        assert_eq!(script.packets.len(), 1);
        assert_eq!(script.packets[0].sql, "y; y; y");
    }
}
