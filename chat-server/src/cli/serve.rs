//! `serve`: listen and answer until told to stop.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use super::beside::{Listening, reachable};
use super::{Failure, say, stop};
use crate::api;
use crate::api::admin::{Reindexer, lag};
use crate::config::{DoorName, Settings};
use crate::figures;
use crate::http::access_log::AccessLogger;
use crate::http::connection::Patience;
use crate::http::front::Front;
use crate::http::listener::{self, Limits};
use crate::watch;
use crate::wiring::Node;

pub(super) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    super::on_runtime(settings, serve(settings))
}

async fn serve(settings: &Settings) -> Result<ExitCode, Failure> {
    let stopping = stop::on_signal(|signal| {
        tracing::info!(signal, "stopping: requests in flight may finish");
    })?;
    let mut listeners = Vec::with_capacity(settings.listen.len());
    for address in &settings.listen {
        listeners.push(listener::bind(*address)?);
    }
    let addresses = listeners
        .iter()
        .map(tokio::net::TcpListener::local_addr)
        .collect::<io::Result<Vec<_>>>()?;
    let node = Node::start(settings).await?;
    let reindexer = Reindexer::new(node.chat.clone());
    reindexer.keep();
    lag::tell(node.chat.clone());
    let probes = node.probes(settings);
    let jobs = node.jobs.clone();
    let doors = api::doors(settings, &node.chat, &node.counter, reindexer, jobs, probes);
    tokio::spawn(figures::follow(node.jobs.clone()));
    tokio::spawn(watch::follow(node.watched(settings)));
    let listening = Listening::tell(settings, &addresses);
    announce(settings, &addresses);
    let front = Front::new(doors, AccessLogger::new(settings.access_log), stopping);
    let front = front.admitting(settings.allow_origin.clone());
    let front = match settings.admin_key {
        Some(_) => front,
        // It listens on this machine alone, or would not have started.
        None => front.nearby(),
    };
    let finished = listener::serve(listeners, Arc::new(front), limits(settings)).await;
    drop(listening);
    node.chat.stop().await;
    tracing::info!(finished, "stopped");
    Ok(ExitCode::SUCCESS)
}

fn limits(settings: &Settings) -> Limits {
    Limits {
        connections: settings.max_connections,
        patience: Patience {
            header: settings.header_timeout.0,
            idle: settings.idle_timeout.0,
            write: settings.write_timeout.0,
        },
        shutdown: settings.shutdown_deadline.0,
    }
}

fn announce(settings: &Settings, addresses: &[SocketAddr]) {
    for address in addresses {
        tracing::info!(%address, store = %settings.store, search = %settings.search, queue = %settings.queue, "listening");
    }
    // Also when nobody reads it the server serves.
    let _ = say::write(welcome(settings, addresses));
}

/// What the operator reads first.
fn welcome(settings: &Settings, addresses: &[SocketAddr]) -> String {
    let mut text = format!("chat-server {}\n", env!("CARGO_PKG_VERSION"));
    for address in addresses {
        text.push_str(&format!("listens on  http://{address}\n"));
    }
    text.push_str(&format!("stores in   {}\n", settings.store));
    text.push_str(&format!("indexes in  {}\n", settings.search));
    text.push_str(&format!("queues in   {}\n", settings.queue));
    if let Some(notify) = &settings.notify {
        text.push_str(&format!("notifies    {notify}\n"));
    }
    let doors = settings.doors();
    for choice in &doors {
        let state = if choice.open { "on " } else { "off" };
        text.push_str(&format!(
            "API {state}     {}: {}\n",
            choice.door, choice.why
        ));
    }
    let Some(address) = addresses.first().copied().map(reachable) else {
        return text;
    };
    let is_open = |name| {
        doors
            .iter()
            .any(|choice| choice.open && choice.door == name)
    };
    text.push_str("\ntry\n  ");
    if is_open(DoorName::Applications) {
        if settings.admin_key.is_some() {
            // The key may come from a flag, the file or another shell: whoever pastes this may not have it set.
            text.push_str(
                "[ \"$CHAT_ADMIN_KEY\" ] || { printf 'admin key: '; read -r CHAT_ADMIN_KEY; }; ",
            );
        }
        text.push_str(&format!(
            "curl -s -X POST http://{address}/api/v1/applications"
        ));
        if settings.admin_key.is_some() {
            text.push_str(" -H \"Authorization: Bearer $CHAT_ADMIN_KEY\"");
        }
        text.push_str(r#" -H 'Content-Type: application/json' -d '{"name":"demo"}'"#);
    } else {
        text.push_str(&format!("curl -s http://{address}/readyz"));
    }
    text.push_str("\n\n");
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::Stdio;

    use super::*;
    use crate::config::Layer;

    fn welcomed(layer: Layer, address: &str) -> String {
        let settings = Settings::decide(layer).unwrap();
        welcome(&settings, &[address.parse().unwrap()])
    }

    #[test]
    fn the_first_thing_said_can_be_pasted() {
        let text = welcomed(Layer::default(), "127.0.0.1:3000");
        let line = r#"curl -s -X POST http://127.0.0.1:3000/api/v1/applications -H 'Content-Type: application/json' -d '{"name":"demo"}'"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains("sqlite:./chat-data/chat.db"), "{text}");
        assert!(text.contains("queues in   memory:"), "{text}");
    }

    #[test]
    fn the_admin_key_is_asked_for_and_not_told() {
        let layer = Layer {
            listen: Some(vec!["0.0.0.0:80".parse().unwrap()]),
            admin_key: Some("s3cret".parse().unwrap()),
            ..Layer::default()
        };
        let text = welcomed(layer, "0.0.0.0:80");
        assert!(text.contains("http://127.0.0.1:80/api/v1/applications -H \"Authorization: Bearer $CHAT_ADMIN_KEY\""), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
        // As pasted into a shell that does not have the key, and into one that has it.
        let line = text.trim_end().lines().last().unwrap();
        for (key, typed) in [(None, "s3cret\n"), (Some("s3cret"), "")] {
            let mut shell = std::process::Command::new("sh");
            shell
                .arg("-c")
                .arg(format!("curl() {{ printf '%s|' \"$@\"; }}; {line}"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .env_remove("CHAT_ADMIN_KEY")
                .envs(key.map(|key| ("CHAT_ADMIN_KEY", key)));
            let mut shell = shell.spawn().unwrap();
            let mut keys = shell.stdin.take().unwrap();
            // A shell that has the key reads nothing.
            let _ = keys.write_all(typed.as_bytes());
            drop(keys);
            let said = String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap();
            assert!(said.contains("|Authorization: Bearer s3cret|"), "{said}");
        }
    }

    #[test]
    fn what_is_off_is_not_suggested() {
        let layer = Layer {
            door: Some(vec![DoorName::UuidApplications]),
            ..Layer::default()
        };
        let text = welcomed(layer, "[::]:80");
        assert!(text.contains("curl -s http://[::1]:80/readyz"), "{text}");
        assert!(
            text.contains("API off     applications: not named by the setting door"),
            "{text}"
        );
    }
}
