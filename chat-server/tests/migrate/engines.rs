//! To an engine and back.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Named;
use crate::place::Place;
use crate::process::command;
use crate::program::{FEW, err, export, export_by, filled, good, migrate, migration, out, url};

/// So many take long enough to be stopped among them.
const MANY: u64 = 20_000;
/// The key of servers on a database.
const KEY: &str = "abababababababababababababababababababababababababababababababab";

pub(super) const CASES: &[Named<fn(&Place)>] = named![
    there_and_back_gives_the_same,
    a_database_is_looked_into_and_another_key_refused,
    a_killed_migration_goes_on,
    an_interrupted_migration_says_so_and_goes_on,
    what_was_changed_removed_or_added_behind_its_back_is_named,
];

fn a_database_is_looked_into_and_another_key_refused(place: &Place) {
    let one = place.dir.path().join("one");
    filled(&one, FEW);
    let store = place.database.url();
    good(migration(&url(&one), &store, false).output().unwrap());
    let key = fs::read_to_string(one.join("token.key")).unwrap();
    let on_it = |key: &str, arguments: &[&str]| {
        let mut command = command(Path::new("unused"));
        command.args(["--store", &store, "--token-key", key, "--log-level", "warn"]);
        command.args(arguments).output().unwrap()
    };
    let of_it = export_by(&|arguments| good(on_it(key.trim(), arguments)));
    assert_eq!(of_it, export(&one));
    good(on_it(key.trim(), &["application", "token", "--default"]));
    let nobody = "http://127.0.0.1:1/";
    let serve = ["serve", "--listen", "127.0.0.1:0", "--search", nobody];
    for arguments in [&["application", "token", "--default"][..], &serve] {
        let refused = on_it(KEY, arguments);
        let told = err(&refused);
        assert!(
            !refused.status.success() && told.contains("the setting token_key does not open"),
            "{told}"
        );
    }
    for arguments in [&["check"][..], &["backup", "unused"]] {
        let refused = on_it(key.trim(), arguments);
        let told = err(&refused);
        assert!(
            !refused.status.success() && told.contains("mysqldump"),
            "{told}"
        );
    }
}

fn there_and_back_gives_the_same(place: &Place) {
    let (one, back) = (place.dir.path().join("one"), place.dir.path().join("back"));
    filled(&one, FEW);
    let between = place.database.url();
    for (from, to) in [(&*url(&one), &*between), (&*between, &*url(&back))] {
        let mut command = migration(from, to, false);
        // The key of the file serves the database too.
        let key = fs::read_to_string(one.join("token.key")).unwrap();
        let told = good(command.args(["--token-key", key.trim()]).output().unwrap());
        let all = format!("2 applications, 7 chats and {FEW} messages, compared chat by chat");
        assert!(told.contains(&all), "{told}");
    }
    fs::copy(one.join("token.key"), back.join("token.key")).unwrap();
    assert_eq!(export(&one), export(&back));
    good(migrate(&one, &back, true));
}

fn a_killed_migration_goes_on(place: &Place) {
    let one = place.dir.path().join("one");
    filled(&one, MANY);
    let (from, to) = (url(&one), place.database.url());
    for _ in 0..2 {
        let mut child = place.in_the_middle(&from);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let moved = place.messages();
    assert!(0 < moved && moved < MANY.cast_signed(), "{moved}");
    let refused = command(Path::new("unused"))
        .args([
            "--store",
            &to,
            "--token-key",
            KEY,
            "--listen",
            "127.0.0.1:0",
            "--search",
            "http://127.0.0.1:1/",
        ])
        .output()
        .unwrap();
    let epoch = command(Path::new("unused"))
        .args(["--store", &to, "epoch", "new"])
        .output()
        .unwrap();
    for refused in [refused, epoch] {
        let told = err(&refused);
        assert!(
            !refused.status.success() && told.contains("not come to its end"),
            "{told}"
        );
    }
    let told = good(migration(&from, &to, false).output().unwrap());
    assert!(told.contains("both are the same"), "{told}");
    assert_eq!(place.messages(), MANY.cast_signed());
    good(migration(&from, &to, true).output().unwrap());
}

fn an_interrupted_migration_says_so_and_goes_on(place: &Place) {
    let one = place.dir.path().join("one");
    filled(&one, MANY);
    let (from, to) = (url(&one), place.database.url());
    let child = place.in_the_middle(&from);
    let told = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(told.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", out(&output));
    assert!(
        out(&output).contains("run the same command again to go on"),
        "{}",
        out(&output)
    );
    let moved = place.messages();
    assert!(0 < moved && moved < MANY.cast_signed(), "{moved}");
    let told = good(migration(&from, &to, false).output().unwrap());
    assert!(told.contains("both are the same"), "{told}");
    assert_eq!(place.messages(), MANY.cast_signed());
}

fn what_was_changed_removed_or_added_behind_its_back_is_named(place: &Place) {
    let one = place.dir.path().join("one");
    filled(&one, FEW);
    let (from, to) = (url(&one), place.database.url());
    good(migration(&from, &to, false).output().unwrap());
    for change in [
        "UPDATE messages SET body = CONCAT(body, ' ') WHERE number = 5 AND chat = \
         (SELECT id FROM chats WHERE number = 1)",
        "DELETE FROM messages WHERE number = 17 AND chat = (SELECT id FROM chats WHERE number = 2)",
        "INSERT INTO messages (chat, number, body, created_at, change_no) \
         SELECT id, last_number + 1, 'more', 0, 0 FROM chats WHERE number = 3",
    ] {
        place.change(change);
    }
    let output = migration(&from, &to, true).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let told = out(&output);
    assert!(told.contains("they differ in 3 places"), "{told}");
    let lines: Vec<_> = told
        .lines()
        .filter(|line| line.contains("the messages of chat"))
        .collect();
    let rows = FEW / 7;
    for (chat, first, counts) in [
        (1, 5, "not the same".to_owned()),
        (
            2,
            17,
            format!("{} up to number {} in the first", rows + 1, rows + 1),
        ),
        (
            3,
            rows + 2,
            format!("{} up to number {} in the second", rows + 2, rows + 2),
        ),
    ] {
        let line = lines
            .iter()
            .find(|line| line.contains(&format!("chat {chat} of")));
        let line = line.unwrap_or_else(|| panic!("{told}"));
        let end = format!("the first that differs is {first}");
        assert!(line.contains(&counts) && line.ends_with(&end), "{line}");
    }
}
