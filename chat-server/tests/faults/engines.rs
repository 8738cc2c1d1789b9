//! The engines that may be broken: nobody else uses them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use tokio::runtime::Runtime;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// What every fault needs.
const ALWAYS: [&str; 3] = ["mysql", "redis7", "elasticsearch"];

fn folder() -> PathBuf {
    Path::new(ROOT).join("target/faults")
}

/// Where an engine listens, `None` when it is not there; `scripts/services up` writes a line `name url` for each.
pub(crate) fn url(engine: &str) -> Option<String> {
    let urls = fs::read_to_string(folder().join("urls")).ok()?;
    let mut known = urls.lines().filter_map(|line| line.split_once(' '));
    known
        .find(|(name, _)| *name == engine)
        .map(|(_, url)| url.to_owned())
}

/// Host and port of an engine that is one server.
pub(crate) fn address(engine: &str) -> String {
    let url = url(engine).expect("the engine is there");
    let (_, rest) = url.split_once("://").expect("a URL");
    rest.rsplit('@').next().unwrap_or(rest).to_owned()
}

/// A fault that needs `more` engines beside the usual ones. All of them run when it begins.
pub(crate) fn trial(
    name: &'static str,
    more: &'static [&str],
    fault: impl Future<Output = ()> + Send + 'static,
) -> Trial {
    let needed = move || ALWAYS.iter().chain(more).copied();
    let absent = needed().any(|engine| url(engine).is_none());
    let trial = Trial::test(name, move || {
        start(&needed().collect::<Vec<_>>());
        Runtime::new()
            .expect("a runtime needs threads alone")
            .block_on(fault);
        Ok(())
    });
    trial.with_ignored_flag(absent)
}

/// Ends a process of an engine as a power cut would.
pub(crate) fn kill(engine: &str, role: &str) {
    let file = folder().join(engine).join(format!("{role}.pid"));
    let known = fs::read_to_string(file).expect("the engine was started");
    let (pid, started) = known.trim().split_once(' ').expect("its id and its start");
    // The id alone may be another's by now.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let (_, fields) = stat.rsplit_once(") ").expect("behind the name");
    assert_eq!(fields.split(' ').nth(19), Some(started), "another process");
    let killed = Command::new("kill").args(["-9", pid]).status();
    assert!(killed.unwrap().success(), "{engine} is not killed");
}

/// Forgets what a process of an engine that was killed had on disk.
pub(crate) fn empty(engine: &str, role: &str) {
    fs::remove_dir_all(folder().join(engine).join(role)).expect("what it had");
}

/// Starts what of these engines does not run, on its old port and its old data, and waits until all answer.
fn start(engines: &[&str]) {
    let output = Command::new(Path::new(ROOT).join("scripts/services"))
        .arg("up")
        .args(engines)
        .env("CHAT_SERVICES_DIR", folder())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{engines:?}: {told}");
}

/// Starts an engine that was killed, beside what else goes on.
pub(crate) async fn start_again(engine: &'static str) {
    let started = tokio::task::spawn_blocking(move || start(&[engine]));
    started.await.unwrap();
}
