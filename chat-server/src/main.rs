//! The `chat-server` program.

use std::process::ExitCode;

use chat_server::cli::Cli;
use clap::Parser;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chat-server: {}", chat_server::cli::sentence(&*error));
            ExitCode::FAILURE
        }
    }
}
