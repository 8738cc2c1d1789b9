//! Whether Redis keeps what it has acknowledged, by its own settings.

use std::collections::HashMap;

use chat_core::error::{BackendError, ErrorKind};
use futures_util::future::try_join3;
use redis::aio::ConnectionLike;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{Cmd, FromRedisValue, RedisResult, Value, from_redis_value};
use tokio::time::timeout;

use crate::config::Topology;
use crate::connection::Redis;
use crate::error::{timed_out, translate};
use crate::line::Line;

const OP: &str = "durable";

/// What a server is asked for.
const SETTINGS: [&str; 5] = [
    "appendonly",
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "maxmemory",
    "maxmemory-policy",
];

impl Redis {
    /// Whether what is written survives a crash and a want of memory: each server that takes writes syncs
    /// its log with each of them, also while it rewrites it (`appendonly yes`, `appendfsync always`,
    /// `no-appendfsync-on-rewrite no`), throws nothing away (`maxmemory-policy noeviction`, or no limit), and no
    /// replica can take its place without the last writes, since replicas follow later: none that is
    /// connected, and none that the sentinels or the cluster know. What a server does not tell is not
    /// so.
    ///
    /// The answer is never older than the call: settings may change at any time, and what was written before the servers are asked
    /// is held to what they say then. All that is asked goes out at once, and those who come while an answer is
    /// awaited share the next one.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn durable(&self) -> Result<bool, BackendError> {
        let asked = self.asked();
        asked.next(|| self.clone().ask()).await
    }

    async fn ask(self) -> Result<bool, BackendError> {
        let config = self.config();
        let limit = config.connect_timeout + config.response_timeout;
        let told = timeout(limit, self.keeps_all()).await;
        match told.unwrap_or_else(|_| Err(translate(OP)(timed_out()))) {
            // A server that refuses to tell is not down.
            Err(error) if error.kind() != ErrorKind::Unavailable => Ok(false),
            told => told,
        }
    }

    async fn keeps_all(&self) -> Result<bool, BackendError> {
        let mut settings = redis::cmd("CONFIG");
        settings.arg("GET").arg(&SETTINGS);
        let mut replicas = redis::cmd("INFO");
        replicas.arg("replication");
        let (servers, replicas, masters_alone) = try_join3(
            self.each::<HashMap<String, String>>(settings),
            self.each::<String>(replicas),
            self.knows_masters_alone(),
        )
        .await?;
        let keep = !servers.is_empty() && servers.iter().all(keeps);
        let lead = !replicas.is_empty() && replicas.iter().all(|info| leads_alone(info));
        Ok(keep && lead && masters_alone)
    }

    /// What is known beside the servers that take writes.
    async fn knows_masters_alone(&self) -> Result<bool, BackendError> {
        match &self.config().topology {
            Topology::Single => Ok(true),
            Topology::Sentinel { service } => {
                let known = self.known_replicas(service).await;
                Ok(known.is_ok_and(|known| known == 0))
            }
            Topology::Cluster => {
                let mut nodes = redis::cmd("CLUSTER");
                nodes.arg("NODES");
                let told = self.each::<String>(nodes).await?;
                Ok(told.iter().all(|nodes| has_masters_alone(nodes)))
            }
        }
    }

    /// Asks every server that takes writes.
    async fn each<T>(&self, command: Cmd) -> Result<Vec<T>, BackendError>
    where
        T: FromRedisValue,
    {
        self.call(OP, |line| answers(line, command)).await
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

fn keeps(settings: &HashMap<String, String>) -> bool {
    let is = |name, value| settings.get(name).is_some_and(|set| set == value);
    let syncs = is("appendonly", "yes")
        && is("appendfsync", "always")
        && is("no-appendfsync-on-rewrite", "no");
    syncs && (is("maxmemory-policy", "noeviction") || is("maxmemory", "0"))
}

fn leads_alone(info: &str) -> bool {
    let has = |line| info.lines().any(|known| known.trim_end() == line);
    has("role:master") && has("connected_slaves:0")
}

/// Of the answer to `CLUSTER NODES`, a line a node: its flags come third.
fn has_masters_alone(nodes: &str) -> bool {
    let flags = |line: &str| line.split(' ').nth(2).map(str::to_owned);
    let mut flags = nodes.lines().filter_map(flags);
    !flags.any(|flags| flags.split(',').any(|flag| flag == "slave"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEPING: [(&str, &str); 5] = [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("no-appendfsync-on-rewrite", "no"),
        ("maxmemory", "1000000"),
        ("maxmemory-policy", "noeviction"),
    ];

    #[test]
    fn only_a_log_that_is_synced_with_each_write_and_keys_that_stay_are_durable() {
        let with = |name: &str, value: &str| {
            let mut settings: HashMap<String, String> = KEEPING
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
            settings.insert(name.to_owned(), value.to_owned());
            settings
        };
        assert!(keeps(&with("save", "")));
        for (name, value) in [
            ("appendonly", "no"),
            ("appendfsync", "everysec"),
            ("no-appendfsync-on-rewrite", "yes"),
            ("maxmemory-policy", "allkeys-lru"),
            ("maxmemory-policy", "volatile-ttl"),
        ] {
            assert!(!keeps(&with(name, value)), "{name} {value}");
        }
        let mut unlimited = with("maxmemory-policy", "allkeys-lru");
        unlimited.insert("maxmemory".to_owned(), "0".to_owned());
        assert!(keeps(&unlimited));
        for (name, _) in &KEEPING[..3] {
            let mut untold = with("save", "");
            untold.remove(*name);
            assert!(!keeps(&untold), "{name}");
        }
        assert!(!keeps(&HashMap::new()));
    }

    #[test]
    fn a_server_with_replicas_may_be_replaced_by_one_that_knows_less() {
        let alone = "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n";
        assert!(leads_alone(alone));
        assert!(!leads_alone(&alone.replace("slaves:0", "slaves:1")));
        assert!(!leads_alone(&alone.replace("master", "slave")));
        assert!(!leads_alone(""));
    }

    #[test]
    fn a_replica_that_a_cluster_knows_counts_also_while_it_is_cut_off() {
        let masters = "a1 127.0.0.1:1@2 myself,master - 0 0 1 connected 0-8191\n\
                       a2 127.0.0.1:3@4 master - 0 0 2 connected 8192-16383\n";
        assert!(has_masters_alone(masters));
        for flags in ["slave", "slave,fail"] {
            let replica = format!("a3 127.0.0.1:5@6 {flags} a1 0 0 1 disconnected\n");
            assert!(
                !has_masters_alone(&format!("{masters}{replica}")),
                "{flags}"
            );
        }
    }
}
