//! The command line: one file a command.

#[cfg(any(feature = "embedded", feature = "mysql"))]
mod application;
#[cfg(feature = "embedded")]
mod backup;
mod beside;
#[cfg(feature = "embedded")]
mod check;
mod config;
mod dead_letters;
mod epoch;
#[cfg(any(feature = "embedded", feature = "mysql"))]
mod export;
mod import;
mod jobs;
mod meter;
#[cfg(any(feature = "embedded", feature = "mysql"))]
mod migrate;
mod queue;
mod reindex;
mod say;
mod serve;
mod stop;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "embedded", feature = "mysql"))]
mod user;
mod worker;

use std::error::Error;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use chat_core::error::BackendError;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{ConfigError, Layer, SERVING, Settings};

pub use say::{ReaderGone, aside};

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
    #[command(flatten, next_help_heading = "Settings")]
    flags: Layer,
    #[command(subcommand)]
    command: Option<Command>,
    /// Where the settings come from that the flags and the environment give.
    #[arg(skip)]
    given: config::Given,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve (what happens without a command)
    Serve,
    Import(import::Import),
    #[cfg(any(feature = "embedded", feature = "mysql"))]
    Export(export::Export),
    Reindex(reindex::Reindex),
    #[cfg(any(feature = "embedded", feature = "mysql"))]
    Migrate(migrate::Migrate),
    #[cfg(feature = "embedded")]
    Backup(backup::Backup),
    #[cfg(feature = "embedded")]
    Check(check::Check),
    /// Make applications and look at them
    #[cfg(any(feature = "embedded", feature = "mysql"))]
    #[command(subcommand)]
    Application(application::Application),
    /// Look after the users of the default application
    #[cfg(any(feature = "embedded", feature = "mysql"))]
    #[command(subcommand)]
    User(user::Command),
    /// Tell a restored database from the one before
    #[command(subcommand)]
    Epoch(epoch::Epoch),
    /// Commit what waits in the queue, without serving
    Worker,
    Jobs(jobs::Jobs),
    /// Look at the jobs that no commit takes, and decide what becomes of them
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// Look at the settings
    #[command(subcommand)]
    Config(config::Config),
}

impl Cli {
    /// What the command line and the environment say; ends the process when they cannot be understood.
    #[must_use]
    pub fn read() -> Self {
        let read = || -> Result<Self, clap::Error> {
            let mut command = Self::command();
            command.build();
            let command = command.mut_subcommands(of_a_command);
            let matches = command.clone().try_get_matches()?;
            let mut cli = Self::from_arg_matches(&matches)?;
            cli.given = config::given(&command, &matches);
            Ok(cli)
        };
        read().unwrap_or_else(|error| whence(error).exit())
    }

    /// Does what the command line says.
    ///
    /// # Errors
    /// When the settings cannot be used or the command fails.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let settings = self.settings()?;
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(&settings),
            Command::Import(command) => command.run(&settings),
            #[cfg(any(feature = "embedded", feature = "mysql"))]
            Command::Export(command) => command.run(&settings),
            Command::Reindex(command) => command.run(&settings),
            #[cfg(any(feature = "embedded", feature = "mysql"))]
            Command::Migrate(command) => command.run(&settings),
            #[cfg(feature = "embedded")]
            Command::Backup(command) => command.run(&settings),
            #[cfg(feature = "embedded")]
            Command::Check(command) => command.run(&settings),
            #[cfg(any(feature = "embedded", feature = "mysql"))]
            Command::Application(command) => command.run(&settings),
            #[cfg(any(feature = "embedded", feature = "mysql"))]
            Command::User(command) => command.run(&settings),
            Command::Epoch(command) => command.run(&settings),
            Command::Worker => worker::run(&settings),
            Command::Jobs(command) => command.run(&settings),
            Command::DeadLetters(command) => command.run(&settings),
            Command::Config(command) => command.run(&settings, &self.given, self.config.as_deref()),
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

/// A command's help shows the settings that a command uses: the server's own stand in the help of `serve`.
fn of_a_command(command: clap::Command) -> clap::Command {
    if command.get_name() == "serve" {
        return command;
    }
    let hides = |arg: clap::Arg| {
        let serves = arg.get_help_heading() == Some(SERVING);
        arg.hide(serves)
    };
    command.mut_args(hides).mut_subcommands(of_a_command)
}

/// Names the environment variable that a wrong value came from: clap only speaks of the flag.
fn whence(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let flag = argument.split(' ').next().unwrap_or_default();
    let is_given = std::env::args().any(|given| given.split('=').next() == Some(flag));
    let command = Cli::command();
    let variable = command
        .get_arguments()
        .find(|known| known.get_long() == flag.strip_prefix("--"))
        .and_then(|known| known.get_env()?.to_str());
    if let (Some(variable), false) = (variable, is_given) {
        let both = format!("{variable} (the environment variable of {flag})");
        error.insert(ContextKind::InvalidArg, ContextValue::String(both));
    }
    error
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

/// An error with all its causes in one line; a cause that what it causes ends with is told once.
pub fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        next = error.source();
        // Which call of which backend failed says nothing to who is told the cause.
        if !(error.is::<BackendError>() && next.is_some()) {
            let part = error.to_string().trim_end().to_owned();
            if !parts.last().is_some_and(|told| told.ends_with(&part)) {
                parts.push(part);
            }
        }
    }
    parts.join(": ")
}
