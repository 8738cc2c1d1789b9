//! The chats that lines mean.

use std::collections::HashMap;
use std::num::NonZeroU64;

use chat_core::commit::SourceHash;
use chat_core::error::ChatError;
use chat_core::ids::{ChatNumber, MessageNumber};
use chat_core::page::{Limit, Span};
use chat_core::text::{IdempotencyKey, Name};
use chat_core::{Access, Chat};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;

use super::identity::Sources;
use super::line::Line;

/// Which chat a line means: one with a number is told by that alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Label {
    Number(NonZeroU64),
    Name(Name),
}

impl Label {
    pub(super) fn of(line: &Line) -> Option<Self> {
        let name = || line.chat.clone().map(Self::Name);
        line.number.map(Self::Number).or_else(name)
    }
}

/// A chat that takes messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) number: ChatNumber,
    pub(super) last: MessageNumber,
}

/// The chats of an application by what lines call them.
pub(super) struct Targets {
    chat: Chat,
    access: Access,
    known: HashMap<Label, Target>,
}

impl Targets {
    /// Looks at the chats that are there, to know them by name. Says whether there are any.
    pub(super) async fn read(chat: &Chat, access: Access) -> Result<(Self, bool), ChatError> {
        let mut known = HashMap::new();
        let mut after = 0;
        loop {
            let page = chat.chats(access, Span::After(after), Limit::MAX).await?;
            for found in page.items {
                after = found.number.0;
                let target = Target {
                    number: found.number,
                    last: found.cursor.head.number,
                };
                if let Some(name) = found.name.and_then(|name| Name::parse(name).ok()) {
                    known.entry(Label::Name(name)).or_insert(target);
                }
            }
            if !page.more {
                break;
            }
        }
        let chat = chat.clone();
        let targets = Self {
            chat,
            access,
            known,
        };
        Ok((targets, after > 0))
    }

    pub(super) fn get_mut(&mut self, label: &Label) -> Option<&mut Target> {
        self.known.get_mut(label)
    }

    /// Makes the chats that are named for the first time, in this order; says how many.
    pub(super) async fn make(
        &mut self,
        sources: &Sources,
        lines: &[(u64, Label, Line)],
    ) -> Result<u64, ChatError> {
        let mut missing: Vec<(Label, Option<Name>)> = Vec::new();
        for (_, label, line) in lines {
            if !self.known.contains_key(label)
                && !missing.last().is_some_and(|(last, _)| last == label)
                && !missing.iter().any(|(known, _)| known == label)
            {
                missing.push((label.clone(), line.chat.clone()));
            }
        }
        let mut creations = FuturesOrdered::new();
        for (label, name) in missing {
            creations.push_back(self.make_one(sources, label, name));
        }
        let mut made = Vec::new();
        while let Some(one) = creations.next().await {
            made.push(one?);
        }
        drop(creations);
        let new = made.iter().filter(|(_, _, is_new)| *is_new).count();
        let made = made.into_iter().map(|(label, target, _)| (label, target));
        self.known.extend(made);
        Ok(new as u64)
    }

    /// A chat that has only a number is known again by an idempotency key; one with a name alone
    /// was in the list of chats, had it been made before.
    async fn make_one(
        &self,
        sources: &Sources,
        label: Label,
        name: Option<Name>,
    ) -> Result<(Label, Target, bool), ChatError> {
        let key = match &label {
            Label::Number(number) => Some(key(sources.of_chat(*number), *number)?),
            Label::Name(_) => None,
        };
        let made = self.chat.create_chat(self.access, name, key.as_ref());
        let made = made.await?;
        let number = made.value.number;
        let last = if made.replayed {
            self.chat.chat(self.access, number).await?.head().number
        } else {
            MessageNumber::ZERO
        };
        Ok((label, Target { number, last }, !made.replayed))
    }
}

fn key(source: SourceHash, number: NonZeroU64) -> Result<IdempotencyKey, ChatError> {
    let source: String = source.0.iter().map(|byte| format!("{byte:02x}")).collect();
    IdempotencyKey::parse(format!("import-{source}-{number}")).map_err(|violation| {
        ChatError::Invalid {
            field: "key",
            violation,
        }
    })
}
