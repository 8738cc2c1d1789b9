//! Nothing of an application can be read, found, counted, guessed or changed through another's token.
//!
//! A script goes through every documented path in two houses: in one another application lives, in the other it never
//! did. Whoever does not hold its token cannot tell in which house he is, and leaves no trace in it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod house;
mod script;

use chat_core::Parts;
use house::{Answer, House};
use proptest::prelude::*;
use script::{Attempt, Caller, Places, operations, script};
use serde_json::json;

/// What only the owner knows; no request names it.
const SECRETS: [&str; 4] = [
    "the kestrel flies at midnight from the seventh tower",
    "the kestrel was seen",
    "roost of kestrels",
    "kestrel & sons",
];
/// The owner's key, and what he posted with it: both are guessed.
const KEY: &str = "k-1";
const KNOWN: &str = "a text that somebody guesses";

/// The lists of all applications belong to whoever may reach them, or holds the key of the house.
const LISTS: [&str; 2] = ["list_applications", "uuid_list_applications"];

struct Owner {
    token: String,
    public_id: String,
    /// Where each chat began.
    cursors: Vec<String>,
}

const ROOT: &str = "/api/v1/applications";

/// An application with open, changed and deleted things.
async fn owner(house: &House) -> Owner {
    let name = json!({ "name": SECRETS[3] });
    let made = house.make("POST", ROOT, None, &name).await.json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let (token, public_id) = (text("token"), text("public_id"));
    let chats = format!("{ROOT}/{token}/chats");
    let mut cursors = Vec::new();
    for number in 1..=4 {
        let key = (number == 1).then_some(KEY);
        let chat = json!({ "name": SECRETS[2] });
        let made = house.make("POST", &chats, key, &chat).await.json();
        cursors.push(made["cursor"].as_str().unwrap().to_owned());
        let posts = format!("{chats}/{number}/messages");
        let known = json!({ "body": KNOWN });
        house.make("POST", &posts, Some(KEY), &known).await;
        let secret = json!({"body": SECRETS[0], "data": {"seen": SECRETS[1]}, "reply_to": 1});
        house.make("POST", &posts, None, &secret).await;
        house.make("POST", &posts, None, &secret).await;
        let deleted = format!("{posts}/3");
        house.make("DELETE", &deleted, None, &json!({})).await;
    }
    let closed = format!("{chats}/3");
    house.make("DELETE", &closed, None, &json!({})).await;
    Owner {
        token,
        public_id,
        cursors,
    }
}

/// Everything that the owner sees.
async fn snapshot(house: &House, owner: &Owner) -> Vec<(String, Answer)> {
    house.settle().await;
    let token = &owner.token;
    let mut paths = vec![
        format!("{ROOT}/{token}"),
        format!("{ROOT}/{token}/limits"),
        format!("{ROOT}/{token}/chats"),
        format!("{ROOT}/{token}/search?query=kestrel&limit=1000"),
        format!("/applications/{token}"),
        format!("/applications/{token}/chats"),
    ];
    for (chat, cursor) in (1..).zip(&owner.cursors) {
        paths.extend([
            format!("{ROOT}/{token}/chats/{chat}"),
            format!("{ROOT}/{token}/chats/{chat}/changes?limit=1000&after={cursor}"),
            format!("{ROOT}/{token}/chats/{chat}/messages?tombstones=1"),
            format!("{ROOT}/{token}/chats/{chat}/messages/search?query=kestrel&limit=1000"),
            format!("/messages/{token}/{chat}"),
        ]);
    }
    let mut answers = Vec::new();
    for path in paths {
        let answer = house.get(&path).await;
        answers.push((path, answer));
    }
    answers
}

/// Another application with one chat.
async fn stranger(house: &House) -> Places {
    let name = json!({ "name": "stranger" });
    let made = house.make("POST", ROOT, None, &name).await.json();
    let token = made["token"].as_str().unwrap().to_owned();
    let chats = format!("{ROOT}/{token}/chats");
    let chat = house.make("POST", &chats, None, &json!({})).await.json();
    for _ in 0..3 {
        let posts = format!("{chats}/1/messages");
        let own = json!({ "body": "a kestrel of my own" });
        house.make("POST", &posts, None, &own).await;
    }
    Places {
        token,
        own_cursor: chat["cursor"].as_str().unwrap().to_owned(),
        foreign_cursors: Vec::new(),
    }
}

async fn answer(house: &House, attempt: &Attempt, caller: &str, places: &Places) -> Answer {
    house.settle().await;
    let answer = house.send(attempt.request(caller, places)).await;
    assert!(!answer.status.is_server_error(), "{attempt:?}: {answer:?}");
    answer
}

/// Two houses with a stranger in each, and an owner in the first alone.
struct Pair {
    lived_in: House,
    empty: House,
    owner: Owner,
    here: Places,
    there: Places,
}

