//! `import`: take messages over from a file.

mod django;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use chat_core::commit::Sink;
use chat_core::ids::{ApplicationId, Token};
use chat_core::model::Tenant;
use chat_core::page::Limit;
use chat_core::service::Chat;
use chat_core::text::Name;
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use super::{Failure, say, sentence, stop};
use crate::config::Settings;
use crate::transfer::identity::Beginnings;
use crate::transfer::import::{BadLines, End, ImportError, Importer, Tally, Told};
use crate::transfer::source::{self, Source};
use crate::wiring::{Indexing, Node};

/// How often the index is asked how far it is.
const LOOK: Duration = Duration::from_millis(100);

/// Take messages over from a file of JSON lines
///
/// A line is {"chat":NAME,"at":TIME,"author":NAME,"body":TEXT}; it may also have number (tells chats apart that have
/// no name, or the same), edited_at, deleted_at (then without body), data and reply_to. A line with only a chat makes
/// an empty one. Run again with the same file it goes on where it stopped, also when lines were added behind.
///
/// With --format django the file is what Django's dumpdata writes (auth.user, authtoken.token, thread, message), and goes
/// into the default application: passwords and tokens keep working, who is not active may not log in, two threads of the
/// same two users become one. Nothing is written before all of it was looked at. Run again, also with a later dump of the
/// same system, it goes on behind the last message, for thirty days.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file, plain or gzip; - is the standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Into the application with this token
    #[arg(long, value_name = "TOKEN", conflicts_with = "name")]
    application: Option<Token>,
    /// Into the application with this name, made when there is none [default: the file's name]
    #[arg(long, value_name = "NAME", value_parser = |text: &str| Name::parse(text))]
    name: Option<Name>,
    /// Know the file again by this name, not by the lines that it begins with
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// What the file is
    #[arg(long, value_enum, default_value = "lines")]
    format: Format,
    /// What to do about a line that cannot be taken over
    #[arg(long, value_enum, default_value = "fail")]
    bad_lines: BadLines,
    /// Leave the search index alone; a server brings it up to date when it starts
    #[arg(long)]
    no_index: bool,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// JSON lines, as export writes them
    Lines,
    /// A JSON array, as Django's dumpdata writes it
    Django,
}

