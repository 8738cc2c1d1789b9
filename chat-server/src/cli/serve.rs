//! `serve`: listen and answer until told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use chat_core::service::{Chat, Parts};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::api;
use crate::config::Settings;
use crate::http::access_log::AccessLogger;
use crate::http::connection::Patience;
use crate::http::front::Front;
use crate::http::listener::{self, Limits};

pub(super) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    crate::log::start(settings)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve(settings))
}

async fn serve(settings: &Settings) -> Result<ExitCode, Failure> {
    let stopping = CancellationToken::new();
    stop_on_signal(stopping.clone())?;
    let mut listeners = Vec::with_capacity(settings.listen.len());
    for address in &settings.listen {
        listeners.push(listener::bind(*address)?);
    }
    if settings.store.scheme() != "memory" {
        return Err(format!(
            "no store of this build has the URL {}: try memory:",
            settings.store
        )
        .into());
    }
    let chat = Chat::start(Parts::in_memory()).await?;
    let doors = api::doors(settings, &chat, Vec::new());
    announce(settings, &listeners)?;
    let front = Front::new(doors, AccessLogger::new(settings.access_log), stopping);
    let finished = listener::serve(listeners, Arc::new(front), limits(settings)).await;
    chat.stop().await;
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

fn announce(settings: &Settings, listeners: &[tokio::net::TcpListener]) -> Result<(), Failure> {
    for choice in settings.doors() {
        let state = if choice.open { "on" } else { "off" };
        tracing::info!(api = %choice.door, state, why = choice.why, "API");
    }
    for listener in listeners {
        let address = listener.local_addr()?;
        tracing::info!(%address, store = %settings.store, search = %settings.search, "listening");
    }
    Ok(())
}

fn stop_on_signal(stopping: CancellationToken) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping: requests in flight may finish");
        stopping.cancel();
    });
    Ok(())
}
