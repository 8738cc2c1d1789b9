//! The chat domain: rules, ports, in-memory adapters, conformance kit.

pub mod clock;
pub mod commit;
pub mod cursor;
pub mod error;
pub mod ids;
#[cfg(any(test, feature = "kit"))]
pub mod kit;
pub mod lane;
pub mod memory;
pub mod model;
pub mod page;
pub mod port;
pub mod seal;
pub mod sink;
pub mod terms;
pub mod text;
