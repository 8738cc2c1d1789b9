//! The heart: what a write needs, what it decides, what is written. Pure: no I/O, no clock, no
//! randomness.
//!
//! An adapter calls [`needs`], locks and loads what it says as [`Facts`], calls [`decide`], and
//! writes the [`Writes`] in the same transaction. Numbers are made here and nowhere else.

mod command;
mod counts;
mod decide;
mod facts;
#[cfg(test)]
mod laws;
mod needs;
mod outcome;
mod working;
mod writes;

pub use command::{
    Batch, Command, CreateApplication, CreateChat, Edit, Fingerprint, Import, Imported, Key,
    KeyHash, Post, Request, Scope, Sink, SourceHash,
};
pub use counts::{Counted, Counts};
pub use decide::decide;
pub use facts::{ApplicationFacts, ApplicationState, ChatFacts, ChatState, Facts, Remembered};
pub use needs::{Needs, ScopeNeeds, needs};
pub use outcome::{Done, Operation, Outcome, Refusal};
pub use writes::{ApplicationWrite, ChatWrite, ImportWrite, RequestWrite, Writes};
