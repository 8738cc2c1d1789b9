//! One test a line of the contract.

mod application;
mod callers;
mod changes;
mod chats;
mod keys;
mod limits;
mod messages;
mod operations;
mod paging;
mod problems;
mod search;

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::api::testing::{House, chat, gate};
use crate::http::testing::{front, request};

const BODY: BodyLimits = BodyLimits {
    bytes: 1024 * 1024,
    time: Duration::from_secs(5),
};

fn options() -> Options {
    Options {
        admin_key: None,
        apis: vec![NAME.into()],
    }
}

async fn house_with(options: Options) -> House {
    House::build(|chat| vec![door(gate(chat), options.clone(), BODY)]).await
}

async fn house() -> House {
    house_with(options()).await
}

const ROOT: &str = "/api/v1/applications";

/// An application's path.
async fn application(house: &House, name: &str) -> String {
    let made = house
        .post(ROOT, serde_json::json!({ "name": name }).to_string())
        .await;
    format!("{ROOT}/{}", made.json()["token"].as_str().unwrap())
}

/// A chat's path.
async fn a_chat(house: &House) -> String {
    let application = application(house, "X").await;
    let made = house.post(&format!("{application}/chats"), "").await;
    format!("{application}/chats/{}", made.json()["number"])
}

/// Posts messages with these texts.
async fn post_all(house: &House, chat: &str, texts: &[&str]) {
    for text in texts {
        let body = serde_json::json!({ "body": text }).to_string();
        let posted = house.post(&format!("{chat}/messages"), body).await;
        assert_eq!(posted.status, 201, "{}", posted.text());
    }
}

fn numbers(list: &Value) -> Vec<u64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item["number"].as_u64().unwrap())
        .collect()
}

const NOBODY: &str = "/api/v1/applications/2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11";
