//! A search file beside the real binary that is not the whole index of its store: nobody has to know about it.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::fs;
use std::path::Path;

use chat_embedded::{SearchConfig, SqliteSearch};
use process::{Client, Server, run};
use serde_json::{Value, json};

const APPLICATIONS: &str = "/api/v1/applications";

struct Talk {
    client: Client,
    messages: String,
}

impl Talk {
    /// Goes on in a chat whose messages have this path.
    async fn over(server: &Server, messages: &str) -> Self {
        let client = Client::connect(server.address).await.unwrap();
        let messages = messages.to_owned();
        Self { client, messages }
    }

    async fn begin(server: &Server) -> Self {
        let mut client = Client::connect(server.address).await.unwrap();
        let name = json!({ "name": "shop" });
        let (_, made) = client.post(APPLICATIONS, &name, None).await.unwrap();
        let chats = format!("{APPLICATIONS}/{}/chats", made["token"].as_str().unwrap());
        client.post(&chats, &json!({}), None).await.unwrap();
        let messages = format!("{chats}/1/messages");
        Self { client, messages }
    }

    async fn post(&mut self, body: &str) -> u64 {
        let body = json!({ "body": body });
        let (_, posted) = self.client.post(&self.messages, &body, None).await.unwrap();
        posted["number"].as_u64().unwrap()
    }

    /// What is found once the index is complete and has been told of this number.
    async fn find(&mut self, query: &str, through: u64) -> Vec<u64> {
        loop {
            let (_, ready) = self.client.get("/readyz").await.unwrap();
            let search = format!("{}/search?query={query}", self.messages);
            let search = http::Request::get(search).header("host", "localhost");
            let answer = search.body(Default::default()).unwrap();
            let answer = self.client.send(answer).await.unwrap();
            let indexed = answer.headers()["x-indexed-through"].to_str().unwrap();
            if ready["status"] == "ready" && indexed.parse::<u64>().unwrap() >= through {
                let found: Value = serde_json::from_slice(answer.body()).unwrap();
                let found = found.as_array().unwrap().iter();
                return found.filter_map(|one| one["number"].as_u64()).collect();
            }
            tokio::task::yield_now().await;
        }
    }
}

/// The file that a kill between the first start over a store and the end of the first rebuild leaves.
async fn begin_anew(data: &Path) {
    let file = data.join("search.db");
    fs::remove_file(&file).unwrap();
    let index = SqliteSearch::open(SearchConfig::new(file)).unwrap();
    index.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_was_cut_short_is_completed_by_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let mut talk = Talk::begin(&server).await;
    for _ in 0..3 {
        talk.post("tea").await;
    }
    assert_eq!(talk.find("tea", 3).await, [3, 2, 1]);
    assert!(server.stop());
    begin_anew(dir.path()).await;
    let server = Server::start(dir.path(), &[]);
    let mut talk = Talk::over(&server, &talk.messages).await;
    assert_eq!(talk.post("more tea").await, 4);
    assert_eq!(talk.find("tea", 4).await, [4, 3, 2, 1]);
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_does_not_take_the_index_of_what_was_lost_for_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (data, backup) = (dir.path().join("data"), dir.path().join("backup"));
    let server = Server::start(&data, &[]);
    let mut talk = Talk::begin(&server).await;
    talk.post("tea").await;
    let made = run(&data, &["backup", backup.to_str().unwrap()]);
    assert!(made.status.success());
    talk.post("coffee").await;
    assert_eq!(talk.find("coffee", 2).await, [2]);
    assert!(server.stop());
    fs::rename(backup.join("chat.db"), data.join("chat.db")).unwrap();
    let server = Server::start(&data, &[]);
    let mut talk = Talk::over(&server, &talk.messages).await;
    // The old index has another message of this number and version.
    assert_eq!(talk.post("green tea").await, 2);
    assert_eq!(talk.find("tea", 2).await, [2, 1]);
    assert!(talk.find("coffee", 2).await.is_empty());
    assert!(server.stop());
}
