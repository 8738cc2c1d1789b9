//! Whether the file holds what the laws say.

use std::fmt;

use chat_core::error::BackendError;
use rusqlite::{Connection, Result};

use super::SqliteStore;

/// At most so many sentences a law: a file that is broken everywhere does not fill the screen.
const MOST: usize = 100;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many applications were looked at.
    pub applications: u64,
    /// How many chats were looked at.
    pub chats: u64,
    /// How many messages were looked at.
    pub messages: u64,
    /// What is wrong, each a sentence.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} applications, {} chats, {} messages: {} findings",
            self.applications,
            self.chats,
            self.messages,
            self.findings.len()
        )
    }
}

/// Each of these answers one sentence a fault. A deleted chat is being erased: it is left out.
const LAWS: [&str; 17] = [
    // Dense, and counted exactly.
    "SELECT printf('chat %d: it has %d messages from %d to %d, but its floor is %d and its last number %d',
            id, n, lowest, highest, floor, last_number)
     FROM (SELECT c.id, c.floor, c.last_number, count(m.number) AS n,
                  ifnull(min(m.number), c.floor) AS lowest,
                  ifnull(max(m.number), c.floor - 1) AS highest
           FROM open_chats c LEFT JOIN messages m ON m.chat = c.id GROUP BY c.id)
     WHERE n <> last_number - floor + 1 OR lowest <> floor OR highest <> last_number",
    "SELECT printf('chat %d: its count of messages is %d, but %d exist', id, live, n)
     FROM (SELECT c.id, c.live, (SELECT count(*) FROM messages m
                                 WHERE m.chat = c.id AND m.deleted_at IS NULL) AS n
           FROM open_chats c)
     WHERE n <> live",
    // Changes.
    "SELECT printf('chat %d: its last change is %d, but %d was taken', id, last_change, taken)
     FROM (SELECT c.id, c.last_change, max(c.own_change, ifnull(
                  (SELECT max(change) FROM touches t WHERE t.chat = c.id), 0), ifnull(
                  (SELECT max(change) FROM members m WHERE m.chat = c.id), 0)) AS taken
           FROM open_chats c)
     WHERE taken > last_change",
    "SELECT printf('chat %d, message %d: change %d is noted, but the message has %s',
            t.chat, t.number, t.change, ifnull(m.change, 'gone'))
     FROM touches t JOIN open_chats c ON c.id = t.chat
     LEFT JOIN messages m ON m.chat = t.chat AND m.number = t.number
     WHERE m.change IS NOT t.change",
    "SELECT printf('chat %d, message %d: its change %d is not noted', m.chat, m.number, m.change)
     FROM messages m JOIN open_chats c ON c.id = m.chat
     WHERE m.change > 0
       AND NOT EXISTS (SELECT 1 FROM touches t WHERE t.chat = m.chat AND t.number = m.number)",
    // Tombstones.
    "SELECT printf('chat %d, message %d: it is deleted, but its text is there', chat, number)
     FROM messages WHERE deleted_at IS NOT NULL AND (body <> '' OR data IS NOT NULL)",
    // Applications.
    "SELECT printf('application %d: it counts %d chats up to number %d, but has %d up to %d',
            id, live_chats, last_chat, n, highest)
     FROM (SELECT a.id, a.live_chats, a.last_chat,
                  (SELECT count(*) FROM open_chats c WHERE c.application = a.id) AS n,
                  (SELECT ifnull(max(number), 0) FROM chats c WHERE c.application = a.id) AS highest
           FROM applications a WHERE a.closed_at IS NULL)
     WHERE n <> live_chats OR highest > last_chat",
    "SELECT printf('chat %d, message %d: its id %d is not noted', m.chat, m.number, m.ext_id)
     FROM messages m WHERE m.ext_id IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM message_ids i
                       WHERE i.id = m.ext_id AND i.chat = m.chat AND i.number = m.number)",
    // People.
    "SELECT printf('application %d: its last user is %d, but it has %d', id, last_user, highest)
     FROM (SELECT a.id, a.last_user,
                  (SELECT ifnull(max(number), 0) FROM users u WHERE u.application = a.id) AS highest
           FROM applications a WHERE a.closed_at IS NULL)
     WHERE highest > last_user",
    "SELECT printf('application %d, user %d: it is deleted, but something of it is there',
            application, number)
     FROM users WHERE deleted_at IS NOT NULL
       AND (username <> '' OR coalesce(folded, display_name, email, picture, password, token_hash,
                                       token) IS NOT NULL
            OR EXISTS (SELECT 1 FROM sessions s
                       WHERE s.application = users.application AND s.user = users.number)
            OR EXISTS (SELECT 1 FROM device_keys k
                       WHERE k.application = users.application AND k.user = users.number))",
    "SELECT printf('chat %d: it counts %d members, but has %d', id, members, n)
     FROM (SELECT c.id, c.members, (SELECT count(*) FROM members m
                                    WHERE m.chat = c.id AND m.left_at IS NULL) AS n
           FROM open_chats c)
     WHERE n <> members",
    "SELECT printf('chat %d: it counts %d owners, but has %d', id, owners, n)
     FROM (SELECT c.id, c.owners, (SELECT count(*) FROM members m
                                   WHERE m.chat = c.id AND m.left_at IS NULL AND m.role = 'owner') AS n
           FROM open_chats c)
     WHERE n <> ifnull(owners, 0)",
    "SELECT printf('chat %d, user %d: it has read up to %d and received up to %d of %d messages',
            m.chat, m.user, m.read, m.delivered, c.last_number)
     FROM members m JOIN open_chats c ON c.id = m.chat
     WHERE m.read > m.delivered OR m.delivered > c.last_number OR c.application <> m.application",
    "SELECT printf('chat %d, user %d: it has read %d to %d besides everything up to %d of %d messages',
            r.chat, r.user, r.low, r.high, m.read, c.last_number)
     FROM mark_ranges r JOIN members m ON m.chat = r.chat AND m.user = r.user
     JOIN open_chats c ON c.id = r.chat
     WHERE r.low <= m.read + 1 OR r.high < r.low OR r.high > c.last_number
        OR EXISTS (SELECT 1 FROM mark_ranges o WHERE o.chat = r.chat AND o.user = r.user
                   AND o.low > r.low AND o.low <= r.high + 1)",
    "SELECT printf('chat %d, message %d: its sender is user %d, who never was', m.chat, m.number,
            m.sender)
     FROM messages m JOIN open_chats c ON c.id = m.chat
     WHERE m.sender IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM users u
                       WHERE u.application = c.application AND u.number = m.sender)",
    "SELECT printf('application %d, user %d: chats do not know that it is gone, and nobody tells them',
            application, number)
     FROM users u WHERE deleted_at IS NOT NULL AND leaving = 0
       AND EXISTS (SELECT 1 FROM members m JOIN open_chats c ON c.id = m.chat
                   WHERE m.application = u.application AND m.user = u.number AND m.gone = 0)",
    // Sinks.
    "SELECT printf('chat %d: sink %s has to follow to %d/%d, but the chat ends at %d/%d',
            d.chat, d.sink, d.to_number, d.to_change, c.last_number, c.last_change)
     FROM dirty d JOIN chats c ON c.id = d.chat
     WHERE d.to_number > c.last_number OR d.to_change > c.last_change
        OR d.from_number > d.to_number OR d.from_change > d.to_change",
];

