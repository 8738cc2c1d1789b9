//! One server on several addresses at once.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::net::SocketAddr;

use process::{Client, Server};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_at_one_address_is_there_at_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    let lines = server.welcome.lines();
    let told = lines.filter_map(|line| line.strip_prefix("listens on  http://"));
    let addresses: Vec<SocketAddr> = told.map(|address| address.parse().unwrap()).collect();
    assert_eq!(addresses.len(), 2, "{}", server.welcome);
    assert_ne!(addresses[0], addresses[1]);
    let mut one = Client::connect(addresses[0]).await.unwrap();
    let mut other = Client::connect(addresses[1]).await.unwrap();
    let root = "/api/v1/applications";
    let (status, made) = one.post(root, &json!({"name": "X"}), None).await.unwrap();
    assert_eq!(status, 201);
    let path = format!("{root}/{}", made["token"].as_str().unwrap());
    let (status, seen) = other.get(&path).await.unwrap();
    assert_eq!((status.as_u16(), seen), (200, made));
}
