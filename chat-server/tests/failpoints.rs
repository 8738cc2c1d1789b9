//! Kills the real binary at named places: what is left is whole, and goes on.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::fs;
use std::path::Path;

use process::{Client, Server, run};
use serde_json::json;

fn good(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}{errors}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_nobody_heard_of_is_answered_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let mut client = Client::connect(server.address).await.unwrap();
    let applications = "/api/v1/applications";
    let (_, made) = client
        .post(applications, &json!({ "name": "x" }), None)
        .await
        .unwrap();
    let chats = format!("{applications}/{}/chats", made["token"].as_str().unwrap());
    client.post(&chats, &json!({}), None).await.unwrap();
    assert!(server.stop());
    let messages = format!("{chats}/1/messages");
    for round in 1..=5_u64 {
        let (key, body) = (
            format!("key-{round}"),
            json!({ "body": format!("falling {round}") }),
        );
        let mut server = Server::start(dir.path(), &["--failpoint", "after-commit"]);
        let mut client = Client::connect(server.address).await.unwrap();
        assert!(client.post(&messages, &body, Some(&key)).await.is_err());
        server.kill();
        let server = Server::start(dir.path(), &[]);
        let mut client = Client::connect(server.address).await.unwrap();
        let (status, answer) = client.post(&messages, &body, Some(&key)).await.unwrap();
        assert_eq!(
            (status.as_u16(), answer["number"].as_u64()),
            (201, Some(round))
        );
        // Nobody announced it: the sweeper brings it into the index.
        let search = format!("{messages}/search?query=falling");
        while client
            .get(&search)
            .await
            .unwrap()
            .1
            .as_array()
            .unwrap()
            .len()
            < round as usize
        {
            tokio::task::yield_now().await;
        }
        assert!(server.stop());
    }
    assert!(good(dir.path(), &["check"]).contains("5 messages: 0 findings"));
}

#[test]
fn an_import_that_dies_while_the_log_is_copied_goes_on() {
    const LINES: usize = 50_000;
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("long.jsonl"));
    let body = "word ".repeat(400);
    let line = |at| format!("{{\"chat\":\"c{}\",\"body\":\"{at} {body}\"}}\n", at % 10);
    fs::write(&file, (0..LINES).map(line).collect::<String>()).unwrap();
    let import = ["import", "--no-index", file.to_str().unwrap()];
    let died = run(
        &data,
        &[&import[..], &["--failpoint", "during-checkpoint"]].concat(),
    );
    assert_eq!(died.status.code(), None, "it was to be killed");
    let text = good(&data, &import);
    assert!(!text.contains("nothing new"), "{text}");
    assert!(good(&data, &["check"]).contains(&format!("10 chats, {LINES} messages: 0 findings")));
}

#[test]
fn a_backup_that_dies_leaves_no_copy_and_the_next_one_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    good(&data, &["application", "create", "shop"]);
    let copy_name = copy.to_str().unwrap();
    let died = run(
        &data,
        &["backup", copy_name, "--failpoint", "during-backup"],
    );
    assert_eq!(died.status.code(), None, "it was to be killed");
    assert!(!copy.join("chat.db").exists());
    good(&data, &["backup", "--with-key", copy_name]);
    assert!(good(&copy, &["application", "list"]).contains("shop"));
    assert!(good(&copy, &["check"]).contains("0 findings"));
}
