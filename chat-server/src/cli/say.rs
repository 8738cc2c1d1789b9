//! What commands write. Whoever read it may have gone: that ends what was done for the reader, and nothing else.

use std::fmt::Display;
use std::io::{self, Write};

use super::Failure;

/// Nobody reads the standard output any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the standard output")]
pub struct ReaderGone;

/// A line on the standard output.
pub(super) fn line(text: impl Display) -> Result<(), Failure> {
    write(format_args!("{text}\n"))
}

/// Text on the standard output.
pub(super) fn write(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        Err(error) => Err(format!("the standard output cannot be written: {error}").into()),
    }
}

/// So many of something that has its plural in s.
pub(super) fn count(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}

/// A line on the standard error, for whoever may be there: no work depends on it.
pub fn aside(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
