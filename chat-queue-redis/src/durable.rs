//! Whether Redis keeps what it has acknowledged, by its own settings.

use std::collections::HashMap;

use chat_core::error::{BackendError, ErrorKind};
use redis::aio::ConnectionLike;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{Cmd, FromRedisValue, RedisResult, Value, from_redis_value};

use crate::connection::Redis;
use crate::line::Line;

impl Redis {
    /// Whether what is written survives a crash: each server that takes writes syncs its log with each
    /// of them (`appendonly yes`, `appendfsync always`), and no replica can take its place without the
    /// last of them, since replicas follow later. What a server does not tell is not so.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn durable(&self) -> Result<bool, BackendError> {
        let mut logs = redis::cmd("CONFIG");
        logs.arg("GET").arg("appendonly").arg("appendfsync");
        let mut replicas = redis::cmd("INFO");
        replicas.arg("replication");
        match self.each::<HashMap<String, String>>(logs).await {
            Ok(servers) if !servers.is_empty() && servers.iter().all(syncs) => {}
            other => return undecided(other.map(|_| false)),
        }
        match self.each::<String>(replicas).await {
            Ok(servers) => Ok(!servers.is_empty() && servers.iter().all(|info| leads_alone(info))),
            Err(error) => undecided(Err(error)),
        }
    }

    /// Asks every server that takes writes.
    async fn each<T>(&self, command: Cmd) -> Result<Vec<T>, BackendError>
    where
        T: FromRedisValue,
    {
        self.call("durable", |line| answers(line, command)).await
    }
}

async fn answers<T: FromRedisValue>(line: Line, command: Cmd) -> RedisResult<Vec<T>> {
    match line {
        Line::Server(mut line) => {
            let answer = line.req_packed_command(&command).await?;
            Ok(vec![from_redis_value(answer)?])
        }
        Line::Cluster(mut line) => {
            let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
            let answer: Value = line.route_command(command, all).await?;
            let servers: HashMap<String, T> = from_redis_value(answer)?;
            Ok(servers.into_values().collect())
        }
    }
}

/// A server that refuses to tell is not down.
fn undecided(answer: Result<bool, BackendError>) -> Result<bool, BackendError> {
    match answer {
        Err(error) if error.kind() != ErrorKind::Unavailable => Ok(false),
        other => other,
    }
}

fn syncs(settings: &HashMap<String, String>) -> bool {
    let is = |name, value| settings.get(name).is_some_and(|set| set == value);
    is("appendonly", "yes") && is("appendfsync", "always")
}

fn leads_alone(info: &str) -> bool {
    let has = |line| info.lines().any(|known| known.trim_end() == line);
    has("role:master") && has("connected_slaves:0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_that_is_synced_with_each_write_is_durable() {
        let settings = |only: &str, sync: &str| {
            let pairs = [("appendonly", only), ("appendfsync", sync)];
            pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
        };
        assert!(syncs(&settings("yes", "always")));
        assert!(!syncs(&settings("yes", "everysec")));
        assert!(!syncs(&settings("no", "always")));
        assert!(!syncs(&HashMap::new()));
    }

    #[test]
    fn a_server_with_replicas_may_be_replaced_by_one_that_knows_less() {
        let alone = "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n";
        assert!(leads_alone(alone));
        assert!(!leads_alone(&alone.replace("slaves:0", "slaves:1")));
        assert!(!leads_alone(&alone.replace("master", "slave")));
        assert!(!leads_alone(""));
    }
}
