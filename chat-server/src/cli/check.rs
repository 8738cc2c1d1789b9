//! `check`: whether the database holds what it promises.

use std::process::ExitCode;

use super::{Failure, say};
use crate::config::Settings;
use crate::wiring::ReadOnly;

/// Look for faults in the whole database, also beside a running server; exit 1 when there are any
///
/// It is for a store in a file. Of a database, a copy in another one shows by migrate --verify what differs.
#[derive(Debug, clap::Args)]
pub(super) struct Check;

impl Check {
    pub(super) fn run(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, self.check(settings))
    }

    async fn check(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        let store = ReadOnly::open(settings).await?;
        let mut report = store.file.check().await?;
        report.findings.extend(key(&store).await?);
        let told = report
            .findings
            .iter()
            .try_for_each(say::line)
            .and_then(|()| say::line(&report));
        match told {
            // The exit code tells it too.
            Err(error) if !error.is::<say::ReaderGone>() => return Err(error),
            _ => {}
        }
        Ok(if report.is_clean() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Whether the key beside the database opens the tokens in it.
async fn key(store: &ReadOnly) -> Result<Option<String>, Failure> {
    let stores = &store.reader.stores;
    let Some(application) = stores.applications.default_application().await? else {
        return Ok(None);
    };
    let opened = store.reader.token(&application);
    Ok(opened.err().map(|error| super::sentence(&error)))
}