impl Import {
    pub(super) fn run(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, async {
            let stop = stop::on_signal(|_| super::aside("stopping behind what is being written"))?;
            match self.format {
                Format::Lines => self.import(settings, &stop).await,
                Format::Django => self.dump(settings, &stop).await,
            }
        })
    }

    async fn import(
        &self,
        settings: &Settings,
        stop: &CancellationToken,
    ) -> Result<ExitCode, Failure> {
        let source = self.open()?;
        if source.is_empty() {
            told(format_args!(
                "{} is empty: nothing to import",
                shown(&self.file)
            ))?;
            return Ok(ExitCode::SUCCESS);
        }
        let indexing = if self.no_index {
            Indexing::Later
        } else {
            Indexing::Now
        };
        let node = Node::start_for_command(settings, indexing).await?;
        let result = self.take_over(&node, source, stop).await;
        node.chat.stop().await;
        result
    }

    fn open(&self) -> Result<Source, Failure> {
        Source::open(&self.file)
            .map_err(|error| format!("{} cannot be read: {error}", shown(&self.file)).into())
    }

    async fn take_over(
        &self,
        node: &Node,
        source: Source,
        stop: &CancellationToken,
    ) -> Result<ExitCode, Failure> {
        let application = self.application(&node.chat).await?;
        let access = application.token.into();
        let id = node.chat.application_id(access).await?;
        let named = self.source.as_deref().map(Beginnings::named);
        let beginnings = named.as_ref().unwrap_or(source.beginnings());
        let importer = Importer::start(
            node.chat.clone(),
            id,
            beginnings.within(application.public_id),
            self.bad_lines,
        )
        .await?;
        let before = importer.line();
        let mut meter = Meter::new("messages", source.bytes());
        let parts = source.parts(before)?;
        let (tally, end) = importer
            .run(parts, stop, |told| match told {
                Told::Progress(tally) => meter.at(tally.messages, tally.bytes),
                Told::Skipped(line, reason) => meter.say(&format!("line {line} {reason}: skipped")),
            })
            .await;
        let report = report(&application, &tally, tally.line - before, &meter);
        drop(meter);
        told(report)?;
        match end {
            Ok(End::Complete) => {}
            Ok(End::Stopped) => {
                told(format_args!(
                    "stopped behind line {}; run the same command again to go on",
                    tally.line
                ))?;
                return Ok(ExitCode::from(stop::INTERRUPTED));
            }
            Err(error) => return Err(advice(&self.file, error)),
        }
        if !self.no_index && !follow(node, stop).await? {
            told("the search index is not complete yet; a server goes on with it")?;
            return Ok(ExitCode::from(stop::INTERRUPTED));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn application(&self, chat: &Chat) -> Result<Tenant, Failure> {
        if let Some(token) = self.application {
            return Ok(chat.application(token.into()).await?);
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => {
                let name = source::application_name(&self.file)
                    .ok_or("the standard input has no name: say --name or --application")?;
                Name::parse(name).map_err(|wrong| format!("the file's name {wrong}: say --name"))?
            }
        };
        let mut known = named(chat, &name).await?;
        match (known.pop(), known.len()) {
            (Some(one), 0) => Ok(one),
            (Some(_), more) => Err(format!(
                "{} applications are called {name}: say which one with --application TOKEN",
                more + 1
            )
            .into()),
            (None, _) => {
                let made = chat.create_application(name, false, None).await?.value;
                Ok(chat.application(made.token.into()).await?)
            }
        }
    }
}

async fn named(chat: &Chat, name: &Name) -> Result<Vec<Tenant>, Failure> {
    let mut found = Vec::new();
    let mut after = ApplicationId(0);
    loop {
        let page = chat.applications(after, Limit::MAX).await?;
        after = page.items.last().map_or(after, |(last, _)| *last);
        let tenants = page.items.into_iter().map(|(_, tenant)| tenant);
        found.extend(tenants.filter(|one| one.name == name.as_str()));
        if !page.more {
            return Ok(found);
        }
    }
}

fn report(application: &Tenant, tally: &Tally, lines: u64, meter: &Meter) -> String {
    let Tenant {
        name, public_id, ..
    } = application;
    if lines == 0 {
        return format!(
            "nothing new: {} imported into {name} ({public_id}) before",
            say::count(tally.line, "line")
        );
    }
    let mut text = format!(
        "{} and {} imported into {name} ({public_id}) in {:.1} s, {:.0} messages/s",
        say::count(tally.messages, "message"),
        say::count(tally.chats, "new chat"),
        meter.took().as_secs_f64(),
        meter.rate(tally.messages)
    );
    if tally.skipped > 0 {
        let skipped = say::count(tally.skipped, "bad line");
        text.push_str(&format!("; {skipped} skipped"));
    }
    text
}

fn advice(file: &Path, error: ImportError) -> Failure {
    let file = shown(file);
    match error {
        ImportError::Bad { line, reason } => format!(
            "{file}, line {line} {reason}; what is before it is imported. Correct the line, or go on with --bad-lines skip"
        ),
        other => format!("{file}: {}", sentence(&other)),
    }
    .into()
}

/// Waits until the index has everything; `false` when it was stopped before.
async fn follow(node: &Node, stop: &CancellationToken) -> Result<bool, Failure> {
    let mut meter = Meter::new("messages indexed", None);
    if !node.chat.index_is_whole().await? {
        node.chat
            .reindex(|so_far| meter.at(so_far.messages, so_far.messages))
            .await?;
    }
    let before = node.chat.documents_indexed();
    let one = Limit::new(1).unwrap_or(Limit::DEFAULT);
    loop {
        if node.stores.outbox.dirty(Sink::Index, one).await?.is_empty() {
            return Ok(true);
        }
        let indexed = node.chat.documents_indexed() - before;
        meter.at(indexed, indexed);
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return Ok(false),
        }
    }
}

/// Says it; an import goes on also when nobody listens.
fn told(text: impl std::fmt::Display) -> Result<(), Failure> {
    match say::line(text) {
        Err(error) if error.is::<say::ReaderGone>() => Ok(()),
        told => told,
    }
}

fn shown(file: &Path) -> String {
    match file.to_str() {
        Some("-") => "the standard input".to_owned(),
        _ => file.display().to_string(),
    }
}
