//! One transaction a batch, tried until it is known what became of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chat_core::clock::Timestamp;
use chat_core::commit::{Batch, Operation, decide};
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::OperationId;
use chat_core::port::{Commit, Committed};
use sqlx::Executor as _;
use sqlx::mysql::MySqlConnection;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use uuid::Uuid;

use super::again::{Tries, may_succeed};
use super::session::Session;
use super::sql::ROWS;
use super::{MysqlStore, apply, load, operations, rows};
use crate::error::{BACKEND, TooSlow, kind, too_slow, translate};

const OP: &str = "commit";
const ATTEMPT: &str = "SELECT attempt FROM commits WHERE writer = ? FOR UPDATE";
pub(super) const BEGIN: &str = "START TRANSACTION";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";
/// How long to wait before asking again for what became of a commit.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// The names under which this process commits: one for each commit at a time, used again and again. One whose transaction may be open
/// is never used again: its row stays locked until the server notices.
#[derive(Debug, Default)]
pub(super) struct Writers {
    free: Mutex<Vec<Uuid>>,
}

impl Writers {
    fn take(&self) -> Uuid {
        self.free().pop().unwrap_or_else(Uuid::new_v4)
    }

    /// It is known how the attempt ended.
    fn give_back(&self, writer: Uuid) {
        self.free().push(writer);
    }

    fn free(&self) -> MutexGuard<'_, Vec<Uuid>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Failure {
    /// Nothing was written; it may be tried again.
    Again(sqlx::Error),
    /// It is of no use to try again.
    Final(BackendError),
}

#[async_trait]
impl Commit for MysqlStore {
    async fn commit(&self, batch: Arc<Batch>, now: Timestamp) -> Result<Committed, BackendError> {
        let mut tries = Tries::within(self.sessions.limit());
        loop {
            match self.attempt(&batch, now, tries.end()).await {
                Ok(committed) => return Ok(committed),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Again(error)) => tries.pause(OP, error).await?,
            }
        }
    }

    async fn operations(&self, ids: &[OperationId]) -> Result<Vec<Operation>, BackendError> {
        let mut found = Vec::with_capacity(ids.len());
        for part in ids.chunks(ROWS) {
            let select = || operations::find(part);
            let known = self
                .sessions
                .all("operations", select, operations::operation);
            found.extend(known.await?);
        }
        Ok(found)
    }
}

impl MysqlStore {
    async fn attempt(
        &self,
        batch: &Batch,
        now: Timestamp,
        end: Instant,
    ) -> Result<Committed, Failure> {
        let mut session = self.sessions.open(OP).await.map_err(Failure::Final)?;
        let (writer, attempt) = (self.writers.take(), Uuid::new_v4());
        let work = write(session.conn(), &self.known, (writer, attempt), batch, now);
        let (committed, written) = match timeout_at(end, work).await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => return Err(self.give_up(session, writer, error).await),
            Err(_) => return Err(Failure::Final(too_slow(OP, self.sessions.limit()))),
        };
        if !written {
            self.undo(session, writer).await;
            return Ok(committed);
        }
        let limit = self.sessions.limit() / 2;
        let lost = match timeout(limit, session.conn().execute(COMMIT)).await {
            Ok(Ok(_)) => {
                session.release();
                self.writers.give_back(writer);
                self.proven();
                return Ok(committed);
            }
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::Io(std::io::Error::other(TooSlow(limit))),
        };
        drop(session);
        tracing::warn!(error = %lost, "the answer to a commit was lost; asking what became of it");
        let is_in = self.is_in(writer, attempt, &lost);
        let is_in = is_in.await.map_err(Failure::Final)?;
        self.writers.give_back(writer);
        if is_in {
            return Ok(committed);
        }
        Err(Failure::Again(lost))
    }

    /// Whether this attempt is committed. Its row is locked by the transaction that wrote it until that has come to its end, so this
    /// waits for the end, and what is read then stands for good: a transaction that did not come in by then never will.
    async fn is_in(
        &self,
        writer: Uuid,
        attempt: Uuid,
        lost: &sqlx::Error,
    ) -> Result<bool, BackendError> {
        let end = Instant::now() + self.proof_timeout;
        loop {
            let failure = match self.sessions.open(OP).await {
                Ok(mut session) => {
                    // A connection that is dead may not use up all the time there is.
                    let end = end.min(Instant::now() + self.sessions.limit());
                    match timeout_at(end, last_attempt(session.conn(), writer)).await {
                        Ok(Ok(last)) => {
                            session.release();
                            return Ok(last == Some(*attempt.as_bytes()));
                        }
                        Ok(Err(error)) => translate(OP)(error),
                        Err(_) => too_slow(OP, self.proof_timeout),
                    }
                }
                Err(error) => error,
            };
            if Instant::now() + ASK_AGAIN >= end {
                tracing::error!(error = ?failure, "what became of a commit cannot be proven");
                let why = format!("{lost}; then {failure:?}");
                let unknown = BackendError::new(ErrorKind::OutcomeUnknown, BACKEND, OP);
                return Err(unknown.with_source(why));
            }
            sleep(ASK_AGAIN).await;
        }
    }

    async fn give_up(&self, session: Session, writer: Uuid, error: sqlx::Error) -> Failure {
        if !may_succeed(&error) {
            return Failure::Final(translate(OP)(error));
        }
        if kind(&error) == ErrorKind::Conflict {
            self.undo(session, writer).await;
        }
        Failure::Again(error)
    }

    /// Takes back what a session did and gives it back; one that does not answer is closed, which takes it back as well.
    async fn undo(&self, mut session: Session, writer: Uuid) {
        let limit = self.sessions.limit();
        if let Ok(Ok(_)) = timeout(limit, session.conn().execute(ROLLBACK)).await {
            session.release();
            self.writers.give_back(writer);
        }
    }
}

/// Everything but COMMIT; whether anything was written that is worth one.
async fn write(
    conn: &mut MySqlConnection,
    known: &load::Known,
    (writer, attempt): (Uuid, Uuid),
    batch: &Batch,
    now: Timestamp,
) -> sqlx::Result<(Committed, bool)> {
    let opening = [BEGIN, &mark(writer, attempt)];
    let facts = load::facts(conn, &opening, &batch.requests, known).await?;
    let (mut outcomes, mut writes) = decide(facts, &batch.requests, now);
    let (counts, people) = (std::mem::take(&mut writes.counts), writes.people());
    let moved = apply::writes(conn, &mut writes, &mut outcomes, &batch.sinks).await?;
    let committed = Committed {
        outcomes,
        moved,
        counts,
        people,
    };
    Ok((committed, !writes.is_empty()))
}

/// Leaves the attempt's mark. Both ids are made here, and are hexadecimal digits.
fn mark(writer: Uuid, attempt: Uuid) -> String {
    format!(
        "INSERT INTO commits (writer, attempt) VALUES (x'{}', x'{}') \
         ON DUPLICATE KEY UPDATE attempt = VALUES(attempt), at = CURRENT_TIMESTAMP",
        writer.simple(),
        attempt.simple()
    )
}

async fn last_attempt(conn: &mut MySqlConnection, writer: Uuid) -> sqlx::Result<Option<[u8; 16]>> {
    conn.execute(BEGIN).await?;
    let row = sqlx::query(ATTEMPT)
        .bind(writer.as_bytes().as_slice())
        .fetch_optional(&mut *conn)
        .await?;
    conn.execute(ROLLBACK).await?;
    row.map(|row| rows::bytes(&row, 0)).transpose()
}
