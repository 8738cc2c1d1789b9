//! The `chat-server` program.

use std::process::ExitCode;

use chat_server::cli::{self, Cli};

fn main() -> ExitCode {
    // Messages and tokens are in what it keeps: what it makes is for its owner alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    match Cli::read().run() {
        Ok(code) => code,
        // `| head` has what it wanted.
        Err(error) if error.is::<cli::ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            cli::aside(format_args!("chat-server: {}", cli::sentence(&*error)));
            ExitCode::FAILURE
        }
    }
}
