//! The command `user`, beside a running server and without one.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod process;

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use process::{Client, Server, command, run};
use serde_json::json;

fn good(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Types a password for a user.
fn password(data: &Path, name: &str, typed: &str) -> Output {
    let mut child = command(data)
        .args(["user", "password", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // It ends without reading when nobody has the name.
    let _ = writeln!(input, "{typed}");
    drop(input);
    child.wait_with_output().unwrap()
}

/// The token of a session; `None` when the password is wrong.
async fn login(client: &mut Client, username: &str, password: &str) -> Option<String> {
    let typed = json!({ "username": username, "password": password });
    let (status, answer) = client.post("/login", &typed, None).await.unwrap();
    match status.as_u16() {
        200 => Some(answer["token"].as_str().unwrap().to_owned()),
        401 => None,
        other => panic!("{other}: {answer}"),
    }
}

async fn stands(client: &mut Client, session: &str) -> bool {
    let request = http::Request::get("/users/1").header("host", "localhost");
    let request = request.header("authorization", format!("Bearer {session}"));
    let answer = client.send(request.body(Default::default()).unwrap()).await;
    answer.unwrap().status() == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_given_a_password_and_logged_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start(data, &[]);
    let mut client = Client::connect(server.address).await.unwrap();
    for name in ["alice", "bob"] {
        let user = json!({ "username": name, "password": "correct horse" });
        let made = client.post("/register", &user, None).await.unwrap();
        assert_eq!(made.0, 201, "{}", made.1);
    }
    let listed = good(&run(data, &["user", "list"]));
    let listed: Vec<&str> = listed.split_whitespace().collect();
    assert_eq!(listed, ["1", "alice", "2", "bob"]);

    let alice = login(&mut client, "alice", "correct horse").await.unwrap();
    let bob = login(&mut client, "bob", "correct horse").await.unwrap();
    assert!(stands(&mut client, &alice).await && stands(&mut client, &bob).await);
    let told = good(&run(data, &["user", "logout", "ALICE"]));
    assert_eq!(told.trim(), "1 session of alice ended");
    assert!(!stands(&mut client, &alice).await && stands(&mut client, &bob).await);
    let alice = login(&mut client, "alice", "correct horse").await.unwrap();
    good(&password(data, "alice", "another horse"));
    assert!(!stands(&mut client, &alice).await);
    assert!(login(&mut client, "alice", "correct horse").await.is_none());
    assert!(login(&mut client, "alice", "another horse").await.is_some());
    let unknown = password(data, "carol", "any horse");
    let told = String::from_utf8_lossy(&unknown.stderr);
    assert!(!unknown.status.success() && told.contains("nobody is called so"));

    // Without a server the commands do it themselves.
    assert!(server.stop());
    let told = good(&password(data, "bob", "third horse"));
    assert_eq!(told.trim(), "bob has another password");
    let told = good(&run(data, &["user", "logout", "alice"]));
    assert_eq!(told.trim(), "1 session of alice ended");
    let server = Server::start(data, &[]);
    let mut client = Client::connect(server.address).await.unwrap();
    assert!(!stands(&mut client, &bob).await);
    assert!(login(&mut client, "bob", "third horse").await.is_some());
}
