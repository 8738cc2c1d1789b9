//! `config show`: the settings as the server would use them.

use std::process::ExitCode;

use clap::Subcommand;

use super::Failure;
use crate::config::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Print every setting as it stands after flags, environment and file, credentials hidden
    Show,
}

impl Config {
    pub(super) fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let Self::Show = self;
        print!("{}", settings.to_toml()?);
        Ok(ExitCode::SUCCESS)
    }
}
