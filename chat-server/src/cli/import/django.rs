//! `import --format django`: take a dump over into the default application.

use std::path::Path;
use std::process::ExitCode;

use chat_core::model::Tenant;
use tokio_util::sync::CancellationToken;

use super::super::meter::Meter;
use super::super::{Failure, aside, say, sentence, stop};
use super::{Import, follow, shown, told};
use crate::config::Settings;
use crate::transfer::django::Dump;
use crate::transfer::django::import::{End, ImportError, Importer, Tally, Told};
use crate::transfer::django::look::{self, Look};
use crate::transfer::django::row::{BadRow, Place};
use crate::transfer::import::BadLines;
use crate::wiring::{Indexing, Node};

const ADVICE: &str = "Correct it, or go on with --bad-lines skip";

impl Import {
    /// Looks at all of the dump before anything is written.
    pub(super) async fn dump(
        &self,
        settings: &Settings,
        stop: &CancellationToken,
    ) -> Result<ExitCode, Failure> {
        if self.application.is_some() || self.name.is_some() {
            return Err("a dump of Django goes into the default application".into());
        }
        if self.file == Path::new("-") {
            return Err("a dump of Django is read more than once: say its file".into());
        }
        let (dump, skip) = (Dump::new(&self.file), self.bad_lines == BadLines::Skip);
        let looking = dump.clone();
        let look = move || {
            look::look(&looking, skip, |place, reason| {
                aside(skipped(place, reason));
            })
        };
        let looked = tokio::task::spawn_blocking(look).await?;
        let look = looked.map_err(|error| self.wrong(&error))?;
        if let Some((place, reason)) = look.bad.as_ref().filter(|_| !skip) {
            let file = shown(&self.file);
            return Err(format!("{file}, {place}: {reason}; nothing is imported. {ADVICE}").into());
        }
        let indexing = if self.no_index {
            Indexing::Later
        } else {
            Indexing::Now
        };
        let node = Node::start_for_command(settings, indexing).await?;
        let result = self.take_dump_over(&node, dump, &look, stop).await;
        node.chat.stop().await;
        result
    }

    async fn take_dump_over(
        &self,
        node: &Node,
        dump: Dump,
        look: &Look,
        stop: &CancellationToken,
    ) -> Result<ExitCode, Failure> {
        let home = node.chat.default_application().await?;
        let Some(source) = look.source(home.public_id, self.source.as_deref()) else {
            let file = shown(&self.file);
            told(format_args!("{file} has no users: nothing to import"))?;
            return Ok(ExitCode::SUCCESS);
        };
        let mut meter = Meter::new("messages", Some(look.messages));
        let mut importer = Importer {
            chat: node.chat.clone(),
            application: node.chat.default_application_id().await?,
            source,
            dump,
            bad_rows: self.bad_lines,
            tell: |told: Told<'_>| match told {
                Told::Progress(tally) => meter.at(tally.messages, tally.messages),
                Told::Skipped(place, reason) => meter.say(&skipped(place, reason)),
            },
            tally: Tally::default(),
            stop: stop.clone(),
        };
        let end = importer.run().await;
        let tally = importer.tally;
        drop(importer);
        let seconds = meter.took().as_secs_f64();
        drop(meter);
        told(report(&home, &tally, look, seconds))?;
        match end {
            Ok(End::Complete) => {}
            Ok(End::Stopped) => {
                told("stopped; run the same command again to go on")?;
                return Ok(ExitCode::from(stop::INTERRUPTED));
            }
            Err(error) => return Err(self.wrong(&error)),
        }
        if !self.no_index && !follow(node, stop).await? {
            told("the search index is not complete yet; a server goes on with it")?;
            return Ok(ExitCode::from(stop::INTERRUPTED));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn wrong(&self, error: &(dyn std::error::Error + 'static)) -> Failure {
        let text = format!("{}: {}", shown(&self.file), sentence(error));
        match error.downcast_ref() {
            Some(ImportError::Bad { .. }) => {
                format!("{text}; what was imported before it stays. {ADVICE}").into()
            }
            _ => text.into(),
        }
    }
}

fn skipped(place: &Place, reason: &BadRow) -> String {
    format!("{place}: {reason}: skipped")
}

fn report(home: &Tenant, tally: &Tally, look: &Look, seconds: f64) -> String {
    let mut text = format!(
        "{}, {}, {} and {} imported into {} in {seconds:.1} s",
        say::count(tally.users, "new user"),
        say::count(tally.tokens, "token"),
        say::count(tally.threads, "new thread"),
        say::count(tally.messages, "message"),
        home.name,
    );
    let others = look.others.values().sum();
    for (count, one, what) in [
        (tally.joined, "thread", "joined another of the same two"),
        (
            tally.left_out,
            "message",
            "left out, of a thread without anybody",
        ),
        (look.skipped + tally.skipped, "bad object", "skipped"),
        (others, "object", "of other models left out"),
    ] {
        if count > 0 {
            text.push_str(&format!("; {} {what}", say::count(count, one)));
        }
    }
    text
}
