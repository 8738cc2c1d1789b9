use super::*;

#[test]
fn the_command_line_is_consistent() {
    <Cli as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn settings_may_stand_before_or_after_the_command() {
    let before = Cli::parse_from(["chat-server", "--listen", "127.0.0.1:7", "serve"]);
    let after = Cli::parse_from(["chat-server", "serve", "--listen", "127.0.0.1:7"]);
    for cli in [before, after] {
        assert_eq!(
            cli.settings().unwrap().listen,
            ["127.0.0.1:7".parse().unwrap()]
        );
    }
}

#[test]
fn a_cause_that_was_told_is_not_told_again() {
    let refused = std::io::Error::other("1045 (28000): access denied");
    let kind = chat_core::error::ErrorKind::Unavailable;
    let source = Repeats(refused);
    let given = crate::wiring::NamedUrl::new(
        crate::wiring::UrlName::To,
        &"mysql://u:s3cret@h/d".parse().unwrap(),
    );
    let error = crate::wiring::WiringError::Backend {
        given,
        source: BackendError::new(kind, "mysql", "open").with_source(source),
    };
    assert_eq!(
        sentence(&error),
        "--to is mysql://(hidden)@h/d, which cannot be used: the server says 1045 (28000): access denied"
    );
}

#[derive(Debug, thiserror::Error)]
#[error("the server says {0}")]
struct Repeats(#[source] std::io::Error);

#[test]
fn an_error_is_told_with_its_causes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "colour = 1").unwrap();
    let path = file.path().to_str().unwrap();
    let error = Cli::parse_from(["chat-server", "--config", path])
        .settings()
        .unwrap_err();
    let text = sentence(&error);
    assert!(
        text.contains(path) && text.contains("unknown field `colour`"),
        "{text}"
    );
}
