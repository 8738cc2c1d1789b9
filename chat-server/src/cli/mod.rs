//! The command line: one file a command.

mod config;
mod serve;

use std::error::Error;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn settings_may_stand_before_or_after_the_command() {
        let before = Cli::parse_from(["chat-server", "--listen", "127.0.0.1:7", "serve"]);
        let after = Cli::parse_from(["chat-server", "serve", "--listen", "127.0.0.1:7"]);
        for cli in [before, after] {
            assert_eq!(
                cli.settings().unwrap().listen,
                ["127.0.0.1:7".parse().unwrap()]
            );
        }
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "colour = 1").unwrap();
        let path = file.path().to_str().unwrap();
        let error = Cli::parse_from(["chat-server", "--config", path])
            .settings()
            .unwrap_err();
        let text = sentence(&error);
        assert!(
            text.contains(path) && text.contains("unknown field `colour`"),
            "{text}"
        );
    }
}
