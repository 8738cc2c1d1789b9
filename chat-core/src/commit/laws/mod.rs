//! The laws as properties: whatever histories callers make, together and by turns.

mod history;
mod numbers;
mod people;
mod sync;