/// A common table expression in front of each law.
const OPEN_CHATS: &str = "WITH open_chats AS (SELECT c.* FROM chats c
     JOIN applications a ON a.id = c.application
     WHERE c.closed_at IS NULL AND a.closed_at IS NULL) ";

impl SqliteStore {
    /// Looks at the whole file: that SQLite can read it, and that the laws hold in it. It may
    /// take long, and beside a server too.
    ///
    /// # Errors
    /// When the file cannot be read; what is wrong in it is no error but a finding.
    pub async fn check(&self) -> std::result::Result<Report, BackendError> {
        self.readers.read("check", check).await
    }
}

fn check(conn: &Connection) -> Result<Report> {
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        conn.query_row(&sql, [], |row| row.get(0))
    };
    let mut report = Report::default();
    integrity(conn, &mut report.findings)?;
    // A file that SQLite finds broken is not worth more questions.
    if report.is_clean() {
        report.applications = count("applications")?;
        report.chats = count("chats")?;
        report.messages = count("messages")?;
        for law in LAWS {
            let sql = format!("{OPEN_CHATS}{law} LIMIT {MOST}");
            sentences(conn, &sql, &mut report.findings)?;
        }
    }
    Ok(report)
}

fn integrity(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    sentences(conn, "PRAGMA integrity_check", findings)?;
    findings.retain(|sentence| sentence != "ok");
    let orphans = "SELECT printf('table %s, row %s: the row of %s that it names is not there', \
         \"table\", rowid, parent) FROM pragma_foreign_key_check";
    sentences(conn, &format!("{orphans} LIMIT {MOST}"), findings)
}

fn sentences(conn: &Connection, sql: &str, findings: &mut Vec<String>) -> Result<()> {
    let mut select = conn.prepare(sql)?;
    for sentence in select.query_map([], |row| row.get(0))? {
        findings.push(sentence?);
    }
    Ok(())
}
