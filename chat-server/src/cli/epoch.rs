//! `epoch`: what tells the history of a restored database from the one before.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, say};
use crate::config::Settings;
use crate::wiring;

#[derive(Debug, Subcommand)]
pub(super) enum Epoch {
    /// Begin a new one, after a restore by other means than a copy that backup made
    ///
    /// Otherwise a client that had read further than the copy goes would wait for what it takes for known. Clients are
    /// told to begin anew, and a server builds the search index again. No server may run on it meanwhile.
    New,
}

impl Epoch {
    pub(super) fn run(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, async {
            let Self::New = self;
            wiring::new_epoch(settings).await?;
            say::line(
                "a new epoch begins: clients take a snapshot, the next server rebuilds the search index",
            )?;
            Ok(ExitCode::SUCCESS)
        })
    }
}
