//! One command a figure: what is measured and what it is held against run in turns, in the same
//! run on the same machine, over loopback alone, and every command ends by itself.

mod bounded;
mod client;
mod commit;
mod corpus;
mod echo;
mod engines;
mod figures;
mod fill;
mod history;
mod http;
mod import;
mod index;
mod isolation;
mod lag;
mod live;
mod load;
mod memory;
mod migrate;
mod nodes;
mod pages;
mod people;
mod posts;
mod process;
mod raw;
mod search;
mod server;
mod start;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What ends a measurement early.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures chat beside the bare parts it is made of, and prints rows of a markdown table.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Durable posts over HTTP against a bare warp echo
    Http(http::Http),
    /// Commits of batches as they form against a raw insert loop
    Commit(commit::Commit),
    /// A page in the middle of a long chat against the first page of a short one
    History(history::History),
    /// Search of each class against raw FTS5 with the same terms
    Search(search::Search),
    /// `chat-server import` against raw inserts of the same rows
    Import(import::Import),
    /// Anonymous resident memory after the start, and while serving after an import
    Memory(memory::Memory),
    /// Size of the binary, and time from start to ready on an existing file
    Start(start::Start),
    /// Posts of a quiet application while another is flooded
    Isolation(isolation::Isolation),
    /// Memory and log while a long list is read slowly
    Bounded(bounded::Bounded),
    /// Durable posts into MySQL, direct and queued, against bare inserts
    Posts(posts::Posts),
    /// Posts into one chat over two nodes against over one
    Nodes(nodes::Nodes),
    /// Pages of a long chat on MySQL against the same SQL by hand
    Pages(pages::Pages),
    /// Indexing into Elasticsearch against bare `_bulk` requests
    Index(index::Index),
    /// `chat-server migrate` into MySQL against bare inserts of the same rows
    Migrate(migrate::Migrate),
    /// The list of somebody's chats, and the latest page of one through two APIs
    Lists(people::Lists),
    /// Logins against the bare check of a password, and posts beside them
    Logins(people::Logins),
    /// Messages as they happen, on sockets
    Live(live::Live),
    /// The broadcast that `live fan-out` measures against
    #[command(hide = true)]
    Broadcast,
    /// The echo that `http` measures against
    #[command(hide = true)]
    Echo,
}

fn main() -> ExitCode {
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(run(Cli::parse().what)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(what: What) -> Result<(), Failure> {
    match what {
        What::Http(args) => args.run().await,
        What::Commit(args) => args.run().await,
        What::History(args) => args.run().await,
        What::Search(args) => args.run().await,
        What::Import(args) => args.run(),
        What::Memory(args) => args.run().await,
        What::Start(args) => args.run().await,
        What::Isolation(args) => args.run().await,
        What::Bounded(args) => args.run().await,
        What::Posts(args) => args.run().await,
        What::Nodes(args) => args.run().await,
        What::Pages(args) => args.run().await,
        What::Index(args) => args.run().await,
        What::Migrate(args) => args.run().await,
        What::Lists(args) => args.run().await,
        What::Logins(args) => args.run().await,
        What::Live(args) => args.run().await,
        What::Broadcast => live::broadcast().await,
        What::Echo => echo::run().await,
    }
}
