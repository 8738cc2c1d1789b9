//! Takes messages over from lines: each exactly once, however often it is stopped.

use std::collections::HashMap;
use std::future::Future;
use std::num::NonZeroU64;
use std::pin::Pin;

use chat_core::commit::{Import, Imported, SourceHash};
use chat_core::error::ChatError;
use chat_core::ids::{ApplicationId, ChatNumber, MessageNumber};
use chat_core::page::{Limit, Span};
use chat_core::text::{IdempotencyKey, Name};
use chat_core::{Access, Chat};
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt};
use thiserror::Error;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::line::{BadLine, Line};
use super::source::{Part, ReadError};

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

/// Which chat a line means: one with a number is told by that alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Label {
    Number(NonZeroU64),
    Name(Name),
}

impl Label {
    fn of(line: &Line) -> Option<Self> {
        let name = || line.chat.clone().map(Self::Name);
        line.number.map(Self::Number).or_else(name)
    }
}

#[derive(Debug, Clone, Copy)]
struct Target {
    number: ChatNumber,
    last: MessageNumber,
}

/// Takes lines over into one application.
pub struct Importer {
    chat: Chat,
    application: ApplicationId,
    source: SourceHash,
    bad_lines: BadLines,
    chats: HashMap<Label, Target>,
    tally: Tally,
}

/// A part on its way: what the tally is once it is committed.
type Flight = Pin<Box<dyn Future<Output = Result<Tally, ChatError>> + Send>>;

impl Importer {
    /// Goes on with a source in an application, whose chats it looks at to know them by name.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn start(
        chat: Chat,
        application: ApplicationId,
        source: SourceHash,
        bad_lines: BadLines,
    ) -> Result<Self, ChatError> {
        let mut chats = HashMap::new();
        let mut after = 0;
        loop {
            let page = chat
                .chats(application.into(), Span::After(after), Limit::MAX)
                .await?;
            for found in page.items {
                after = found.number.0;
                let target = Target {
                    number: found.number,
                    last: found.cursor.head.number,
                };
                if let Some(name) = found.name.and_then(|name| Name::parse(name).ok()) {
                    chats.entry(Label::Name(name)).or_insert(target);
                }
            }
            if !page.more {
                break;
            }
        }
        let tally = Tally {
            line: chat.imported(source).await?,
            ..Tally::default()
        };
        Ok(Self {
            chat,
            application,
            source,
            bad_lines,
            chats,
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
        tally.chats += self.make_chats(&good).await?;
        let mut messages: Vec<(ChatNumber, Imported)> = Vec::with_capacity(good.len());
        for (at, label, line) in good {
            let (Some(message), Some(target)) = (line.message, self.chats.get_mut(&label)) else {
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
            source: self.source,
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

    /// Makes the chats that are named for the first time, in this order; says how many.
    async fn make_chats(&mut self, lines: &[(u64, Label, Line)]) -> Result<u64, ChatError> {
        let mut missing: Vec<(Label, Option<Name>)> = Vec::new();
        for (_, label, line) in lines {
            if !self.chats.contains_key(label)
                && !missing.last().is_some_and(|(last, _)| last == label)
                && !missing.iter().any(|(known, _)| known == label)
            {
                missing.push((label.clone(), line.chat.clone()));
            }
        }
        let mut creations = FuturesOrdered::new();
        for (label, name) in missing {
            creations.push_back(self.make_chat(label, name));
        }
        let mut made = Vec::new();
        while let Some(one) = creations.next().await {
            made.push(one?);
        }
        drop(creations);
        let new = made.iter().filter(|(_, _, is_new)| *is_new).count();
        let made = made.into_iter().map(|(label, target, _)| (label, target));
        self.chats.extend(made);
        Ok(new as u64)
    }

    /// A chat that has only a number is known again by an idempotency key; one with a name alone
    /// was in the list of chats, had it been made before.
    async fn make_chat(
        &self,
        label: Label,
        name: Option<Name>,
    ) -> Result<(Label, Target, bool), ChatError> {
        let key = match &label {
            Label::Number(number) => Some(self.key(*number)?),
            Label::Name(_) => None,
        };
        let access = Access::from(self.application);
        let made = self.chat.create_chat(access, name, key.as_ref()).await?;
        let number = made.value.number;
        let last = if made.replayed {
            self.chat.chat(access, number).await?.head().number
        } else {
            MessageNumber::ZERO
        };
        Ok((label, Target { number, last }, !made.replayed))
    }

    fn key(&self, number: NonZeroU64) -> Result<IdempotencyKey, ChatError> {
        let source: String = self
            .source
            .0
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        IdempotencyKey::parse(format!("import-{source}-{number}")).map_err(|violation| {
            ChatError::Invalid {
                field: "key",
                violation,
            }
        })
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
