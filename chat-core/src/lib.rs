//! The chat domain: rules, ports, in-memory adapters, conformance kit.

#[cfg(any(test, feature = "kit"))]
pub mod kit;
pub mod terms;
