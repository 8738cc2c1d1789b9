//! `migrate` of the real binary, from one file to another: the way is the same for every store.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use process::{Server, command, run};

const LINES: u64 = 4_000;

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn good(output: Output) -> String {
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    out(&output)
}

/// A database with imported messages in it.
fn filled(data: &Path) {
    let file = data.with_extension("jsonl");
    let line = |n: u64| {
        let chat = n % 7;
        format!(
            "{{\"chat\":\"c{chat}\",\"at\":\"2004-11-15T12:18:00Z\",\"author\":\"x\",\"body\":\"message {n} 🧵\"}}\n"
        )
    };
    fs::write(&file, (0..LINES).map(line).collect::<String>()).unwrap();
    let file = file.to_str().unwrap();
    good(run(data, &["import", file, "--name", "shop", "--no-index"]));
}

fn url(data: &Path) -> String {
    format!("sqlite:{}", data.join("chat.db").display())
}

fn migrate(from: &Path, to: &Path, verify: bool) -> Output {
    let (from, to) = (url(from), url(to));
    let mut arguments = vec!["migrate", "--from", &from, "--to", &to];
    arguments.extend(verify.then_some("--verify"));
    run(Path::new("unused"), &arguments)
}

/// What the application's export says.
fn export(data: &Path) -> String {
    let list = good(run(data, &["application", "list"]));
    let line = list.lines().find(|line| line.ends_with("shop")).unwrap();
    let public_id = line.split_whitespace().next().unwrap();
    let token = good(run(data, &["application", "token", public_id]));
    good(run(data, &["export", "--application", token.trim()]))
}

#[test]
fn everything_is_moved_and_compared_and_served_under_the_same_key() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    filled(&one);
    let told = good(migrate(&one, &other, false));
    assert!(told.contains("both are the same"), "{told}");
    assert!(told.contains(&format!("{LINES} messages")), "{told}");
    fs::copy(one.join("token.key"), other.join("token.key")).unwrap();
    assert_eq!(export(&one), export(&other));
    let again = migrate(&one, &other, false);
    assert!(
        !again.status.success() && err(&again).contains("it is not empty"),
        "{}",
        err(&again)
    );
    good(migrate(&one, &other, true));
    assert!(Server::start(&other, &[]).stop());
}

#[test]
fn two_stores_that_differ_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    filled(&one);
    good(migrate(&one, &other, false));
    fs::copy(one.join("token.key"), other.join("token.key")).unwrap();
    let more = dir.path().join("more.jsonl");
    fs::write(
        &more,
        "{\"chat\":\"new\",\"at\":\"2004-11-15T12:18:00Z\",\"body\":\"more\"}\n",
    )
    .unwrap();
    let more = more.to_str().unwrap();
    good(run(
        &other,
        &["import", more, "--name", "shop", "--no-index"],
    ));
    let output = migrate(&one, &other, true);
    assert_eq!(output.status.code(), Some(1));
    let told = out(&output);
    assert!(
        told.contains("the messages of chat 8") && told.contains("only in the second store"),
        "{told}"
    );
}

#[test]
fn a_file_that_a_server_holds_is_refused_and_so_is_another_key() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    filled(&one);
    let server = Server::start(&one, &[]);
    let output = migrate(&one, &other, false);
    assert!(
        !output.status.success() && err(&output).contains("in use by process"),
        "{}",
        err(&output)
    );
    assert!(server.stop());
    let (from, to, key) = (url(&one), url(&other), "ab".repeat(32));
    let arguments = ["migrate", "--from", &from, "--to", &to, "--token-key", &key];
    let output = run(Path::new("unused"), &arguments);
    assert!(
        !output.status.success() && err(&output).contains("cannot be opened with --token-key"),
        "{}",
        err(&output)
    );
}

/// Wherever the kill falls, the same command goes on, and nothing is doubled or missing.
#[test]
fn a_killed_migration_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    filled(&one);
    let (from, to) = (url(&one), url(&other));
    let mut child = command(Path::new("unused"))
        .args(["migrate", "--from", &from, "--to", &to])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Once the log is there, parts are being written.
    while !other.join("chat.db-wal").exists() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    if !status.success() {
        let told = good(migrate(&one, &other, false));
        assert!(told.contains("both are the same"), "{told}");
    }
    let told = good(migrate(&one, &other, true));
    assert!(told.contains(&format!("{LINES} messages")), "{told}");
}
