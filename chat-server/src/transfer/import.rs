//! Takes messages over from lines: each exactly once, however often it is stopped.

use std::future::Future;
use std::pin::Pin;

use chat_core::commit::{Import, Imported};
use chat_core::error::ChatError;
use chat_core::ids::{ApplicationId, ChatNumber};
use chat_core::{Access, Chat};
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt};
use thiserror::Error;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::identity::Sources;
use super::known::Known;
use super::line::{BadLine, Line};
use super::source::{Part, ReadError};
use super::targets::{Label, Targets};

/// So many parts are on their way to the store at once.
const IN_FLIGHT: usize = 3;

/// What to do about a line that cannot be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BadLines {
    /// Stop there; what is before it stays.
    Fail,
    /// Go on behind it.
    Skip,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// The last line that is done.
    pub line: u64,
    /// How many messages were taken over.
    pub messages: u64,
    /// How many chats were made.
    pub chats: u64,
    /// How many bad lines were skipped.
    pub skipped: u64,
    /// How many bytes of the file are done.
    pub bytes: u64,
}

/// What is told while it runs.
#[derive(Debug)]
pub enum Told<'a> {
    /// A part is committed.
    Progress(Tally),
    /// This line is bad and is skipped.
    Skipped(u64, &'a BadLine),
}

/// How an import ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// At the end of the file.
    Complete,
    /// Between two parts, as it was told to.
    Stopped,
}

/// Why an import ended too early. What is before the line is taken over.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A line is bad.
    #[error("line {line} {reason}")]
    Bad {
        /// Which line.
        line: u64,
        /// What is wrong with it.
        reason: BadLine,
    },
    /// The file cannot be read on.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store does not go on.
    #[error("the lines after {after} were not taken over")]
    Chat {
        /// The last line that is done.
        after: u64,
        /// Why not.
        source: ChatError,
    },
}

/// Takes lines over into one application.
pub struct Importer {
    chat: Chat,
    application: ApplicationId,
    source: Known,
    bad_lines: BadLines,
    targets: Targets,
    tally: Tally,
}

/// A part on its way: what the tally is once it is committed.
type Flight = Pin<Box<dyn Future<Output = Result<Tally, ChatError>> + Send>>;

