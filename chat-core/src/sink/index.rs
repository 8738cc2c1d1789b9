//! The search index follows the Store through its dirty rows, and is rebuilt beside itself.
//!
//! While one node rebuilds, it and others follow, without a lock, and the copy misses nothing. Each reads from the Store first and
//! puts then, and a put goes into every copy that it finds:
//! * It finds the copy: the copy has it. When the copy takes the place or is thrown away meanwhile, the live index has it.
//! * It finds none: a copy that begins later reads the Store later, and so reads what was put.
//! * Of two states of a message the one with the higher version stays, whichever comes last, and a deleted one is a state like
//!   others: so an old page that is filled in late brings nothing back.
//! * A chat that is erased while a page of it is on its way is asked for again after the page, and erased again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::commit::Sink;
use crate::error::BackendError;
use crate::ids::{ChatId, Head};
use crate::model::{ChatInfo, Message};
use crate::page::Limit;
use crate::port::{Dirty, Document, Search, Stores};

/// How long a change may wait when nobody announced it.
const SWEEP: Duration = Duration::from_secs(1);
/// How long to leave a backend alone that failed: twice as long after each failure, since a whole piece is read again, up to the most.
const BACK_OFF: Duration = Duration::from_millis(500);
const BACK_OFF_MOST: Duration = Duration::from_secs(8);
/// How far apart pieces begin while the index keeps up: the first change after a quiet time is found
/// at once, and many changes go into few pieces, which cost an index far less.
const PACE: Duration = Duration::from_millis(250);
/// Documents in one put, and from how many bytes of text on it is full.
const PUT: usize = 4_000;
const PUT_BYTES: usize = 4 << 20;
/// The most messages read at once.
const READ: usize = 500;

/// Follows the Store with the search index.
pub struct Indexer {
    stores: Stores,
    search: Arc<dyn Search>,
    wake: Arc<Notify>,
    put: AtomicU64,
}

/// How far one step of following came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// Chats that were followed.
    pub chats: usize,
    /// Whether more was dirty than went into the piece.
    pub more: bool,
}

/// What is put and settled together.
#[derive(Default)]
struct Piece {
    documents: Vec<Document>,
    bytes: usize,
    done: Vec<Dirty>,
    more: bool,
}

impl Piece {
    fn is_full(&self) -> bool {
        self.documents.len() >= PUT || self.bytes >= PUT_BYTES
    }

    fn room(&self) -> Limit {
        let room = PUT.saturating_sub(self.documents.len()).min(READ);
        Limit::new(room).unwrap_or(Limit::DEFAULT)
    }

    fn take(&mut self, chat: &ChatInfo, messages: Vec<Message>) {
        for message in messages {
            self.bytes += message.body.len();
            self.documents.push(document(chat, message));
        }
    }
}

/// What a rebuild fills in together, and up to which heads it read the chats that are in it.
#[derive(Default)]
struct Filling {
    piece: Piece,
    read: Vec<(ChatId, Head)>,
}

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rebuild {
    /// Chats that are done.
    pub chats: u64,
    /// Messages that are done.
    pub messages: u64,
}

impl Indexer {
    /// An indexer that looks when `wake` is notified, and every second.
    #[must_use]
    pub fn new(stores: Stores, search: Arc<dyn Search>, wake: Arc<Notify>) -> Self {
        Self {
            stores,
            search,
            wake,
            put: AtomicU64::new(0),
        }
    }

