//! The commands of the real binary.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};
use std::thread;

use process::{Client, Server, command, run};

const LINES: &str = "\
{\"chat\":\"a\",\"at\":\"2004-11-15T12:18:00Z\",\"author\":\"x\",\"body\":\"hello\"}
{\"chat\":\"a\",\"at\":\"2004-11-15T12:19:00Z\",\"author\":\"y\",\"body\":\"hi\",\"edited_at\":\"2004-11-16T00:00:00Z\",\"data\":{\"a\":1},\"reply_to\":1}
{\"chat\":\"a\",\"at\":\"2004-11-15T12:20:00Z\",\"author\":\"y\",\"deleted_at\":\"2004-11-16T00:00:00Z\"}
{\"chat\":null,\"number\":2}
{\"chat\":\"b\",\"number\":3,\"at\":\"2004-11-15T12:18:00.500Z\",\"body\":\"one b\"}
{\"chat\":\"b\",\"number\":4,\"at\":\"2004-11-15T12:18:00Z\",\"body\":\"another b\"}
";

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

/// The token of the application with this name.
fn token(data: &Path, name: &str) -> String {
    let list = good(run(data, &["application", "list"]));
    let line = list.lines().find(|line| line.ends_with(name)).unwrap();
    let public_id = line.split_whitespace().next().unwrap();
    good(run(data, &["application", "token", public_id]))
        .trim()
        .to_owned()
}

#[test]
fn what_is_imported_is_exported_and_imported_again() {
    let dir = tempfile::tempdir().unwrap();
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    let file = dir.path().join("talk.jsonl");
    fs::write(&file, LINES).unwrap();
    let file = file.to_str().unwrap();
    let text = good(run(&data, &["import", file]));
    assert!(
        text.contains("5 messages and 4 new chats imported into talk"),
        "{text}"
    );
    let text = good(run(&data, &["import", file]));
    assert!(text.contains("nothing new: 6 lines"), "{text}");
    let token_here = token(&data, "talk");
    let exported = good(run(&data, &["export", "--application", &token_here]));
    assert_eq!(exported, LINES);
    let zip = dir.path().join("talk.jsonl.gz");
    let zip = zip.to_str().unwrap();
    good(run(
        &data,
        &["export", "--application", &token_here, "--gzip", zip],
    ));
    good(run(&other, &["import", zip, "--name", "copy"]));
    let token = token(&other, "copy");
    assert_eq!(
        good(run(&other, &["export", "--application", &token])),
        LINES
    );
    assert!(good(run(&other, &["check"])).contains("0 findings"));
}

#[test]
fn the_standard_input_is_imported_and_a_bad_line_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let import = |arguments: &[&str], lines: &str| {
        let mut child = command(&data)
            .args(["import", "--name", "talk"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(lines.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    };
    let lines = "{\"chat\":\"a\",\"body\":\"1\"}\n{\"chat\":\"a\",\"body\":2}\n{\"chat\":\"a\",\"body\":\"3\"}\n";
    let failed = import(&[], lines);
    assert_eq!(failed.status.code(), Some(1));
    let text = err(&failed);
    assert!(
        text.contains("line 2 invalid type") && text.contains("--bad-lines skip"),
        "{text}"
    );
    assert!(out(&failed).contains("1 message "), "{}", out(&failed));
    let skipped = import(&["--bad-lines", "skip"], lines);
    assert!(
        err(&skipped).contains("line 2 invalid type"),
        "{}",
        err(&skipped)
    );
    assert!(good(skipped).contains("1 message and 0 new chats"));
    // A name makes a file that grows the same source.
    good(import(
        &["--source", "log"],
        "{\"chat\":\"b\",\"body\":\"1\"}\n",
    ));
    let grown = "{\"chat\":\"b\",\"body\":\"1\"}\n{\"chat\":\"b\",\"body\":\"2\"}\n";
    assert!(good(import(&["--source", "log"], grown)).contains("1 message "));
}

#[test]
fn a_server_says_where_it_listens_and_what_works_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let file = dir.path().join("talk.jsonl");
    fs::write(&file, LINES).unwrap();
    good(run(&data, &["import", file.to_str().unwrap()]));
    let server = Server::start(&data, &[]);
    assert!(server.welcome.contains(&format!(
        "curl -s -X POST http://{}/api/v1/applications",
        server.address
    )));
    // Only one writes, and the other is told who does.
    let refused = run(&data, &["import", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        err(&refused).contains(&server.id().to_string()),
        "{}",
        err(&refused)
    );
    let made = good(run(&data, &["application", "create", "x"]));
    assert_eq!(made.lines().last().unwrap(), token(&data, "x"));
    let taken = run(&data, &["application", "create", "x"]);
    assert!(
        err(&taken).contains("already been taken"),
        "{}",
        err(&taken)
    );
    let token = token(&data, "talk");
    assert_eq!(
        good(run(&data, &["export", "--application", &token])),
        LINES
    );
    assert!(good(run(&data, &["check"])).contains("0 findings"));
    let text = good(run(&data, &["reindex"]));
    assert!(text.contains("of 4 chats indexed"), "{text}");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut client = Client::connect(server.address).await.unwrap();
        let path = format!("/api/v1/applications/{token}/chats/1/messages/search?query=hello");
        let (status, found) = client.get(&path).await.unwrap();
        assert_eq!(
            (status.as_u16(), found[0]["number"].as_u64()),
            (200, Some(1))
        );
    });
    let backup = dir.path().join("backup");
    let without_key = dir.path().join("without");
    good(run(
        &data,
        &["backup", "--with-key", backup.to_str().unwrap()],
    ));
    good(run(&data, &["backup", without_key.to_str().unwrap()]));
    assert!(server.stop());
    assert_eq!(
        good(run(&backup, &["export", "--application", &token])),
        LINES
    );
    // A copy without its key says so, and a copy with it serves.
    let refused = run(&without_key, &["reindex"]);
    assert!(
        err(&refused).contains("token.key is missing"),
        "{}",
        err(&refused)
    );
    assert!(Server::start(&backup, &[]).stop());
}

#[test]
fn the_queue_in_a_server_is_looked_at_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let nobody = run(data, &["jobs"]);
    assert!(err(&nobody).contains("no server runs"), "{}", err(&nobody));
    let server = Server::start(data, &[]);
    let jobs = good(run(data, &["jobs"]));
    assert!(jobs.contains("0 waiting"), "{jobs}");
    assert_eq!(good(run(data, &["dead-letters", "list"])), "");
    const ID: &str = "0198a2b4-0000-7000-8000-000000000001";
    for action in ["retry", "drop"] {
        let refused = run(data, &["dead-letters", action, ID]);
        assert_eq!(refused.status.code(), Some(1));
        let told = err(&refused);
        assert!(told.contains(&format!("no dead letter {ID}")), "{told}");
    }
    assert!(server.stop());
}

#[test]
fn a_new_epoch_tells_followers_to_begin_anew() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let nothing = run(data, &["epoch", "new"]);
    assert!(err(&nothing).contains("no database"), "{}", err(&nothing));
    let path = good(run(data, &["application", "create", "shop"]));
    let path = format!(
        "/api/v1/applications/{}/chats",
        path.lines().last().unwrap()
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Server::start(data, &[]);
    let cursor = runtime.block_on(async {
        let mut client = Client::connect(server.address).await.unwrap();
        let none = serde_json::json!({});
        let (_, chat) = client.post(&path, &none, None).await.unwrap();
        chat["cursor"].as_str().unwrap().to_owned()
    });
    let refused = run(data, &["epoch", "new"]);
    assert!(
        err(&refused).contains(&server.id().to_string()),
        "{}",
        err(&refused)
    );
    assert!(server.stop());
    good(run(data, &["epoch", "new"]));
    let server = Server::start(data, &[]);
    let (status, problem) = runtime.block_on(async {
        let mut client = Client::connect(server.address).await.unwrap();
        let changes = format!("{path}/1/changes?after={cursor}");
        client.get(&changes).await.unwrap()
    });
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (410, Some("cursor_reset"))
    );
    assert!(server.stop());
}

#[test]
fn an_application_is_made_and_its_token_told() {
    let dir = tempfile::tempdir().unwrap();
    let made = good(run(dir.path(), &["application", "create", "shop"]));
    let token_made = made.lines().last().unwrap();
    assert_eq!(token(dir.path(), "shop"), token_made);
    let default = good(run(dir.path(), &["application", "token", "--default"]));
    assert_ne!(default.trim(), token_made);
    assert_eq!(
        good(run(dir.path(), &["export", "--application", token_made])),
        ""
    );
}

#[test]
fn an_import_that_is_interrupted_says_how_to_go_on() {
    const LINES: usize = 60_000;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let line = |at| format!("{{\"chat\":\"c\",\"body\":\"some message that is number {at}\"}}\n");
    let lines: String = (0..LINES).map(line).collect();
    let arguments = ["import", "--name", "talk", "--source", "pipe", "--no-index"];
    let mut child = command(&data)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // More than it reads before it takes the first line over, and less than all.
    pipe.write_all(&lines.as_bytes()[..lines.len() * 3 / 4])
        .unwrap();
    let told = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(told.unwrap().success());
    let stopped = child.wait_with_output().unwrap();
    drop(pipe);
    assert_eq!(stopped.status.code(), Some(130));
    assert!(
        out(&stopped).contains("run the same command again to go on"),
        "{}",
        out(&stopped)
    );
    let file = dir.path().join("lines");
    fs::write(&file, &lines).unwrap();
    let done = command(&data).args(arguments).arg(&file).output().unwrap();
    let text = good(done);
    assert!(text.contains("imported into talk"), "{text}");
    let exported = good(run(
        &data,
        &["export", "--application", &token(&data, "talk")],
    ));
    assert_eq!(exported.lines().count(), LINES);
    for (at, line) in exported.lines().enumerate() {
        assert!(line.contains(&format!("number {at}\"")), "{line}");
    }
}

#[test]
fn the_help_of_a_command_shows_what_it_uses() {
    let dir = tempfile::tempdir().unwrap();
    let help = |arguments: &[&str]| good(run(dir.path(), arguments));
    for arguments in [&["check", "--help"][..], &["application", "list", "--help"]] {
        let help = help(arguments);
        assert!(help.contains("--store"), "{help}");
        assert!(!help.contains("--body-limit"), "{help}");
    }
    for arguments in [&["--help"][..], &["serve", "--help"]] {
        assert!(help(arguments).contains("--body-limit"));
    }
}

#[test]
fn no_command_indexes_a_store_of_many_processes_into_an_index_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let store = ["--store", "mysql://u:s3cret@127.0.0.1:1/d", "--token-key"];
    let key = "ab".repeat(32);
    let queue = ["--queue", "redis://127.0.0.1:1", "--listen", "127.0.0.1:0"];
    let file = dir.path().join("some.jsonl");
    fs::write(&file, LINES).unwrap();
    let file = file.to_str().unwrap();
    for arguments in [&["serve"][..], &["worker"], &["reindex"], &["import", file]] {
        let mut command = command(dir.path());
        command.args(store).arg(&key).args(queue).args(arguments);
        let refused = command.output().unwrap();
        let told = err(&refused);
        assert!(
            !refused.status.success() && told.contains("name an Elasticsearch that they share"),
            "{arguments:?}: {told}"
        );
        assert!(!dir.path().join("search.db").exists());
    }
}

#[test]
fn a_queue_that_can_never_work_is_named_in_the_log() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It is no Redis. It ends with the process of the tests.
    thread::spawn(move || {
        for connection in listener.incoming() {
            let _ =
                connection.map(|mut one| one.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nno\r\n"));
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let queue = format!("redis://u:s3cret@{address}/0?prefix=shop:");
    let mut server = command(dir.path())
        .args(["--queue", &queue, "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(server.stderr.take().unwrap());
    let mut log = log.lines().map(Result::unwrap);
    let shown = format!("redis://(hidden)@{address}/0?prefix=shop:");
    let named = log.by_ref().find(|line| {
        assert!(!line.contains("s3cret"), "{line}");
        // A line that does not begin with its time is the rest of another one.
        assert!(line.contains("Z ") && line.starts_with("20"), "{line}");
        line.contains("the setting queue cannot be used") && line.contains(&shown)
    });
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(named.is_some());
}