impl Importer {
    /// Goes on in an application, whose chats it looks at to know them by name, behind the longest beginning that was
    /// taken over.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn start(
        chat: Chat,
        application: ApplicationId,
        sources: Sources,
        bad_lines: BadLines,
    ) -> Result<Self, ChatError> {
        let (targets, has_chats) = Targets::read(&chat, application.into()).await?;
        let source = Known::find(&chat, application.into(), sources, has_chats).await?;
        let tally = Tally {
            line: source.line,
            ..Tally::default()
        };
        Ok(Self {
            chat,
            application,
            source,
            bad_lines,
            targets,
            tally,
        })
    }

    /// The last line that is done: go on behind it.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.tally.line
    }

    /// Takes parts over until there are no more, one is bad, or `stop` rings. Says how far it came,
    /// and how it ended.
    pub async fn run(
        mut self,
        parts: Receiver<Result<Part, ReadError>>,
        stop: &CancellationToken,
        tell: impl FnMut(Told<'_>),
    ) -> (Tally, Result<End, ImportError>) {
        let (tally, end) = self.take_over(parts, stop, tell).await;
        let access = self.application.into();
        match self.source.settle(&self.chat, access, tally.line).await {
            Err(source) if end.is_ok() => {
                let after = tally.line;
                (tally, Err(ImportError::Chat { after, source }))
            }
            _ => (tally, end),
        }
    }

    async fn take_over(
        &mut self,
        mut parts: Receiver<Result<Part, ReadError>>,
        stop: &CancellationToken,
        mut tell: impl FnMut(Told<'_>),
    ) -> (Tally, Result<End, ImportError>) {
        let mut flights = FuturesOrdered::<Flight>::new();
        let mut done = self.tally;
        let mut ahead = self.tally;
        let end = loop {
            while flights.len() >= IN_FLIGHT {
                if let Err(error) = land(flights.next().await, &mut done, &mut tell) {
                    return (done, Err(error));
                }
            }
            let part = tokio::select! {
                biased;
                () = stop.cancelled() => break Ok(End::Stopped),
                part = parts.recv() => part,
            };
            let part = match part {
                None => break Ok(End::Complete),
                Some(Err(error)) => break Err(error.into()),
                Some(Ok(part)) => part,
            };
            let (import, bad) = match self.form(part, &mut ahead, &mut tell).await {
                Ok(formed) => formed,
                Err(source) => {
                    break Err(ImportError::Chat {
                        after: ahead.line,
                        source,
                    });
                }
            };
            if import.to > import.from {
                let (chat, access) = (self.chat.clone(), Access::from(self.application));
                let tally = ahead;
                flights.push_back(Box::pin(async move {
                    chat.import(access, import).await.map(|()| tally)
                }));
                // A first look puts it in its place in the lane; nobody else would until later.
                if let Some(landed) = flights.next().now_or_never()
                    && let Err(error) = land(landed, &mut done, &mut tell)
                {
                    return (done, Err(error));
                }
            }
            if let Some((line, reason)) = bad {
                break Err(ImportError::Bad { line, reason });
            }
        };
        while let Some(landed) = flights.next().await {
            if let Err(error) = land(Some(landed), &mut done, &mut tell) {
                return (done, Err(error));
            }
        }
        (done, end)
    }

    /// Makes the chats that a part needs, and a command of its messages; and says at which line it
    /// was cut off.
    async fn form(
        &mut self,
        part: Part,
        tally: &mut Tally,
        tell: &mut impl FnMut(Told<'_>),
    ) -> Result<(Import, Option<(u64, BadLine)>), ChatError> {
        let mut bad = None;
        let mut good: Vec<(u64, Label, Line)> = Vec::with_capacity(part.lines.len());
        for (at, line) in part.lines {
            let line = line.and_then(|line| {
                let label = Label::of(&line).ok_or(BadLine::NoChat)?;
                Ok((label, line))
            });
            match line {
                Ok((label, line)) => good.push((at, label, line)),
                Err(reason) => {
                    if self.refuse(at, reason, tally, tell, &mut bad) {
                        break;
                    }
                }
            }
        }
        tally.chats += self.targets.make(&self.source.sources, &good).await?;
        let mut messages: Vec<(ChatNumber, Imported)> = Vec::with_capacity(good.len());
        for (at, label, line) in good {
            let (Some(message), Some(target)) = (line.message, self.targets.get_mut(&label)) else {
                continue;
            };
            match message.reply_to.filter(|number| *number > target.last) {
                None => {
                    target.last = target.last.next();
                    messages.push((target.number, message));
                }
                Some(number) => {
                    // An earlier bad line than the one that is known, if there is one.
                    if self.refuse(at, BadLine::Reply(number), tally, tell, &mut bad) {
                        break;
                    }
                }
            }
        }
        let to = bad.as_ref().map_or(part.to, |(line, _)| line - 1);
        tally.line = to;
        tally.messages += messages.len() as u64;
        tally.bytes = part.bytes;
        let import = Import {
            source: self.source.source(),
            from: part.from,
            to,
            messages,
        };
        Ok((import, bad))
    }

    /// Whether the part ends before this bad line.
    fn refuse(
        &self,
        at: u64,
        reason: BadLine,
        tally: &mut Tally,
        tell: &mut impl FnMut(Told<'_>),
        bad: &mut Option<(u64, BadLine)>,
    ) -> bool {
        match self.bad_lines {
            BadLines::Fail => {
                *bad = Some((at, reason));
                true
            }
            BadLines::Skip => {
                tally.skipped += 1;
                tell(Told::Skipped(at, &reason));
                false
            }
        }
    }
}

fn land(
    landed: Option<Result<Tally, ChatError>>,
    done: &mut Tally,
    tell: &mut impl FnMut(Told<'_>),
) -> Result<(), ImportError> {
    match landed {
        None => Ok(()),
        Some(Ok(tally)) => {
            *done = tally;
            tell(Told::Progress(tally));
            Ok(())
        }
        Some(Err(source)) => Err(ImportError::Chat {
            after: done.line,
            source,
        }),
    }
}
