//! From one file to another.

use std::fs;
use std::path::Path;

use crate::Named;
use crate::process::{Server, run};
use crate::program::{FEW, err, export, filled, good, migrate, migration, out, url};

pub(super) const CASES: &[Named<fn()>] = named![
    everything_is_moved_and_compared_and_served_under_the_same_key,
    two_stores_that_differ_are_told_apart,
    a_file_that_a_server_holds_is_refused_and_so_is_another_key,
    what_is_wrong_is_told_in_the_words_of_the_command,
];

fn everything_is_moved_and_compared_and_served_under_the_same_key() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    filled(&one, FEW);
    let told = good(migrate(&one, &other, false));
    assert!(told.contains("both are the same"), "{told}");
    assert!(told.contains(&format!("{FEW} messages")), "{told}");
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

fn two_stores_that_differ_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    filled(&one, FEW);
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

fn a_file_that_a_server_holds_is_refused_and_so_is_another_key() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    filled(&one, FEW);
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
        !output.status.success() && err(&output).contains("the setting token_key does not open"),
        "{}",
        err(&output)
    );
}

fn what_is_wrong_is_told_in_the_words_of_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let one = dir.path().join("one");
    filled(&one, 7);
    let (here, nowhere) = (url(&one), url(&dir.path().join("nowhere")));
    let dotted = url(&dir.path().join("one/../one"));
    let target = url(&dir.path().join("other"));
    for (from, to, told) in [
        (&*here, &*here, "these are the same store"),
        (&*here, &*dotted, "these are the same store"),
        (
            &*here,
            "http://x",
            "--to is http://x, and there is no store",
        ),
        (&*nowhere, &*target, "there is no database at"),
        ("memory:", &*target, "--from is memory:"),
        (&*here, "mysql://h/d?x=y", "--to cannot be used"),
    ] {
        let output = migration(from, to, false).output().unwrap();
        let text = err(&output);
        assert!(!output.status.success() && text.contains(told), "{text}");
        for other in ["the setting store", "--store", "in use by"] {
            assert!(!text.contains(other), "{text}");
        }
    }
}
