//! Log lines: where they go and what they look like.

use std::borrow::Cow;
use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::TryInitError;

use crate::config::{LogFormat, Settings};

/// A log that nobody reads, or that a full disk does not take, must not keep the server from its work.
struct Unheard<W>(W);

impl<W: Write> Write for Unheard<W> {
    /// Takes a whole event, which is one line whatever a backend's error holds.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(&one_line(event));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The line, with breaks inside it told as `\n` and `\r`.
fn one_line(event: &[u8]) -> Cow<'_, [u8]> {
    let text = event.strip_suffix(b"\n").unwrap_or(event);
    if !text.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Cow::Borrowed(event);
    }
    let mut line = Vec::with_capacity(event.len() + 8);
    for byte in text {
        match byte {
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            byte => line.push(*byte),
        }
    }
    line.extend_from_slice(&event[text.len()..]);
    Cow::Owned(line)
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

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What is logged while the guard lives, in this thread.
    #[derive(Clone, Default)]
    pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        pub(crate) fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
            let lines = Self::default();
            let writer = lines.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(move || Unheard(writer.clone()))
                .finish();
            (lines, tracing::subscriber::set_default(subscriber))
        }

        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn an_event_is_one_line_whatever_a_backend_says() {
        let (lines, guard) = Lines::listen();
        let error = "Parse error at 1\nUnexpected\r\n";
        tracing::warn!(%error, "first\nsecond");
        tracing::warn!("next");
        drop(guard);
        let text = lines.text();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\r'), "{text}");
        assert!(
            text.contains("first\\nsecond") && text.ends_with("next\n"),
            "{text}"
        );
    }
}
