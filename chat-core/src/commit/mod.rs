//! The heart: what a write needs, what it decides, what is written. Pure: no I/O, no clock, no
//! randomness.
//!
//! An adapter calls [`needs`], locks and loads what it says as [`Facts`], calls [`decide`], and
//! writes the [`Writes`] in the same transaction. Numbers are made here and nowhere else.

mod command;
mod counts;
mod decide;
mod facts;
mod key;
#[cfg(test)]
mod laws;
mod needs;
mod outcome;
mod people;
mod working;
mod writes;

pub use command::{
    Batch, Command, CreateApplication, CreateChat, Edit, Import, Imported, Post, Request, Scope,
    Sink, SourceHash,
};
pub use counts::{Counted, Counts};
pub use decide::decide;
pub use facts::{ApplicationFacts, ApplicationState, ChatFacts, ChatState, Facts, Remembered};
pub use key::{Fingerprint, Key, KeyHash};
pub use needs::{Needs, RangeNeeds, ScopeNeeds, needs};
pub use outcome::{Done, Operation, Outcome, Refusal};
pub use people::{
    AddMembers, Caller, ChangeMember, ChangeUser, CreateUser, GiveToken, MAX_DEVICES, Mark,
    NewPassword, PutKey,
};
pub use writes::{
    ApplicationWrite, ChatWrite, DeviceWrite, Ends, ImportWrite, RequestWrite, UserWrite, Writes,
};
