//! The chat domain: rules, ports, in-memory adapters, conformance kit.
