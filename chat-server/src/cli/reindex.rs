//! `reindex`: build the search index anew.

use std::process::ExitCode;
use std::time::Duration;

use http::Method;

use super::beside::Beside;
use super::meter::Meter;
use super::{Failure, say};
use crate::api::admin::{Progress, REINDEX, State};
use crate::config::Settings;
use crate::wiring::{Indexing, Node};

/// How often a server is asked how far it is.
const LOOK: Duration = Duration::from_millis(250);

/// Build the search index anew from the store; a running server does it while it serves
#[derive(Debug, clap::Args)]
pub(super) struct Reindex;

impl Reindex {
    pub(super) fn run(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, async {
            let done = match Node::start_for_command(settings, Indexing::Now).await {
                Ok(node) => here(&node).await?,
                Err(error) => {
                    let Some(holder) = error.holder() else {
                        return Err(error.into());
                    };
                    let server = Beside::find(settings, holder)?;
                    super::aside(format_args!("{}: asking it", super::sentence(&error)));
                    there(&server).await?
                }
            };
            say::line(format_args!(
                "{} of {} indexed",
                say::count(done.messages, "message"),
                say::count(done.chats, "chat")
            ))?;
            Ok(ExitCode::SUCCESS)
        })
    }
}

async fn here(node: &Node) -> Result<Progress, Failure> {
    let mut meter = Meter::new("messages", None);
    let done = node
        .chat
        .reindex(|so_far| meter.at(so_far.messages, so_far.messages))
        .await;
    node.chat.stop().await;
    let done = done?;
    Ok(Progress {
        state: State::Done,
        chats: done.chats,
        messages: done.messages,
    })
}

async fn there(server: &Beside) -> Result<Progress, Failure> {
    let mut meter = Meter::new("messages", None);
    let mut progress = ask(server, Method::POST).await?;
    while progress.state == State::Running {
        meter.at(progress.messages, progress.messages);
        tokio::time::sleep(LOOK).await;
        progress = ask(server, Method::GET).await?;
    }
    match progress.state {
        State::Done => Ok(progress),
        _ => Err("the server could not do it; its log says why".into()),
    }
}

async fn ask(server: &Beside, method: Method) -> Result<Progress, Failure> {
    let (status, body) = server.ask(method, REINDEX, None).await?;
    if !status.is_success() {
        return Err(server.refused(status, &body));
    }
    Ok(serde_json::from_slice(&body)?)
}
