//! The bare side of `http`: warp reads JSON and answers it.

use std::io::Write as _;

use serde_json::Value;
use tokio::net::TcpListener;
use warp::Filter as _;

use crate::Failure;

/// Prints the address, then serves until the process is ended.
pub(crate) async fn run() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let routes = warp::post()
        .and(warp::body::json())
        .map(|message: Value| warp::reply::json(&message));
    warp::serve(routes).incoming(listener).run().await;
    Ok(())
}
