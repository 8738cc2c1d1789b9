//! The messages of a dump, in parts that are known by the keys between which they stand.

use chat_core::Access;
use chat_core::commit::{Import, Imported, SourceHash};
use chat_core::ids::ChatNumber;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt};

use super::import::{ImportError, Importer, Known, Target, Told};
use super::look::{no_thread, no_user, rises};
use super::row::{BadRow, MessageRow, Row};

/// So many parts are on their way to the store at once.
const PARTS_AT_ONCE: usize = 3;
/// So many messages make a part.
const PART: usize = 1_000;
/// So many bytes of messages make a part, however few they are.
const PART_BYTES: usize = 1 << 20;

impl<T: FnMut(Told<'_>)> Importer<T> {
    pub(super) async fn messages(&mut self, known: &Known) -> Result<(), ImportError> {
        let done = self.chat.imported(self.source).await;
        let done = done.map_err(|source| ImportError::Messages { after: 0, source })?;
        let mut rows = self.rows(|row| match row {
            Row::Message(message) => Some(message),
            _ => None,
        })?;
        let mut part = Part::after(self.source, done);
        let mut flights = FuturesOrdered::new();
        let (mut last, mut more) = (0, true);
        while more {
            match rows.next().await {
                Some(row) => {
                    let (place, message) = row?;
                    if let Err(reason) = rises(last, message.key) {
                        self.refuse(place, reason)?;
                        continue;
                    }
                    last = message.key;
                    if last <= done {
                        continue;
                    }
                    match resolved(*message, known) {
                        Ok(Some((chat, message))) => part.push(chat, message),
                        Ok(None) => self.tally.left_out += 1,
                        Err(reason) => self.refuse(place, reason)?,
                    }
                    part.import.to = last;
                }
                None => more = false,
            }
            if part.is_full() || !more && part.import.to > part.import.from {
                let next = Part::after(self.source, part.import.to);
                let import = std::mem::replace(&mut part, next).import;
                let after = import.from;
                let (chat, access) = (self.chat.clone(), Access::from(self.application));
                let count = import.messages.len() as u64;
                flights.push_back(async move {
                    let taken = chat.import(access, import).await;
                    taken
                        .map(|()| count)
                        .map_err(|source| ImportError::Messages { after, source })
                });
                // A first look puts it in its place in the lane.
                if let Some(Some(landed)) = flights.next().now_or_never() {
                    self.land(landed)?;
                }
            }
            while flights.len() >= PARTS_AT_ONCE || !more && !flights.is_empty() {
                if let Some(landed) = flights.next().await {
                    self.land(landed)?;
                }
            }
        }
        Ok(())
    }

    fn land(&mut self, landed: Result<u64, ImportError>) -> Result<(), ImportError> {
        self.tally.messages += landed?;
        (self.tell)(Told::Progress(self.tally));
        Ok(())
    }
}

/// Messages that are taken over at once: they are known by the last key of those before them and their own.
struct Part {
    import: Import,
    bytes: usize,
}

impl Part {
    const fn after(source: SourceHash, key: u64) -> Self {
        Self {
            import: Import {
                source,
                from: key,
                to: key,
                messages: Vec::new(),
            },
            bytes: 0,
        }
    }

    fn push(&mut self, chat: ChatNumber, message: Imported) {
        self.bytes += message.body.as_ref().map_or(0, |body| body.as_str().len());
        self.import.messages.push((chat, message));
    }

    fn is_full(&self) -> bool {
        self.import.messages.len() >= PART || self.bytes >= PART_BYTES
    }
}

/// A message with its chat; `None` when that is not there.
fn resolved(row: MessageRow, known: &Known) -> Result<Option<(ChatNumber, Imported)>, BadRow> {
    let target = known.threads.get(&row.thread);
    let Some(Target { chat, pair }) = target.ok_or_else(|| no_thread(row.thread))? else {
        return Ok(None);
    };
    let sender = match row.sender {
        Some(key) => {
            let account = known
                .users
                .get(&key)
                .ok_or_else(|| no_user("sender", key))?;
            Some(account.number)
        }
        None => None,
    };
    // The flag does not say who has read it: whoever wrote it has, and the other one.
    let read_by = match row.is_read {
        true => vec![pair.low, pair.high],
        false => Vec::new(),
    };
    let message = Imported {
        body: Some(row.body),
        sender,
        read_by,
        author_name: None,
        data: None,
        reply_to: None,
        created_at: row.created_at,
        edited_at: None,
        deleted_at: None,
    };
    Ok(Some((*chat, message)))
}
