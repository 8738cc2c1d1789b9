//! Signals that end a command.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a shell says of a program that Ctrl-C ended.
pub(super) const INTERRUPTED: u8 = 130;

/// Rings on the first SIGINT or SIGTERM, once `notice` was called with its name; the second one ends the process at
/// once.
pub(super) fn on_signal(
    notice: impl FnOnce(&'static str) + Send + 'static,
) -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let ring = stop.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        notice(name);
        ring.cancel();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(i32::from(INTERRUPTED));
    });
    Ok(stop)
}
