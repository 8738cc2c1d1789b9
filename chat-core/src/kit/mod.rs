//! What every adapter is held to: conformance cases, and generators of the texts that they run on.

pub mod flaky;
pub mod store;
pub mod texts;
