//! `migrate` of the real binary: from one file to another, and with MySQL and MariaDB, whose cases show as ignored where the engine
//! does not run.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use libtest_mimic::{Arguments, Trial};
use process::{Server, command, run};
use tests::scratch::{self, Database};
use tokio::runtime::Runtime;

/// How many messages are moved where nothing is stopped in the middle.
const FEW: u64 = 4_000;
/// So many take long enough to be stopped among them.
const MANY: u64 = 20_000;
/// The key of servers on a database.
const KEY: &str = "abababababababababababababababababababababababababababababababab";

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, case) in FILES {
        trials.push(Trial::test(*name, move || {
            case();
            Ok(())
        }));
    }
    for engine in ["mysql", "mariadb"] {
        for (name, case) in ENGINES {
            let trial = Trial::test(format!("{engine}::{name}"), move || {
                case(&Place::on(engine));
                Ok(())
            });
            trials.push(trial.with_ignored_flag(scratch::url(engine).is_none()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Cases by name.
macro_rules! named {
    ($($case:ident,)*) => { &[$((stringify!($case), $case),)*] };
}

/// A case, by its name.
type Named<F> = (&'static str, F);

const FILES: &[Named<fn()>] = named![
    everything_is_moved_and_compared_and_served_under_the_same_key,
    two_stores_that_differ_are_told_apart,
    a_file_that_a_server_holds_is_refused_and_so_is_another_key,
    what_is_wrong_is_told_in_the_words_of_the_command,
];
const ENGINES: &[Named<fn(&Place)>] = named![
    there_and_back_gives_the_same,
    a_database_is_looked_into_and_another_key_refused,
    a_killed_migration_goes_on,
    an_interrupted_migration_says_so_and_goes_on,
    what_was_changed_removed_or_added_behind_its_back_is_named,
];

/// A directory and an empty database.
struct Place {
    dir: tempfile::TempDir,
    database: Database,
    runtime: Runtime,
}

impl Place {
    fn on(engine: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        Self {
            dir: tempfile::tempdir().unwrap(),
            database: runtime.block_on(Database::create(engine)),
            runtime,
        }
    }

    fn change(&self, sql: &'static str) {
        self.runtime.block_on(self.database.change(sql));
    }

    /// The command on its way, once it has written messages into the database.
    fn in_the_middle(&self, from: &str) -> Child {
        let mut child = migration(from, &self.database.url(), false)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let tables = "SELECT COUNT(*) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = 'messages'";
        let written = "SELECT EXISTS (SELECT 1 FROM messages)";
        for look in [tables, written] {
            while self.runtime.block_on(self.database.ask(look)) == 0 {
                assert!(child.try_wait().unwrap().is_none(), "it ended too early");
            }
        }
        child
    }

    fn messages(&self) -> i64 {
        let count = "SELECT COUNT(*) FROM messages";
        self.runtime.block_on(self.database.ask(count))
    }
}

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
fn filled(data: &Path, lines: u64) {
    let file = data.with_extension("jsonl");
    let line = |n: u64| {
        let chat = n % 7;
        format!(
            "{{\"chat\":\"c{chat}\",\"at\":\"2004-11-15T12:18:00Z\",\"author\":\"x\",\"body\":\"message {n} 🧵\"}}\n"
        )
    };
    fs::write(&file, (0..lines).map(line).collect::<String>()).unwrap();
    let file = file.to_str().unwrap();
    good(run(data, &["import", file, "--name", "shop", "--no-index"]));
}

fn url(data: &Path) -> String {
    format!("sqlite:{}", data.join("chat.db").display())
}

fn migration(from: &str, to: &str, verify: bool) -> Command {
    let mut command = command(Path::new("unused"));
    command.args(["migrate", "--from", from, "--to", to]);
    if verify {
        command.arg("--verify");
    }
    command
}

fn migrate(from: &Path, to: &Path, verify: bool) -> Output {
    migration(&url(from), &url(to), verify).output().unwrap()
}

/// What the application's export says.
fn export(data: &Path) -> String {
    export_by(&|arguments| good(run(data, arguments)))
}

/// What the application's export says, where commands are run so.
fn export_by(run: &dyn Fn(&[&str]) -> String) -> String {
    let list = run(&["application", "list"]);
    let line = list.lines().find(|line| line.ends_with("shop")).unwrap();
    let public_id = line.split_whitespace().next().unwrap();
    let token = run(&["application", "token", public_id]);
    run(&["export", "--application", token.trim()])
}

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
