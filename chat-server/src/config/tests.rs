use std::error::Error;

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    layer: Layer,
}

fn flags(words: &[&str]) -> Layer {
    Flags::parse_from(std::iter::once("chat-server").chain(words.iter().copied())).layer
}

fn decide(words: &[&str], file: &str) -> Result<Settings, ConfigError> {
    Settings::decide(flags(words).or(Layer::parse(file).unwrap()))
}

#[test]
fn without_anything_it_serves_this_machine_alone_from_one_directory() {
    let settings = decide(&[], "").unwrap();
    assert_eq!(settings.listen, ["127.0.0.1:3000".parse().unwrap()]);
    assert_eq!(settings.store.expose(), "sqlite:./chat-data/chat.db");
    assert_eq!(settings.search.expose(), "sqlite:./chat-data/search.db");
    assert_eq!(settings.queue.expose(), "memory:");
    assert_eq!(settings.body_limit, 1024 * 1024);
    assert_eq!(settings.recount_interval.to_string(), "30m");
    assert!(settings.rate_limit.is_none());
}

#[test]
fn a_queue_that_nobody_would_work_is_refused() {
    let own = "6f58af99-744a-41bd-b8ac-c191d38d2d40=queued";
    for ways in [["--write", "queued"], ["--write-of", own]] {
        let refused = decide(&ways, "work = false").unwrap_err().to_string();
        assert!(refused.contains("work"), "{refused}");
        decide(&ways, "").unwrap();
        let shared = "work = false\nqueue = \"redis://127.0.0.1:1\"";
        decide(&ways, shared).unwrap();
    }
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let file = "listen = [\"127.0.0.1:1\"]\nbody_limit = 7\nidle_timeout = \"5s\"";
    let words = [
        "--listen",
        "127.0.0.1:2",
        "--listen",
        "[::1]:3",
        "--idle-timeout",
        "6s",
    ];
    let settings = decide(&words, file).unwrap();
    assert_eq!(
        settings.listen,
        ["127.0.0.1:2".parse().unwrap(), "[::1]:3".parse().unwrap()]
    );
    assert_eq!(settings.idle_timeout.to_string(), "6s");
    assert_eq!(settings.body_limit, 7);
    assert_eq!(settings.header_timeout.to_string(), "10s");
}

#[test]
fn every_setting_has_a_flag_a_variable_and_a_key_of_one_name() {
    let command = <Flags as clap::CommandFactory>::command();
    let key = format!("token_key = \"{}\"\n", "1f".repeat(32));
    let notify = "notify = \"http://h\"\nnotify_secret = \"s\"\n";
    let full = key + notify + "admin_key = \"k\"\ndoor = [\"applications\"]\nrate_limit = \"6/1m\"";
    let shown: toml::Table =
        toml::from_str(&decide(&[], &full).unwrap().to_toml().unwrap()).unwrap();
    let mut keys: Vec<&String> = shown.keys().collect();
    let mut flags = Vec::new();
    for argument in command.get_arguments().filter(|one| !one.is_hide_set()) {
        let name = argument.get_id().to_string();
        assert_eq!(argument.get_long().unwrap().replace('-', "_"), name);
        let variable = argument.get_env().unwrap().to_str().unwrap();
        assert_eq!(variable, format!("CHAT_{}", name.to_uppercase()));
        flags.push(name);
    }
    flags.sort();
    keys.sort();
    assert_eq!(flags.iter().collect::<Vec<_>>(), keys);
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let error = Layer::parse("lisen = [\"127.0.0.1:1\"]")
        .unwrap_err()
        .to_string();
    assert!(error.contains("unknown field `lisen`"), "{error}");
}

#[test]
fn a_wrong_file_is_named_with_what_is_wrong_in_it() {
    let missing = Layer::read("no/such/file.toml".as_ref()).unwrap_err();
    assert!(missing.to_string().contains("no/such/file.toml") && missing.source().is_some());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "idle_timeout = \"soon\"").unwrap();
    let wrong = Layer::read(file.path()).unwrap_err();
    let source = wrong.source().unwrap().to_string();
    assert!(source.contains("500ms, 10s or 30m"), "{source}");
}

