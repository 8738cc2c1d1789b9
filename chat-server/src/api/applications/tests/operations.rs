use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chat_core::error::BackendError;
use chat_core::ids::{ApplicationId, OperationId};
use chat_core::memory::MemoryQueue;
use chat_core::port::{Blame, Delivery, Depth, Held, Job, Pull, Queue, Receipt};
use chat_core::queued::{Routes, WriteMode};
use chat_core::service::{Chat, Parts, Queueing};

use super::*;

type Result<T> = std::result::Result<T, BackendError>;

/// A queue that says that it outlives a crash.
struct Durable(MemoryQueue);

#[async_trait]
impl Queue for Durable {
    async fn push(&self, lane: u16, job: &Job) -> Result<bool> {
        self.0.push(lane, job).await
    }

    async fn pull(&self, pull: Pull) -> Result<Vec<Delivery>> {
        self.0.pull(pull).await
    }

    async fn ack(&self, lane: u16, receipts: &[Receipt]) -> Result<()> {
        self.0.ack(lane, receipts).await
    }

    async fn retry(
        &self,
        lane: u16,
        receipt: &Receipt,
        after: Duration,
        blame: Blame,
    ) -> Result<()> {
        self.0.retry(lane, receipt, after, blame).await
    }

    async fn bury(&self, lane: u16, receipt: &Receipt, reason: &str) -> Result<()> {
        self.0.bury(lane, receipt, reason).await
    }

    async fn find(&self, application: ApplicationId, id: OperationId) -> Result<Option<Held>> {
        self.0.find(application, id).await
    }

    async fn depth(&self) -> Result<Vec<Depth>> {
        self.0.depth().await
    }

    async fn lead(&self, role: &str, lease: Duration) -> Result<bool> {
        self.0.lead(role, lease).await
    }

    async fn durable(&self) -> Result<bool> {
        Ok(true)
    }
}

/// A house whose writes are queued.
async fn queued_house(works: bool) -> House {
    let routes = Routes {
        default: WriteMode::Queued,
        own: HashMap::new(),
    };
    let queueing = Queueing {
        queue: Arc::new(Durable(MemoryQueue::new())),
        routes,
        works,
    };
    let parts = Parts {
        queueing: Some(queueing),
        ..Parts::in_memory()
    };
    let chat = Chat::start(parts).await.unwrap();
    let front = front(vec![door(gate(&chat), options(), BODY)]);
    House::on_doubles(chat, front)
}

/// What an operation came to.
async fn settled(house: &House, place: &str) -> Value {
    let settling = async {
        loop {
            let told = house.get(place).await.json();
            if told["state"] != "pending" {
                return told;
            }
            tokio::task::yield_now().await;
        }
    };
    let settled = tokio::time::timeout(Duration::from_secs(30), settling).await;
    settled.expect("it is settled")
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_is_an_operation() {
    let house = queued_house(false).await;
    let application = application(&house, "X").await;
    let ask = request("POST", &format!("{application}/chats"))
        .header("prefer", "wait=3, Respond-Async; x=1");
    let accepted = house.send(ask).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let id = accepted.json()["id"].as_str().unwrap().to_owned();
    let place = accepted.header("location").unwrap().to_owned();
    assert_eq!(place, format!("{application}/operations/{id}"));
    let state = house.get(&place).await;
    let pending = serde_json::json!({ "id": id, "state": "pending" });
    assert_eq!((state.status.as_u16(), state.json()), (200, pending));
    let unknown = format!("{application}/operations/{}", uuid::Uuid::new_v4());
    for lost in [unknown, format!("{application}/operations/7")] {
        let answer = house.get(&lost).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (404, &"not_found".into())
        );
    }
}

#[tokio::test]
async fn an_operation_tells_what_became_of_it_to_its_application_alone() {
    let house = queued_house(true).await;
    let mine = application(&house, "X").await;
    let ask = |path: String, body: &'static str| {
        request("POST", &path)
            .header("prefer", "respond-async")
            .header("content-type", "application/json")
            .body(body)
    };
    let made = house.send(ask(format!("{mine}/chats"), "{}")).await;
    let refused = house
        .send(ask(format!("{mine}/chats/9/messages"), r#"{"body":"b"}"#))
        .await;
    assert_eq!((made.status.as_u16(), refused.status.as_u16()), (202, 202));

    let done = settled(&house, made.header("location").unwrap()).await;
    assert_eq!(
        (&done["state"], &done["result"]["number"]),
        (&"done".into(), &1.into())
    );
    let place = refused.header("location").unwrap();
    let told = settled(&house, place).await;
    assert_eq!(
        (&told["state"], &told["problem"]["status"]),
        (&"refused".into(), &404.into())
    );
    assert_eq!(told["problem"]["detail"], "Chat Not Found");
    let other = application(&house, "Y").await;
    let theirs = place.replace(&mine, &other);
    assert_eq!(house.get(&theirs).await.status, 404);
}

#[tokio::test]
async fn users_and_members_can_be_left_to_the_queue_too() {
    let house = queued_house(true).await;
    let application = application(&house, "X").await;
    for (path, body) in [
        ("users", r#"{"username":"alice"}"#),
        ("users", r#"{"username":"bob"}"#),
        ("chats", r#"{"kind":"group","members":[1]}"#),
        ("chats/1/members", r#"{"members":[2]}"#),
    ] {
        let ask = request("POST", &format!("{application}/{path}"));
        let ask = ask.header("prefer", "respond-async");
        let ask = ask.header("content-type", "application/json").body(body);
        let accepted = house.send(ask).await;
        assert_eq!(accepted.status, 202, "{path}: {}", accepted.text());
        let told = settled(&house, accepted.header("location").unwrap()).await;
        assert_eq!(told["state"], "done", "{path}: {told}");
    }
    let members = house
        .get(&format!("{application}/chats/1/members"))
        .await
        .json();
    assert_eq!(members.as_array().unwrap().len(), 2);
}
