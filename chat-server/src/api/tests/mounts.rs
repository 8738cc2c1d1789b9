//! Which APIs a server has: by its addresses, its admin key and its settings.

use std::sync::Arc;

use chat_core::memory::{MemoryCounter, MemoryQueue};
use chat_core::port::Counter;

use super::house;
use crate::api::admin::Reindexer;
use crate::api::testing::House;
use crate::config::{DoorName, Layer, Settings};
use crate::http::front::Front;
use crate::http::testing::{front, request};
use crate::wiring::Jobs;

const NEAR: &str = "127.0.0.1:3000";
const FAR: &str = "0.0.0.0:3000";

/// Of a server that listens there, with the key or without one, and with these APIs or else those that are safe.
fn settings(address: &str, is_guarded: bool, door: Option<&[DoorName]>) -> Settings {
    Settings::decide(Layer {
        listen: Some(vec![address.parse().unwrap()]),
        admin_key: is_guarded.then(|| "s3cret".parse().unwrap()),
        door: door.map(<[_]>::to_vec),
        ..Layer::default()
    })
    .unwrap()
}

/// All that such a server has.
fn opened(settings: &Settings, house: &House) -> Front {
    let counter: Arc<dyn Counter> = Arc::new(MemoryCounter::new());
    let queue = Arc::new(MemoryQueue::new());
    let jobs = Jobs {
        dead_letters: queue.clone(),
        queue,
    };
    let reindexer = Reindexer::new(house.chat.clone());
    let doors = crate::api::doors(settings, &house.chat, &counter, reindexer, jobs, Vec::new());
    front(doors)
}

#[tokio::test]
async fn what_asks_nobody_for_anything_is_served_to_this_machine_alone_or_by_name() {
    let house = house().await;
    let named = [DoorName::UuidApplications, DoorName::Rpc];
    for (settings, statuses) in [
        (settings(NEAR, false, None), [200, 200, 405]),
        (settings(NEAR, true, None), [401, 200, 405]),
        (settings(FAR, true, None), [401, 404, 404]),
        (settings(FAR, true, Some(&named)), [404, 200, 405]),
        (settings(NEAR, false, Some(&named[..1])), [404, 200, 404]),
    ] {
        let front = opened(&settings, &house);
        let mut told = Vec::new();
        for path in ["/api/v1/applications", "/applications", "/chats/add"] {
            let answer = request("GET", path).send(&front).await;
            let is_nowhere = answer.text().contains("no API is served at this path");
            assert_eq!(is_nowhere, answer.status == 404, "{path}: {answer:?}");
            told.push(answer.status.as_u16());
        }
        assert_eq!(told, statuses, "{:?}", settings.doors());
    }
}
