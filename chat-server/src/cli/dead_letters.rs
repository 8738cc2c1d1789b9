//! `dead-letters`: jobs that no commit takes.

use std::process::ExitCode;

use chat_core::ids::OperationId;
use clap::Subcommand;

use super::queue::Queue;
use super::{Failure, say};
use crate::config::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum DeadLetters {
    /// Print the id, lane, command, size in bytes and reason of every one
    List,
    /// Put one back at the end of its lane: it is tried again from the beginning
    Retry {
        /// Its id
        #[arg(value_name = "ID")]
        id: OperationId,
    },
    /// Forget one: what it would have written is lost
    Drop {
        /// Its id
        #[arg(value_name = "ID")]
        id: OperationId,
    },
}

impl DeadLetters {
    pub(super) fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, async {
            let queue = Queue::open(settings)?;
            match self {
                Self::List => list(&queue).await?,
                Self::Retry { id } => {
                    queue.revive(id).await?;
                    say::line(format_args!("{id} waits in its lane"))?;
                }
                Self::Drop { id } => {
                    queue.discard(id).await?;
                    say::line(format_args!("{id} is gone"))?;
                }
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

async fn list(queue: &Queue) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = queue.dead_letters(after).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.id);
        for one in page {
            say::line(format_args!(
                "{}  {:>4}  {:<12}  {:>7}  {}",
                one.id,
                one.lane,
                one.command.as_deref().unwrap_or("unreadable"),
                one.bytes,
                one.reason
            ))?;
        }
    }
}