#[test]
fn shown_settings_hide_credentials_and_can_be_read_again() {
    let key = "1f".repeat(32);
    let file = format!("token_key = \"{key}\"\n");
    let shown = decide(&[], &file).unwrap().to_toml().unwrap();
    assert!(!shown.contains(&key), "{shown}");
    let file = "admin_key = \"tops3cret\"\nstore = \"mysql://joe:tops3cret@db/chat\"";
    let settings = decide(&[], file).unwrap();
    let shown = settings.to_toml().unwrap();
    assert!(
        !shown.contains("tops3cret") && shown.contains("mysql://(hidden)@db/chat"),
        "{shown}"
    );
    assert!(!format!("{settings:?}").contains("tops3cret"));
    assert!(
        Layer::parse(&shown)
            .unwrap_err()
            .to_string()
            .contains("not the credential")
    );
    Layer::parse(&decide(&[], "").unwrap().to_toml().unwrap()).unwrap();
}

#[test]
fn notifications_are_off_and_never_unsigned_and_their_secret_is_not_shown() {
    assert!(decide(&[], "").unwrap().notify.is_none());
    let url = ["--notify", "https://u:s3cret@push.example/chat?key=s3cret"];
    let error = decide(&url, "").unwrap_err().to_string();
    assert!(
        error.contains("the setting notify_secret is missing"),
        "{error}"
    );
    let settings = decide(&url, "notify_secret = \"whsec_s3cret\"").unwrap();
    let shown = settings.to_toml().unwrap();
    assert!(
        shown.contains("https://(hidden)@push.example/chat?(hidden)"),
        "{shown}"
    );
    assert!(!format!("{shown} {settings:?} {error}").contains("s3cret"));
}

#[test]
fn what_cannot_be_is_refused_naming_the_setting() {
    for (file, setting) in [
        ("listen = []", "listen"),
        ("max_connections = 0", "max_connections"),
        ("body_limit = 0", "body_limit"),
        ("door = []", "door"),
        ("log_level = \"a=b=c\"", "log_level"),
    ] {
        let error = decide(&[], file).unwrap_err().to_string();
        assert!(
            error.contains(&format!("the setting {setting} ")),
            "{error}"
        );
    }
}

#[test]
fn an_address_that_others_reach_needs_an_admin_key() {
    for address in ["0.0.0.0:3000", "[::]:3000", "192.168.1.5:3000"] {
        let error = decide(&["--listen", "127.0.0.1:1", "--listen", address], "").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("admin_key") && text.contains(address),
            "{text}"
        );
        decide(&["--listen", address, "--admin-key", "k"], "").unwrap();
    }
    decide(
        &["--listen", "[::1]:1", "--listen", "[::ffff:127.0.0.1]:2"],
        "",
    )
    .unwrap();
}

fn open(words: &[&str]) -> Vec<DoorName> {
    let doors = decide(words, "").unwrap().doors();
    doors
        .into_iter()
        .filter(|choice| choice.open)
        .map(|choice| choice.door)
        .collect()
}

#[test]
fn an_api_that_asks_nobody_is_served_to_others_only_when_named() {
    use DoorName::{Applications, Conversations, Threads, UuidApplications};
    assert_eq!(open(&[]), DoorName::ALL);
    assert_eq!(
        open(&["--admin-key", "k"]),
        DoorName::ALL,
        "only this machine can reach it"
    );
    let public = ["--listen", "0.0.0.0:1", "--admin-key", "k"];
    assert_eq!(open(&public), [Applications, Conversations, Threads]);
    let both = ["--door", "applications,uuid-applications"];
    assert_eq!(
        open(&[public.as_slice(), &both].concat()),
        [Applications, UuidApplications]
    );
    let rpc = ["--door", "rpc"];
    assert_eq!(open(&[public.as_slice(), &rpc].concat()), [DoorName::Rpc]);
    assert_eq!(open(&["--door", "uuid-applications"]), [UuidApplications]);
}
