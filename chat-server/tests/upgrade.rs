//! What the real binary says to files of another time.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use process::run;

/// Every file of a directory with what is in it, but the lock, which says who held it last, and the memory that
/// readers share.
fn content(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(data).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            !["lock", "db-shm"]
                .iter()
                .any(|end| path.extension() == Some(end.as_ref()))
        })
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// Writes the version of the schema where SQLite keeps it: the bytes 60 to 63 of the file.
fn set_version(file: &Path, version: u32) -> u32 {
    let mut bytes = fs::read(file).unwrap();
    let known = u32::from_be_bytes(bytes[60..64].try_into().unwrap());
    bytes[60..64].copy_from_slice(&version.to_be_bytes());
    fs::write(file, bytes).unwrap();
    known
}

#[test]
fn a_store_of_a_newer_version_is_refused_by_every_command_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let made = run(&data, &["application", "create", "shop"]);
    assert!(made.status.success(), "{made:?}");
    let file = data.join("chat.db");
    let known = set_version(&file, 4711);
    let before = content(&data);
    let copy = folder.path().join("copy");
    let token = "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11";
    let lines = folder.path().join("lines.jsonl");
    fs::write(&lines, "{\"chat\":\"a\",\"body\":\"b\"}\n").unwrap();

    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["application", "list"],
        &["application", "create", "other"],
        &["export", "--application", token],
        &["import", lines.to_str().unwrap()],
        &["check"],
        &["backup", copy.to_str().unwrap()],
        &["reindex"],
    ] {
        let refused = run(&data, arguments);
        let text = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {text}");
        for part in [
            file.to_str().unwrap(),
            "newer version",
            "schema is 4711",
            &format!("knows up to {known}"),
        ] {
            assert!(text.contains(part), "{arguments:?} says no {part}: {text}");
        }
        let now = content(&data);
        for (path, bytes) in &before {
            assert!(now[path] == *bytes, "{arguments:?} changed {path:?}");
        }
        for (path, bytes) in now.iter().filter(|(path, _)| !before.contains_key(*path)) {
            assert!(bytes.is_empty(), "{arguments:?} left {path:?}");
        }
        assert!(!copy.exists(), "{arguments:?}");
    }

    set_version(&file, known);
    let list = run(&data, &["application", "list"]);
    assert!(String::from_utf8(list.stdout).unwrap().contains("shop"));
}