impl Pair {
    async fn open(lived_in: Parts, mut empty: Parts, guarded: bool) -> Self {
        // Places in the index are veiled by this key and the application's row, so that what is guessed is one place in both.
        empty.keyring = lived_in.keyring.clone();
        let (lived_in, empty) = (
            House::open(lived_in, guarded).await,
            House::open(empty, guarded).await,
        );
        let owner = owner(&lived_in).await;
        let nobody = json!({ "name": "nobody" });
        empty.make("POST", ROOT, None, &nobody).await;
        let mut here = stranger(&lived_in).await;
        let mut there = stranger(&empty).await;
        here.foreign_cursors.clone_from(&owner.cursors);
        there.foreign_cursors.clone_from(&owner.cursors);
        Self {
            lived_in,
            empty,
            owner,
            here,
            there,
        }
    }
}

/// Runs the script as everybody but the owner.
async fn cannot_be_told(lived_in: Parts, empty: Parts, guarded: bool, script: &[Attempt]) {
    let Pair {
        lived_in,
        empty,
        owner,
        here,
        there,
    } = Pair::open(lived_in, empty, guarded).await;
    let before = snapshot(&lived_in, &owner).await;
    let mut all: Vec<&str> = SECRETS.to_vec();
    all.extend([owner.token.as_str(), owner.public_id.as_str()]);

    for attempt in script {
        if LISTS.contains(&attempt.operation.id.as_str()) && !(guarded && attempt.is_native()) {
            answer(&lived_in, attempt, &here.token, &here).await;
            continue;
        }
        for caller in attempt.callers() {
            let (name, as_there) = caller.names(&owner.token, &owner.public_id, &here, &there);
            let found = answer(&lived_in, attempt, &name, &here).await;
            for secret in &all {
                assert!(
                    !found.body.contains(secret),
                    "{attempt:?} as {caller:?}: {found:?}"
                );
            }
            if !matches!(caller, Caller::Stranger) {
                let barred = matches!(found.status.as_u16(), 404)
                    || found.status.as_u16() == 401 && guarded && attempt.is_native();
                assert!(barred, "{attempt:?} as {caller:?}: {found:?}");
            }
            let elsewhere = answer(&empty, attempt, &as_there, &there).await;
            assert_eq!(
                found.comparable(&here.token, &here.own_cursor),
                elsewhere.comparable(&there.token, &there.own_cursor),
                "{attempt:?} as {caller:?}"
            );
        }
    }

    for (now, before) in snapshot(&lived_in, &owner).await.iter().zip(&before) {
        assert_eq!(now, before);
    }
    let posts = format!("{ROOT}/{}/chats/1/messages", owner.token);
    let again = json!({ "body": KNOWN });
    let again = lived_in.make("POST", &posts, Some(KEY), &again).await;
    assert_eq!(again.json()["number"], 1, "{again:?}");
    lived_in.close().await;
    empty.close().await;
}

fn run(case: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(case);
}

#[test]
fn every_path_of_both_doors_is_documented_and_tried() {
    let operations = operations();
    let templates = |text: &str| {
        let of = |path: &&str| path.starts_with(text);
        operations
            .iter()
            .map(|operation| operation.path.as_str())
            .filter(of)
            .count()
    };
    assert!(templates("/api/v1/") >= 40, "{operations:?}");
    assert!(
        templates("/applications") + templates("/messages") >= 11,
        "{operations:?}"
    );
}

#[test]
fn a_guessed_place_in_the_index_tells_nothing_of_others() {
    run(async {
        let pair = Pair::open(Parts::in_memory(), Parts::in_memory(), false).await;
        let (mut some, mut none) = (0, 0);
        for guess in 1..=40 {
            let search = async |house: &House, places: &Places| {
                house.settle().await;
                let path = format!(
                    "{ROOT}/{}/search?query=kestrel&before={guess}",
                    places.token
                );
                let answer = house.make("GET", &path, None, &json!({})).await;
                answer.comparable(&places.token, &places.own_cursor)
            };
            let found = search(&pair.lived_in, &pair.here).await;
            assert_eq!(found, search(&pair.empty, &pair.there).await, "{guess}");
            match found.json()["items"].as_array().unwrap().len() {
                0 => none += 1,
                3 => some += 1,
                other => panic!("{other} of 3"),
            }
        }
        assert!(some > 0 && none > 0, "a guess is some place in the index");
        pair.lived_in.close().await;
        pair.empty.close().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_foreign_token_tells_nothing_and_changes_nothing_in_memory(script in script(), guarded: bool) {
        run(async { cannot_be_told(Parts::in_memory(), Parts::in_memory(), guarded, &script).await });
    }
}

#[cfg(feature = "embedded")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_foreign_token_tells_nothing_and_changes_nothing_on_files(script in script(), guarded: bool) {
        use chat_embedded::{SearchConfig, SqliteSearch, SqliteStore, StoreConfig};
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        run(async {
            let [lived_in, empty] = folders.each_ref().map(|folder| {
                let store = SqliteStore::open(StoreConfig::new(folder.path().join("chat.db")));
                let search = SqliteSearch::open(SearchConfig::new(folder.path().join("search.db")));
                let keyring = chat_core::seal::Keyring::new([7; 32]);
                Parts::new(
                    std::sync::Arc::new(store.unwrap()),
                    std::sync::Arc::new(search.unwrap()),
                    keyring,
                )
            });
            cannot_be_told(lived_in, empty, guarded, &script).await;
        });
    }
}
