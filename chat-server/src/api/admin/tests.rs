mod queue;

use std::sync::Arc;
use std::time::Duration;

use chat_core::memory::MemoryQueue;
use chat_core::{Chat, Parts};
use http::StatusCode;

use super::*;
use crate::http::front::Front;
use crate::http::testing::{front, request};

async fn admin(key: Option<&str>) -> Front {
    let queue = Arc::new(MemoryQueue::new());
    over(
        key,
        Jobs {
            dead_letters: queue.clone(),
            queue,
        },
    )
    .await
}

async fn over(key: Option<&str>, jobs: Jobs) -> Front {
    let chat = Chat::start(Parts::in_memory()).await.unwrap();
    let body = BodyLimits {
        bytes: 64,
        time: Duration::from_secs(5),
    };
    let key = key.map(|key| key.parse().unwrap());
    front(vec![door(body, Reindexer::new(chat), jobs, key)])
}

#[tokio::test]
async fn a_rebuild_is_asked_for_and_watched() {
    let front = admin(None).await;
    let answer = request("GET", REINDEX).send(&front).await;
    assert_eq!(
        (answer.status, answer.json()["state"].as_str()),
        (StatusCode::OK, Some("idle"))
    );
    let answer = request("POST", REINDEX).send(&front).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json()["state"], "running");
    while request("GET", REINDEX).send(&front).await.json()["state"] == "running" {
        tokio::task::yield_now().await;
    }
    let answer = request("GET", REINDEX).send(&front).await;
    assert_eq!(answer.json()["state"], "done");
}

#[tokio::test]
async fn with_an_admin_key_nobody_else_comes_in() {
    let front = admin(Some("s3cret")).await;
    for method in ["GET", "POST"] {
        let answer = request(method, REINDEX).send(&front).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let answer = request(method, REINDEX)
            .header("authorization", "Bearer s3cret")
            .send(&front)
            .await;
        assert!(answer.status.is_success());
    }
    let answer = request("GET", "/api/v1/admin").send(&front).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
