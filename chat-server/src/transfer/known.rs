//! How much of a file an application has taken over.

use chat_core::commit::{Import, SourceHash};
use chat_core::error::ChatError;
use chat_core::{Access, Chat};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::identity::Sources;

/// So many beginnings are looked up at once.
const AT_ONCE: usize = 16;

/// A file, as far as it is known.
pub(super) struct Known {
    /// Up to which line it was taken over.
    pub(super) line: u64,
    pub(super) sources: Sources,
}

impl Known {
    /// What it is known by now.
    pub(super) fn source(&self) -> SourceHash {
        self.sources.longest.source
    }

    /// Finds how much was taken over, of whichever beginning. An application without chats has taken nothing over, or
    /// it was deleted: then only the longest one may be known.
    pub(super) async fn find(
        chat: &Chat,
        access: Access,
        sources: Sources,
        has_chats: bool,
    ) -> Result<Self, ChatError> {
        let source = sources.longest.source;
        let mut known = Self {
            line: chat.imported(source).await?,
            sources,
        };
        if !has_chats {
            return Ok(known);
        }
        let shorter = &known.sources.shorter;
        let marks = shorter.iter().map(|one| chat.imported(one.source));
        let marks: Vec<u64> = stream::iter(marks).buffered(AT_ONCE).try_collect().await?;
        let mut line = known.line;
        for (one, mark) in shorter.iter().zip(marks) {
            // Blank lines behind a beginning count in its mark alone.
            line = line.max(one.lines.min(mark));
        }
        if line > known.line {
            note(chat, access, source, known.line, line).await?;
            known.line = line;
        }
        Ok(known)
    }

    /// Notes what was taken over when that is not all: what is behind it may be another text when it comes again.
    pub(super) async fn settle(
        &self,
        chat: &Chat,
        access: Access,
        line: u64,
    ) -> Result<(), ChatError> {
        let Sources {
            shorter, longest, ..
        } = &self.sources;
        let count = shorter.partition_point(|one| one.lines <= line);
        let next = shorter.get(count).unwrap_or(longest).lines;
        let (true, Some(taken)) = (line < next && next < u64::MAX, shorter[..count].last()) else {
            return Ok(());
        };
        let before = chat.imported(taken.source).await?;
        if taken.lines > before {
            note(chat, access, taken.source, before, taken.lines).await?;
        }
        Ok(())
    }
}

/// Notes lines that are taken over under another name.
async fn note(
    chat: &Chat,
    access: Access,
    source: SourceHash,
    from: u64,
    to: u64,
) -> Result<(), ChatError> {
    let import = Import {
        source,
        from,
        to,
        messages: Vec::new(),
    };
    chat.import(access, import).await
}
