//! What the server must be, so that the promises of the Store hold.

use std::collections::BTreeMap;

use chat_core::error::BackendError;
use sqlx::Row as _;
use sqlx::mysql::MySqlConnection;

use crate::error::{OpenError, translate};

const SETTINGS: &str = "SHOW VARIABLES WHERE Variable_name IN ('version', \
     'innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog', 'binlog_format', \
     'max_allowed_packet', 'transaction_isolation', 'tx_isolation')";

const MARIADB: &str = "MariaDB";
const OLDEST_MARIADB: (u32, u32) = (10, 11);
const OLDEST_MYSQL: (u32, u32) = (8, 4);
const PACKET: u64 = 16 << 20;

/// Looks at the server through a connection that is set up as all of them are.
pub(super) async fn examine(
    conn: &mut MySqlConnection,
    allow_weak_durability: bool,
) -> Result<(), BackendError> {
    const OP: &str = "open";
    let rows = sqlx::query(SETTINGS)
        .fetch_all(conn)
        .await
        .map_err(translate(OP))?;
    let settings = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<sqlx::Result<_>>()
        .map_err(translate(OP))?;
    let server = Server(settings);
    server.works().map_err(OpenError::into_backend)?;
    match server.is_durable() {
        Err(error) if allow_weak_durability => {
            tracing::warn!(%error, "the server may lose what it acknowledged");
            Ok(())
        }
        other => other.map_err(OpenError::into_backend),
    }
}

struct Server(BTreeMap<String, String>);

impl Server {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn must(
        &self,
        name: &'static str,
        holds: impl Fn(&str) -> bool,
        wanted: &'static str,
        reason: &'static str,
    ) -> Result<(), OpenError> {
        if holds(self.get(name)) {
            return Ok(());
        }
        Err(OpenError::Setting {
            name,
            found: self.get(name).to_owned(),
            wanted,
            reason,
        })
    }

    fn works(&self) -> Result<(), OpenError> {
        let version = self.get("version");
        let oldest = if version.contains(MARIADB) {
            OLDEST_MARIADB
        } else {
            OLDEST_MYSQL
        };
        if numbers(version).is_none_or(|found| found < oldest) {
            let found = version.to_owned();
            return Err(OpenError::Version { found });
        }
        self.must(
            "max_allowed_packet",
            |size| size.parse::<u64>().is_ok_and(|size| size >= PACKET),
            "at least 16777216",
            "a batch of messages is written by few statements",
        )?;
        // MariaDB has the older name of it.
        let name = if self.0.contains_key("transaction_isolation") {
            "transaction_isolation"
        } else {
            "tx_isolation"
        };
        self.must(
            name,
            |level| level == "READ-COMMITTED",
            "READ-COMMITTED in this program's sessions",
            "it was set at the start of the session, and is not",
        )?;
        if self.writes_binlog() {
            self.must(
                "binlog_format",
                |format| !format.eq_ignore_ascii_case("STATEMENT"),
                "ROW or MIXED",
                "READ COMMITTED cannot be logged by statement",
            )?;
        }
        Ok(())
    }

    fn is_durable(&self) -> Result<(), OpenError> {
        let reason = "what was acknowledged must be on disk";
        let one = |value: &str| value == "1";
        self.must("innodb_flush_log_at_trx_commit", one, "1", reason)?;
        if self.writes_binlog() {
            self.must("sync_binlog", one, "1", reason)?;
        }
        Ok(())
    }

    fn writes_binlog(&self) -> bool {
        self.get("log_bin").eq_ignore_ascii_case("ON")
    }
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    // Some MariaDB servers put this in front of their version for the sake of old replicas.
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut parts = version.split(|c: char| !c.is_ascii_digit());
    let mut next = || parts.next()?.parse().ok();
    Some((next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(changes: &[(&str, &str)]) -> Server {
        let good = [
            ("version", "9.7.4-2"),
            ("innodb_flush_log_at_trx_commit", "1"),
            ("log_bin", "ON"),
            ("sync_binlog", "1"),
            ("binlog_format", "ROW"),
            ("max_allowed_packet", "67108864"),
            ("transaction_isolation", "READ-COMMITTED"),
        ];
        let all = good.iter().chain(changes);
        Server(
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    fn complaint(server: &Server) -> String {
        let result = server.works().and_then(|()| server.is_durable());
        result.map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_good_server_is_taken() {
        for version in [
            "8.4.0",
            "9.7.4-2",
            "10.11.19-MariaDB-0+deb12u1",
            "11.4.2-MariaDB",
        ] {
            assert_eq!(complaint(&server(&[("version", version)])), "");
        }
        assert_eq!(
            complaint(&server(&[("version", "5.5.5-10.11.6-MariaDB")])),
            ""
        );
    }

    #[test]
    fn an_old_server_is_refused() {
        for version in ["8.0.44", "5.7.1", "10.6.1-MariaDB", "", "new"] {
            let said = complaint(&server(&[("version", version)]));
            assert!(said.contains("is the oldest"), "{version}: {said}");
        }
    }

    #[test]
    fn a_setting_that_breaks_a_promise_is_named() {
        for (name, value) in [
            ("innodb_flush_log_at_trx_commit", "2"),
            ("sync_binlog", "0"),
            ("binlog_format", "STATEMENT"),
            ("max_allowed_packet", "4194304"),
            ("transaction_isolation", "REPEATABLE-READ"),
        ] {
            let said = complaint(&server(&[(name, value)]));
            assert!(said.contains(name) && said.contains(value), "{said}");
        }
        let unlogged = [("log_bin", "OFF"), ("sync_binlog", "0")];
        assert_eq!(complaint(&server(&unlogged)), "");
    }
}
