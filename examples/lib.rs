//! Programs to copy from: `cargo run -p examples --example embed`.
