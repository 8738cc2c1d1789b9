//! Statements over many rows.

use sqlx::mysql::MySqlArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, MySql};

pub(super) type Sql = Query<'static, MySql, MySqlArguments>;

/// Up to so many rows are written by one statement, whatever their number.
const FEW: usize = 16;
/// How many rows one statement writes or looks for; servers take 65,535 values. A page of a transfer is two of these.
pub(super) const ROWS: usize = 500;
/// How many bytes of text one statement carries, far below what start-up makes sure the server takes.
pub(super) const BYTES: usize = 4 << 20;

/// `head`, then `rows` tuples of `columns` marks, then `tail`.
pub(super) fn tuples(head: &str, columns: usize, rows: usize, tail: &str) -> Sql {
    let mut sql = String::with_capacity(head.len() + rows * (2 * columns + 2) + tail.len());
    sql.push_str(head);
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns {
            sql.push_str(if column == 0 { "?" } else { ",?" });
        }
        sql.push(')');
    }
    sql.push_str(tail);
    // Only marks were put together; every value is bound.
    sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(rows))
}

/// Preparing costs more than running, so what will come again is kept on the connection.
const fn is_kept(rows: usize) -> bool {
    rows <= FEW || rows == ROWS || rows.is_power_of_two()
}

/// The values of a list, the last one repeated up to a power of two, so that there are few statements.
pub(super) fn padded<T: Copy>(values: &[T]) -> impl Iterator<Item = T> {
    let last = values.last().copied();
    let missing = values.len().next_power_of_two() - values.len();
    values
        .iter()
        .copied()
        .chain(last.into_iter().cycle().take(missing))
}

/// `head (?, …) tail` over such a list.
pub(super) fn list(head: &str, values: usize, tail: &str) -> Sql {
    tuples(head, values.next_power_of_two(), 1, tail)
}

/// `head ((?, ?), …) tail` over such a list.
pub(super) fn pairs(head: &str, values: usize, tail: &str) -> Sql {
    let tail = format!("){tail}");
    tuples(&format!("{head} ("), 2, values.next_power_of_two(), &tail)
}

/// One row of what each of so many expressions says.
pub(super) fn several(expression: &str, times: usize) -> Sql {
    let mut sql = String::with_capacity(8 + times * (expression.len() + 1));
    sql.push_str("SELECT ");
    for at in 0..times {
        sql.push_str(if at == 0 { "" } else { "," });
        sql.push_str(expression);
    }
    // Every value is bound.
    sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(times))
}

/// How many of so many rows the next statement takes: all of a few, else as many as a statement writes or a power of two, so that
/// there are few statements.
pub(super) const fn at_once(rows: usize) -> usize {
    match rows {
        0..=FEW => rows,
        ROWS.. => ROWS,
        _ => 1 << rows.ilog2(),
    }
}

/// Cuts rows into parts that one statement takes each.
pub(super) fn cut<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let part = rows.split_off(..at_once(rows.len()))?;
        (!part.is_empty()).then_some(part)
    })
}

/// Cuts rows into parts of as many bytes as one statement carries.
pub(super) fn carried<T>(rows: &[T], bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut parts = Vec::new();
    let (mut start, mut held) = (0, 0);
    for (at, row) in rows.iter().enumerate() {
        let size = bytes(row);
        if at > start && held + size > BYTES {
            parts.push(&rows[start..at]);
            (start, held) = (at, 0);
        }
        held += size;
    }
    parts.push(&rows[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_padded_to_few_lengths() {
        assert_eq!(padded(&[1, 2, 3]).collect::<Vec<_>>(), [1, 2, 3, 3]);
        assert_eq!(padded(&[7]).collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn parts_are_cut_by_rows_and_by_bytes_and_lose_nothing() {
        let small: Vec<usize> = (0..1_107).collect();
        let parts: Vec<_> = cut(&small).collect();
        let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [500, 500, 64, 32, 11]);
        assert_eq!(parts.concat(), small);
        assert_eq!(cut(&[0_usize; 0]).count(), 0);
        let large = [BYTES - 1, 1, 1, BYTES + 5, 2];
        let parts = carried(&large, |size| *size);
        assert_eq!(
            parts,
            [&large[..2], &large[2..3], &large[3..4], &large[4..]]
        );
    }
}