    /// How many documents were put since the start.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.put.load(Ordering::Relaxed)
    }

    /// Follows for as long as it is polled.
    pub async fn run(self: Arc<Self>) {
        let mut back_off = BACK_OFF;
        loop {
            let next = Instant::now() + PACE;
            let followed = self.follow().await.inspect(|_| back_off = BACK_OFF);
            match followed {
                Ok(Followed { more: true, .. }) => {}
                Ok(Followed { chats: 0, .. }) => {
                    // Either way it looks again: a notification only makes it sooner.
                    let _ = tokio::time::timeout(SWEEP, self.wake.notified()).await;
                }
                Ok(_) => tokio::time::sleep_until(next).await,
                Err(error) => {
                    tracing::warn!(?error, "the search index could not follow");
                    tokio::time::sleep(back_off).await;
                    back_off = BACK_OFF_MOST.min(back_off * 2);
                }
            }
        }
    }

    /// Takes one piece of what is dirty.
    ///
    /// # Errors
    /// What the Store or the index could not do; the rows stay dirty.
    pub async fn follow(&self) -> Result<Followed, BackendError> {
        let rows = self
            .stores
            .outbox
            .dirty(Sink::Index, Limit::DEFAULT)
            .await?;
        let mut piece = Piece {
            more: rows.len() == Limit::DEFAULT.get(),
            ..Piece::default()
        };
        for row in rows {
            if piece.is_full() {
                piece.more = true;
                break;
            }
            self.take(row, &mut piece).await?;
        }
        let Piece {
            documents,
            done,
            more,
            ..
        } = piece;
        if !documents.is_empty() {
            self.search.put(&documents).await?;
            self.put
                .fetch_add(documents.len() as u64, Ordering::Relaxed);
            // What is settled is told to be in the index, so by then it must be found.
            self.search.refresh().await?;
        }
        if !done.is_empty() {
            self.stores.outbox.settle(Sink::Index, &done).await?;
        }
        let chats = done.len();
        Ok(Followed { chats, more })
    }

    /// Reads what is dirty in one chat, as far as there is room.
    async fn take(&self, row: Dirty, piece: &mut Piece) -> Result<(), BackendError> {
        let mut to = row.from;
        loop {
            let Some(changes) = self
                .stores
                .history
                .changes(row.chat, to, piece.room(), None)
                .await?
            else {
                self.search.erase(row.chat).await?;
                to = row.to;
                break;
            };
            to = changes.next;
            piece.take(&changes.chat, changes.messages);
            if !changes.more {
                break;
            }
            if piece.is_full() {
                piece.more = true;
                break;
            }
        }
        piece.done.push(Dirty { to, ..row });
        Ok(())
    }

    /// Builds a new copy from the Store while the old one serves and follows, then swaps them.
    ///
    /// # Errors
    /// What the Store or the index could not do; the old copy stays.
    pub async fn rebuild(
        &self,
        mut progress: impl FnMut(Rebuild) + Send,
    ) -> Result<Rebuild, BackendError> {
        let mut so_far = Rebuild::default();
        let epoch = self.stores.upkeep.epoch().await?;
        self.search.rebuild().await?;
        let mut filling = Filling::default();
        let mut chat = ChatId(0);
        while let Some(next) = self.stores.upkeep.next_chat(chat).await? {
            chat = next;
            let mut from = Head::START;
            loop {
                let room = filling.piece.room();
                let Some(changes) = self.stores.history.changes(chat, from, room, None).await?
                else {
                    break;
                };
                from = changes.next;
                so_far.messages += changes.messages.len() as u64;
                filling.piece.take(&changes.chat, changes.messages);
                if !changes.more {
                    filling.read.push((chat, from));
                    break;
                }
                if filling.piece.is_full() {
                    filling.read.push((chat, from));
                    self.refill(&mut filling).await?;
                    progress(so_far);
                }
            }
            so_far.chats += 1;
            if filling.piece.is_full() || filling.read.len() >= READ {
                self.refill(&mut filling).await?;
                progress(so_far);
            }
        }
        self.refill(&mut filling).await?;
        self.search.swap(epoch).await?;
        Ok(so_far)
    }

    /// Fills in what was read.
    async fn refill(&self, filling: &mut Filling) -> Result<(), BackendError> {
        let Filling { piece, read } = std::mem::take(filling);
        if piece.documents.is_empty() {
            return Ok(());
        }
        self.search.refill(&piece.documents).await?;
        for (chat, head) in read {
            // Whoever erased it after it was read may have been faster than this page.
            let rest = self
                .stores
                .history
                .changes(chat, head, Limit::DEFAULT, None);
            if rest.await?.is_none() {
                self.search.erase(chat).await?;
            }
        }
        Ok(())
    }
}

fn document(chat: &ChatInfo, message: Message) -> Document {
    Document {
        application: chat.application,
        chat: chat.id,
        number: message.number,
        created_at: message.created_at,
        version: message.change,
        body: (!message.is_deleted()).then_some(message.body),
    }
}
