//! `config show`: the settings as the server would use them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, Subcommand};

use super::{Failure, say};
use crate::config::Settings;

/// The flag or the environment variable that a setting comes from.
pub(super) type Given = BTreeMap<String, String>;

/// What was given on the command line and in the environment.
pub(super) fn given(command: &clap::Command, matches: &ArgMatches) -> Given {
    let one = |known: &clap::Arg| {
        let id = known.get_id().as_str();
        let from = match matches.value_source(id)? {
            ValueSource::CommandLine => format!("--{}", known.get_long()?),
            ValueSource::EnvVariable => known.get_env()?.to_str()?.to_owned(),
            _ => return None,
        };
        Some((id.to_owned(), from))
    };
    command.get_arguments().filter_map(one).collect()
}

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Print every setting as a file, credentials hidden, and behind each where it comes from
    Show,
}

impl Config {
    pub(super) fn run(
        self,
        settings: &Settings,
        given: &Given,
        file: Option<&Path>,
    ) -> Result<ExitCode, Failure> {
        let Self::Show = self;
        say::write(shown(settings, given, file)?)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn shown(settings: &Settings, given: &Given, file: Option<&Path>) -> Result<String, Failure> {
    let in_file: toml::Table = match file {
        Some(file) => toml::from_str(&std::fs::read_to_string(file)?)?,
        None => toml::Table::new(),
    };
    let mut text = match file {
        Some(file) => format!("# with the file {}\n", file.display()),
        None => "# without a file\n".to_owned(),
    };
    for line in settings.to_toml()?.lines() {
        let key = line.split(" = ").next().unwrap_or_default();
        let from = match given.get(key) {
            Some(from) => from,
            None if in_file.contains_key(key) => "the file",
            None => "default",
        };
        text.push_str(&format!("{line}  # {from}\n"));
    }
    let unset = [
        (
            "admin_key",
            settings.admin_key.is_none(),
            "nobody is asked for one",
        ),
        (
            "door",
            settings.door.is_none(),
            "the addresses and the admin key decide",
        ),
        ("rate_limit", settings.rate_limit.is_none(), "no limit"),
    ];
    for (key, _, so) in unset.into_iter().filter(|(_, unset, _)| *unset) {
        text.push_str(&format!("# {key} is not set: {so}\n"));
    }
    Ok(text)
}
