//! `migrate`: move everything from one store into another.

use std::process::ExitCode;
use std::sync::Arc;

use chat_core::error::{BackendError, ErrorKind};
use chat_core::port::{Standing, Transfer};
use chat_core::transfer::{Comparison, Mover, Report, Tally};
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use super::{Failure, say, stop};
use crate::config::{BackendUrl, Settings};
use crate::wiring::{Movable, NamedUrl, Purpose, UrlName, opens_what_is_moved};

/// Move everything from one store into another that is empty, and compare the two
///
/// Nobody may write either store meanwhile: a file that a server holds is refused; of a database, stop every node first.
/// Stopped or cut short, the same command goes on where it was, and until it has come to its end no server takes the
/// target. Tokens stay sealed under the key of the source: give it to the servers of the target (--token-key, or the file
/// token.key beside a database file). What is derived is not moved: a server builds the search index anew.
#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    /// The store to move: sqlite:FILE or mysql://USER:PASSWORD@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    from: BackendUrl,
    /// The store to move it into
    #[arg(long, value_name = "URL")]
    to: BackendUrl,
    /// Move nothing: only compare the two; exit 1 and the first differences when they differ
    #[arg(long)]
    verify: bool,
}

/// What a command came to that can be stopped.
enum End<T> {
    Complete(T),
    Stopped,
}

impl Migrate {
    pub(super) fn run(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, async {
            let stop = stop::on_signal(|_| super::aside("stopping behind what is being written"))?;
            if self.verify {
                return self.verify(settings, &stop).await;
            }
            self.migrate(settings, &stop).await
        })
    }

    async fn verify(
        &self,
        settings: &Settings,
        stop: &CancellationToken,
    ) -> Result<ExitCode, Failure> {
        let (from, to) = self.ends()?;
        let one = Movable::open(settings, &from, Purpose::Look).await?;
        let other = Movable::open(settings, &to, Purpose::Look).await?;
        match compare(&one.transfer, &other.transfer, stop).await? {
            End::Complete(report) => tell(&report),
            End::Stopped => Ok(ExitCode::from(stop::INTERRUPTED)),
        }
    }

    async fn migrate(
        &self,
        settings: &Settings,
        stop: &CancellationToken,
    ) -> Result<ExitCode, Failure> {
        let (from, to) = self.ends()?;
        let source = Movable::open(settings, &from, Purpose::Source).await?;
        if let Standing::Unfinished { .. } = source.transfer.standing().await? {
            return Err(format!(
                "{} is itself the target of a transfer that has not come to its end",
                self.from
            )
            .into());
        }
        let target = Movable::open(settings, &to, Purpose::Target).await?;
        if source.epoch == target.epoch {
            return Err(same(&from, &to));
        }
        opens_what_is_moved(settings, &from, &source, &target).await?;
        let mover = Mover::begin(
            Arc::clone(&source.transfer),
            source.epoch,
            Arc::clone(&target.transfer),
        )
        .await
        .map_err(|error| self.refused(error))?;
        let again = "run the same command again to go on";
        match move_all(mover, stop).await? {
            End::Complete(()) => {}
            End::Stopped => {
                say::line(format_args!("stopped; {again}"))?;
                return Ok(ExitCode::from(stop::INTERRUPTED));
            }
        }
        let report = match compare(&source.transfer, &target.transfer, stop).await? {
            End::Complete(report) => report,
            End::Stopped => {
                say::line(format_args!(
                    "everything is moved, but not compared; {again}"
                ))?;
                return Ok(ExitCode::from(stop::INTERRUPTED));
            }
        };
        if report.differences == 0 {
            target.transfer.finish().await?;
        }
        let code = tell(&report)?;
        if report.differences > 0 {
            say::line(
                "the source was written meanwhile, or the target: stop every server, empty the target and begin anew",
            )?;
        }
        Ok(code)
    }

    /// Both stores, as whoever gave them calls them.
    fn ends(&self) -> Result<(NamedUrl, NamedUrl), Failure> {
        let from = NamedUrl::new(UrlName::From, &self.from);
        let to = NamedUrl::new(UrlName::To, &self.to);
        match from.is_the_place_of(&to) {
            true => Err(same(&from, &to)),
            false => Ok((from, to)),
        }
    }

    fn refused(&self, error: BackendError) -> Failure {
        match error.kind() {
            ErrorKind::Conflict => format!(
                "{} cannot be moved into {}: {}; take an empty one, or compare the two with --verify",
                self.from,
                self.to,
                super::sentence(&error)
            )
            .into(),
            _ => error.into(),
        }
    }
}

fn same(from: &NamedUrl, to: &NamedUrl) -> Failure {
    format!("{from} and {to}: these are the same store").into()
}

async fn move_all(mut mover: Mover, stop: &CancellationToken) -> Result<End<()>, Failure> {
    let mut meter = Meter::new("messages moved", None);
    let mut done = Tally::default();
    while let Some(tally) = mover.step().await? {
        done = tally;
        meter.at(tally.messages, tally.messages);
        if stop.is_cancelled() {
            return Ok(End::Stopped);
        }
    }
    let report = format!(
        "{}, {} and {} moved in {:.1} s, {:.0} messages/s",
        say::count(done.applications, "application"),
        say::count(done.chats, "chat"),
        say::count(done.messages, "message"),
        meter.took().as_secs_f64(),
        meter.rate(done.messages)
    );
    drop(meter);
    say::line(report)?;
    Ok(End::Complete(()))
}

async fn compare(
    one: &Arc<dyn Transfer>,
    other: &Arc<dyn Transfer>,
    stop: &CancellationToken,
) -> Result<End<Report>, Failure> {
    let mut meter = Meter::new("messages compared", None);
    let mut comparison = Comparison::of(Arc::clone(one), Arc::clone(other));
    while let Some(tally) = comparison.step().await? {
        meter.at(tally.messages, tally.messages);
        if stop.is_cancelled() {
            return Ok(End::Stopped);
        }
    }
    Ok(End::Complete(comparison.report()))
}

fn tell(report: &Report) -> Result<ExitCode, Failure> {
    if report.differences == 0 {
        let Tally {
            applications,
            chats,
            messages,
            ..
        } = report.one;
        say::line(format_args!(
            "both are the same: {}, {} and {}, compared chat by chat by count, last number and hash",
            say::count(applications, "application"),
            say::count(chats, "chat"),
            say::count(messages, "message"),
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    for difference in &report.first {
        say::line(difference)?;
    }
    say::line(format_args!(
        "they differ in {}: {} messages in the first store, {} in the second",
        say::count(report.differences, "place"),
        report.one.messages,
        report.other.messages
    ))?;
    Ok(ExitCode::FAILURE)
}
