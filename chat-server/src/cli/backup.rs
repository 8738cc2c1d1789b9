//! `backup`: a consistent copy, while serving.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{Failure, say};
use crate::config::Settings;
use crate::keyfile;
use crate::wiring::ReadOnly;

/// Copy the database into a directory that --data takes, also beside a running server
///
/// The search index is not copied: a server builds it again. It is for a store in a file: a database is copied with
/// tools of its own, such as mysqldump.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// The directory, made when it is not there; one that holds a database already is refused
    #[arg(value_name = "DIR")]
    to: PathBuf,
    /// Copy the key file too: whoever has both can read every application's token
    #[arg(long)]
    with_key: bool,
}

impl Backup {
    pub(super) fn run(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, self.backup(settings))
    }

    async fn backup(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        let store = ReadOnly::open(settings).await?;
        fs::create_dir_all(&self.to)
            .map_err(|error| format!("{} cannot be made: {error}", self.to.display()))?;
        let copy = self.to.join("chat.db");
        store.file.backup(&copy).await?;
        say::line(format_args!("the database is copied to {}", copy.display()))?;
        let key = keyfile::beside(&store.path);
        if self.with_key {
            let copy = keyfile::beside(&copy);
            keyfile::copy(&key, &copy)?;
            say::line(format_args!("its key is copied to {}", copy.display()))?;
        } else {
            say::line(format_args!(
                "its key is not: keep {} elsewhere, the copy is of no use without it",
                key.display()
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
