//! Log lines: where they go and what they look like.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::TryInitError;

use crate::config::{LogFormat, Settings};

/// A log that nobody reads, or that a full disk does not take, must not keep the server from its work.
struct Unheard(io::Stderr);

impl Write for Unheard {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends log lines to the standard error, as the settings say.
///
/// # Errors
/// When the process logs elsewhere already.
pub fn start(settings: &Settings) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    use tracing_subscriber::util::SubscriberInitExt;
    let filter = EnvFilter::try_new(&settings.log_level)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        // Its own complaint would be a line to the same place.
        .log_internal_errors(false)
        .with_writer(|| Unheard(io::stderr()));
    let started: Result<(), TryInitError> = match settings.log_format {
        LogFormat::Text => lines.finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    };
    Ok(started?)
}
