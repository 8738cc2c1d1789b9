mod auth;
mod bodies;
mod messages;
mod pages;
mod problems;
mod threads;
mod token;

use std::time::Duration;

use chat_core::memory::MemoryCounter;
use chat_core::password::Password;
use chat_core::port::Counter;
use chat_core::service::{Access, NewUser};
use chat_core::text::Username;
use serde_json::{Value, json};

use super::*;
use crate::api::testing::{House, gate, is_time};
use crate::http::testing::{Answer, Request, request};

const BODY: BodyLimits = BodyLimits {
    bytes: 1024 * 1024,
    time: Duration::from_secs(5),
};
const NOBODYS: &str = "2b1f8a52-3c5e-4a8e-9f53-0a6b1f8f2f11";
const JSON: &str = "application/json";

/// A house with Alice (1), Bob (2) and Carol (3), whose passwords are their names.
struct Trio {
    house: House,
    tokens: Vec<String>,
}

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

async fn access(house: &House) -> Access {
    house.chat.default_application_id().await.unwrap().into()
}

impl Trio {
    async fn start() -> Self {
        let counter: Arc<dyn Counter> = Arc::new(MemoryCounter::new());
        let attempts = Attempts::new(&counter);
        let house = House::build(|chat| vec![door(gate(chat), attempts.clone(), BODY)]).await;
        let access = access(&house).await;
        let mut tokens = Vec::new();
        for name in ["alice", "bob", "carol"] {
            let username = Username::parse(name).unwrap();
            let new = NewUser {
                password: Some(Password::parse(name).unwrap()),
                ..NewUser::named(username)
            };
            let made = house.chat.create_user(access, new, None).await.unwrap();
            let number = made.value.number;
            let token = house.chat.lasting_token(access, number, None).await;
            tokens.push(token.unwrap().expose().to_owned());
        }
        Self { house, tokens }
    }

    fn request(&self, who: usize, method: &str, path: &str) -> Request {
        let token = format!("Token {}", self.tokens[who]);
        request(method, path).header("authorization", &token)
    }

    async fn ask(&self, who: usize, method: &str, path: &str) -> Answer {
        self.house.send(self.request(who, method, path)).await
    }

    async fn get(&self, who: usize, path: &str) -> Answer {
        self.ask(who, "GET", path).await
    }

    async fn send(&self, who: usize, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(who, method, path);
        let request = request.header("content-type", JSON);
        self.house.send(request.body(body.to_string())).await
    }

    /// The id of the thread of two.
    async fn thread(&self, who: usize, with: usize) -> String {
        let body = json!({"participant": with + 1});
        let made = self.send(who, "POST", "/chat-api/threads/", &body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// The id of a new message.
    async fn post(&self, who: usize, thread: &str, text: &str) -> u64 {
        let body = json!({"thread": thread, "text": text});
        let made = self.send(who, "POST", "/chat-api/messages/", &body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_u64().unwrap()
    }
}

/// The status and the body, which is JSON where there is one.
fn told(answer: &Answer) -> (u16, &str) {
    if !answer.body.is_empty() {
        assert_eq!(answer.header("content-type"), Some(JSON));
    }
    (answer.status.as_u16(), answer.text())
}

fn ids(list: &Value) -> Vec<u64> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one["id"].as_u64().unwrap()).collect()
}

const NO_THREAD: (u16, &str) = (404, r#"{"detail":"No Thread matches the given query."}"#);
const NO_MESSAGE: (u16, &str) = (404, r#"{"detail":"No Message matches the given query."}"#);
const NOT_FOUND: (u16, &str) = (404, r#"{"detail":"Not found."}"#);
const DENIED: (u16, &str) = (403, r#"{"detail":"Access denied."}"#);
