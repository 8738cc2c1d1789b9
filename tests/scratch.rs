//! Places on the real engines that one case has to itself, so that all cases run at once.

mod database;
mod indices;
mod keys;

use std::fs;
use std::path::Path;

pub use database::Database;
pub use indices::Indices;
pub use keys::Keys;

/// Where an engine listens; `None` when it does not run. `scripts/services up` writes a line `name url` for each.
#[must_use]
pub fn url(engine: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/services/urls");
    let urls = fs::read_to_string(file).ok()?;
    let line = |line: &str| {
        line.strip_prefix(engine)?
            .strip_prefix(' ')
            .map(str::to_owned)
    };
    urls.lines().find_map(line)
}

fn running(engine: &str) -> String {
    url(engine).unwrap_or_else(|| {
        panic!("{engine} does not run: `scripts/services up {engine}` starts it")
    })
}
