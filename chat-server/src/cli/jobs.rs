//! `jobs`: what waits in the queue.

use std::process::ExitCode;

use super::queue::Queue;
use super::{Failure, say};
use crate::config::Settings;

/// Print how many jobs wait and are taken in each lane of the queue that has some, and in all
///
/// A queue in memory is in the server of this database, which is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Jobs;

impl Jobs {
    pub(super) fn run(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, async {
            let jobs = Queue::open(settings)?.jobs().await?;
            for lane in &jobs.lanes {
                let name = format!("lane {}", lane.lane);
                say::line(row(&name, lane.waiting, lane.taken))?;
            }
            say::line(row("all lanes", jobs.waiting, jobs.taken))?;
            say::line(match jobs.durable {
                true => "a job outlives a crash of the queue",
                false => {
                    "a crash of the queue may lose jobs: writes are committed before they are answered"
                }
            })?;
            Ok(ExitCode::SUCCESS)
        })
    }
}

fn row(name: &str, waiting: u64, taken: u64) -> String {
    format!("{name:<10}  {waiting:>9} waiting  {taken:>9} taken")
}
