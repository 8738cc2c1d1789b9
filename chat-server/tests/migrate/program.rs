//! The program, and files to move.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::process::{command, run};

/// How many messages are moved where nothing is stopped in the middle.
pub(super) const FEW: u64 = 4_000;

pub(super) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(super) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(super) fn good(output: Output) -> String {
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    out(&output)
}

/// A database with imported messages in it.
pub(super) fn filled(data: &Path, lines: u64) {
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

pub(super) fn url(data: &Path) -> String {
    format!("sqlite:{}", data.join("chat.db").display())
}

pub(super) fn migration(from: &str, to: &str, verify: bool) -> Command {
    let mut command = command(Path::new("unused"));
    command.args(["migrate", "--from", from, "--to", to]);
    if verify {
        command.arg("--verify");
    }
    command
}

pub(super) fn migrate(from: &Path, to: &Path, verify: bool) -> Output {
    migration(&url(from), &url(to), verify).output().unwrap()
}

/// What the application's export says.
pub(super) fn export(data: &Path) -> String {
    export_by(&|arguments| good(run(data, arguments)))
}

/// What the application's export says, where commands are run so.
pub(super) fn export_by(run: &dyn Fn(&[&str]) -> String) -> String {
    let list = run(&["application", "list"]);
    let line = list.lines().find(|line| line.ends_with("shop")).unwrap();
    let public_id = line.split_whitespace().next().unwrap();
    let token = run(&["application", "token", public_id]);
    run(&["export", "--application", token.trim()])
}
