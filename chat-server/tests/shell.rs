//! What a shell does to the real binary: pipes whose reader goes, wrong values, the modes of files.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::fs;
use std::io::{BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use process::{Client, Server, command, run, welcome};

fn refused(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success(), "it was taken: {text}");
    text
}

#[test]
fn a_server_that_nobody_reads_answers_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = command(dir.path())
        .args(["--listen", "127.0.0.1:0", "--access-log", "all"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (address, _) = welcome(&mut out);
    drop(out);
    drop(child.stderr.take());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for _ in 0..3 {
            let mut client = Client::connect(address).await.unwrap();
            let (status, _) = client.get("/readyz").await.unwrap();
            assert_eq!(status.as_u16(), 200);
        }
    });
    let told = Command::new("kill").arg(child.id().to_string()).status();
    assert!(told.unwrap().success());
    let patience = std::time::Duration::from_secs(60);
    let (ended, wait) = std::sync::mpsc::channel();
    let process = child.id();
    std::thread::spawn(move || ended.send(child.wait().unwrap()));
    match wait.recv_timeout(patience) {
        Ok(status) => assert!(status.success(), "{status}"),
        Err(_) => {
            let _ = Command::new("kill")
                .args(["-KILL", &process.to_string()])
                .status();
            panic!("it does not stop");
        }
    }
}

#[test]
fn a_list_whose_reader_has_enough_ends_quietly() {
    let dir = tempfile::tempdir().unwrap();
    assert!(
        run(dir.path(), &["application", "create", "x"])
            .status
            .success()
    );
    for arguments in [["application", "list"], ["config", "show"]] {
        let mut child = command(dir.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        let mut err = child.stderr.take().unwrap();
        err.read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(said, "");
    }
}

#[test]
fn the_default_application_is_in_no_list() {
    let dir = tempfile::tempdir().unwrap();
    assert!(
        run(dir.path(), &["application", "create", "shop"])
            .status
            .success()
    );
    let list = String::from_utf8(run(dir.path(), &["application", "list"]).stdout).unwrap();
    assert!(
        list.lines().count() == 1 && list.trim_end().ends_with("shop"),
        "{list}"
    );
}

#[test]
fn a_value_that_cannot_be_is_refused_with_the_form_that_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    for (flag, value, wanted) in [
        ("--store", "sqlite:", "memory:"),
        ("--store", "sqlite://", "needs a path"),
        ("--store", "sqlite::memory:", "memory:"),
        ("--search", "sqlite:", "needs a path"),
        (
            "--log-level",
            "bogus",
            "off, error, warn, info, debug, trace",
        ),
        (
            "--log-level",
            "info,bogus",
            "off, error, warn, info, debug, trace",
        ),
        ("--listen", "localhost:3000", "127.0.0.1:3000"),
        ("--body-limit", "1k", "1048576"),
    ] {
        let text = refused(&run(dir.path(), &[flag, value, "config", "show"]));
        assert!(text.contains(wanted), "{flag} {value}: {text}");
    }
    for level in ["debug", "WARN", "warn,chat_core=debug", "chat_core=trace"] {
        let taken = run(dir.path(), &["--log-level", level, "config", "show"]);
        assert!(taken.status.success(), "{level}");
    }
}

#[test]
fn a_wrong_environment_variable_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut show = command(dir.path());
    show.env("CHAT_RATE_LIMIT", "abc").args(["config", "show"]);
    let text = refused(&show.output().unwrap());
    assert!(
        text.contains("CHAT_RATE_LIMIT") && text.contains("--rate-limit"),
        "{text}"
    );
    let mut show = command(dir.path());
    show.args(["config", "show", "--rate-limit=abc"]);
    let text = refused(&show.output().unwrap());
    assert!(
        !text.contains("CHAT_") && text.contains("--rate-limit"),
        "{text}"
    );
}

#[test]
fn the_settings_are_shown_with_where_they_come_from() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("chat.toml");
    fs::write(&file, "idle_timeout = \"5s\"\nbody_timeout = \"5s\"\n").unwrap();
    let mut show = command(dir.path());
    show.env("CHAT_BODY_TIMEOUT", "7s")
        .args(["config", "show", "--write-timeout", "8s", "--config"])
        .arg(&file);
    let shown = String::from_utf8(show.output().unwrap().stdout).unwrap();
    for line in [
        "idle_timeout = \"5s\"  # the file",
        "body_timeout = \"7s\"  # CHAT_BODY_TIMEOUT",
        "write_timeout = \"8s\"  # --write-timeout",
        "header_timeout = \"10s\"  # default",
        "# admin_key is not set: nobody is asked for one",
    ] {
        assert!(shown.lines().any(|one| one == line), "{line}: {shown}");
    }
    assert!(shown.contains(file.to_str().unwrap()) && shown.contains("# door is not set"));
    // It can be used as a file.
    let again = dir.path().join("again.toml");
    fs::write(&again, &shown).unwrap();
    let again = ["--config", again.to_str().unwrap(), "config", "show"];
    assert!(run(dir.path(), &again).status.success());
}

#[test]
fn a_source_without_a_line_makes_no_application() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("talk.jsonl"));
    assert!(run(&data, &["application", "create", "x"]).status.success());
    fs::write(&file, "").unwrap();
    let empty = run(&data, &["import", file.to_str().unwrap()]);
    let said = String::from_utf8(empty.stdout.clone()).unwrap();
    assert!(
        empty.status.success() && said.contains("is empty"),
        "{said}"
    );
    fs::write(&file, [0x1f, 0x8b, 8, 0]).unwrap();
    let text = refused(&run(&data, &["import", file.to_str().unwrap()]));
    assert!(text.contains("talk.jsonl cannot be read"), "{text}");
    let list = String::from_utf8(run(&data, &["application", "list"]).stdout).unwrap();
    assert_eq!(list.lines().count(), 1, "{list}");
}

#[test]
fn what_failed_is_told_without_the_names_of_calls() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let text = refused(&run(dir.path(), &["epoch", "new"]));
    // The setting is named as it was given.
    let told = text.replace("sqlite:", "");
    assert!(
        text.contains(&server.id().to_string()) && !told.contains("sqlite"),
        "{text}"
    );
    assert!(server.stop());
}

/// What others may do with everything in a directory, and with it.
fn open_to_others(path: &Path, open: &mut Vec<String>) {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    if mode & 0o077 != 0 {
        open.push(format!("{} {mode:o}", path.display()));
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            open_to_others(&entry.unwrap().path(), open);
        }
    }
}

#[test]
fn what_is_kept_is_readable_by_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (data, backup) = (dir.path().join("data"), dir.path().join("backup"));
    let server = Server::start(&data, &[]);
    let copied = run(&data, &["backup", "--with-key", backup.to_str().unwrap()]);
    assert!(copied.status.success());
    assert!(data.join("chat.db-wal").exists() && data.join("search.db").exists());
    let mut open = Vec::new();
    open_to_others(&data, &mut open);
    open_to_others(&backup, &mut open);
    assert!(server.stop());
    assert_eq!(open, [""; 0]);
}
