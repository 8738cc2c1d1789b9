//! The bare side of writes: sqlx, one table like the store's, one prepared statement of many rows.

use std::fmt::Write as _;

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, query};

use crate::Failure;
use crate::raw::Row;

const COLUMNS: &str = "(chat, number, body, author_name, data, reply_to, ext_id, \
     created_at, edited_at, deleted_at, change_no) VALUES ";
const TUPLE: &str = "(?, ?, ?, ?, NULL, NULL, NULL, ?, NULL, NULL, 0)";

/// Inserts rows into a table, so many a statement, each statement a transaction.
pub(crate) async fn insert(
    conn: &mut MySqlConnection,
    table: &str,
    rows: &[Row],
    size: usize,
) -> Result<(), Failure> {
    for part in rows.chunks(size) {
        let mut sql = format!("INSERT INTO {table} {COLUMNS}");
        for place in 0..part.len() {
            write!(sql, "{}{TUPLE}", if place > 0 { ", " } else { "" })?;
        }
        // Only marks were put together; every value is bound.
        let mut insert = query(AssertSqlSafe(sql));
        for row in part {
            insert = insert
                .bind(row.chat)
                .bind(row.number)
                .bind(&row.body)
                .bind(row.author.as_deref())
                .bind(row.at);
        }
        insert.execute(&mut *conn).await?;
    }
    Ok(())
}
