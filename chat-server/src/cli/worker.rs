//! `worker`: commit what waits in the queue, without serving.

use std::process::ExitCode;

use super::{Failure, say, stop};
use crate::api::admin::{Reindexer, lag};
use crate::config::Settings;
use crate::watch;
use crate::wiring::{Node, WiringError};

pub(super) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    if settings.queue.scheme() == "memory" {
        return Err(WiringError::NothingToWork(settings.queue.clone()).into());
    }
    let mut settings = settings.clone();
    settings.work = true;
    super::on_runtime(&settings, work(&settings))
}

async fn work(settings: &Settings) -> Result<ExitCode, Failure> {
    let stopping = stop::on_signal(|signal| {
        tracing::info!(signal, "stopping: what is taken is committed or given back");
    })?;
    let node = Node::start(settings).await?;
    Reindexer::new(node.chat.clone()).keep();
    lag::tell(node.chat.clone());
    tokio::spawn(watch::follow(node.watched(settings)));
    tracing::info!(queue = %settings.queue, store = %settings.store, "working");
    // Also when nobody reads it the worker works.
    let _ = say::write(format!(
        "works       {}\nstores in   {}\nindexes in  {}\n",
        settings.queue, settings.store, settings.search
    ));
    stopping.cancelled().await;
    node.chat.stop().await;
    Ok(ExitCode::SUCCESS)
}
