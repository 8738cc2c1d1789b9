//! The command line: one file a command.

#[cfg(feature = "embedded")]
mod application;
#[cfg(feature = "embedded")]
mod backup;
mod beside;
#[cfg(feature = "embedded")]
mod check;
mod config;
#[cfg(feature = "embedded")]
mod epoch;
#[cfg(feature = "embedded")]
mod export;
mod import;
mod meter;
mod reindex;
mod serve;
mod stop;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{ConfigError, Layer, Settings};

/// What a command ends with when it cannot do its work.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A chat server.
///
/// Without a command it serves. Every setting is a flag, an environment variable and a key of the same name in the
/// file; the flag wins over the variable, the variable over the file.
#[derive(Debug, Parser)]
#[command(name = "chat-server", version, max_term_width = 100)]
pub struct Cli {
    /// File of settings (TOML)
    #[arg(long, env = "CHAT_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Layer,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve (what happens without a command)
    Serve,
    Import(import::Import),
    #[cfg(feature = "embedded")]
    Export(export::Export),
    Reindex(reindex::Reindex),
    #[cfg(feature = "embedded")]
    Backup(backup::Backup),
    #[cfg(feature = "embedded")]
    Check(check::Check),
    /// Make applications and look at them
    #[cfg(feature = "embedded")]
    #[command(subcommand)]
    Application(application::Application),
    /// Tell a restored database from the one before
    #[cfg(feature = "embedded")]
    #[command(subcommand)]
    Epoch(epoch::Epoch),
    /// Look at the settings
    #[command(subcommand)]
    Config(config::Config),
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// When the settings cannot be used or the command fails.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let settings = self.settings()?;
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(&settings),
            Command::Import(command) => command.run(&settings),
            #[cfg(feature = "embedded")]
            Command::Export(command) => command.run(&settings),
            Command::Reindex(command) => command.run(&settings),
            #[cfg(feature = "embedded")]
            Command::Backup(command) => command.run(&settings),
            #[cfg(feature = "embedded")]
            Command::Check(command) => command.run(&settings),
            #[cfg(feature = "embedded")]
            Command::Application(command) => command.run(&settings),
            #[cfg(feature = "embedded")]
            Command::Epoch(command) => command.run(&settings),
            Command::Config(command) => command.run(&settings),
        }
    }

    fn settings(&self) -> Result<Settings, ConfigError> {
        let file = self
            .config
            .as_deref()
            .map(Layer::read)
            .transpose()?
            .unwrap_or_default();
        Settings::decide(self.flags.clone().or(file))
    }
}

/// Runs a command that logs and waits.
fn on_runtime(
    settings: &Settings,
    command: impl Future<Output = Result<ExitCode, Failure>>,
) -> Result<ExitCode, Failure> {
    crate::log::start(settings)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(command)
}

/// An error with all its causes in one line.
pub fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(error.to_string().trim_end());
        cause = error.source();
    }
    text
}
