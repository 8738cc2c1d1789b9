//! What waits, and what no commit takes.

use std::collections::HashMap;

use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ApplicationId, ChatNumber, OperationId};
use chat_core::port::{Job, MockDeadLetters, MockQueue, Pull, Queue};
use chat_core::queued::{LANES, Routes, WriteMode};
use chat_core::service::{Access, Queueing};
use chat_core::text::{Body, Name};

use super::*;

const LEASE: Duration = Duration::from_secs(30);

fn jobs_of(queue: &Arc<MemoryQueue>) -> Jobs {
    Jobs {
        queue: queue.clone(),
        dead_letters: queue.clone(),
    }
}

/// Takes the one job that there is in any lane, and buries it.
async fn bury(queue: &MemoryQueue, reason: &str) -> OperationId {
    loop {
        for lane in 0..LANES {
            let pull = Pull {
                lane,
                limit: 1,
                patience: Duration::ZERO,
                lease: LEASE,
            };
            if let Some(taken) = queue.pull(pull).await.unwrap().pop() {
                queue.bury(lane, &taken.receipt, reason).await.unwrap();
                return taken.job.id;
            }
        }
        tokio::task::yield_now().await;
    }
}

async fn buried(queue: &MemoryQueue, id: u128) -> OperationId {
    let id = OperationId(uuid::Uuid::from_u128(id));
    let body = br#"{"version":1,"request":"a secret"}"#.to_vec();
    queue
        .push(
            0,
            &Job {
                id,
                application: ApplicationId(7),
                body,
            },
        )
        .await
        .unwrap();
    bury(queue, "why not").await
}

/// Processes on one store and one queue, of which only some work it.
fn parts(shared: &Parts, queue: &Arc<MemoryQueue>, works: bool) -> Parts {
    let routes = Routes {
        default: WriteMode::Queued,
        own: HashMap::new(),
    };
    let queueing = Queueing {
        queue: queue.clone(),
        routes,
        works,
    };
    Parts {
        stores: shared.stores.clone(),
        bus: shared.bus.clone(),
        search: shared.search.clone(),
        queueing: Some(queueing),
        ..Parts::in_memory()
    }
}

#[tokio::test]
async fn what_waits_and_what_is_taken_is_told_by_lane() {
    let queue = Arc::new(MemoryQueue::new());
    let front = over(None, jobs_of(&queue)).await;
    let answer = request("GET", JOBS).send(&front).await;
    assert_eq!(
        answer.text(),
        r#"{"durable":false,"waiting":0,"taken":0,"lanes":[]}"#
    );
    for lane in [3, 3, 5] {
        let job = Job {
            id: OperationId::random(),
            application: ApplicationId(7),
            body: Vec::new(),
        };
        queue.push(lane, &job).await.unwrap();
    }
    let pull = Pull {
        lane: 3,
        limit: 1,
        patience: Duration::ZERO,
        lease: LEASE,
    };
    assert_eq!(queue.pull(pull).await.unwrap().len(), 1);
    let answer = request("GET", JOBS).send(&front).await;
    assert_eq!(
        answer.text(),
        r#"{"durable":false,"waiting":2,"taken":1,"lanes":[{"lane":3,"waiting":1,"taken":1},{"lane":5,"waiting":1,"taken":0}]}"#
    );
}

#[tokio::test]
async fn a_dead_letter_that_is_tried_again_is_committed_and_its_text_is_never_told() {
    let (shared, queue) = (Parts::in_memory(), Arc::new(MemoryQueue::new()));
    let idle = Chat::start(parts(&shared, &queue, false)).await.unwrap();
    let name = Name::parse("shop").unwrap();
    // What makes an application does not go through the queue.
    let shop = idle.create_application(name, false, None).await.unwrap();
    let access = Access::from(shop.value.token);
    let direct = Chat::start(Parts {
        queueing: None,
        ..parts(&shared, &queue, false)
    });
    let direct = direct.await.unwrap();
    direct.create_chat(access, None, None).await.unwrap();

    let poster = idle.clone();
    let posting = tokio::spawn(async move {
        let post = chat_core::commit::Post {
            body: Body::parse("a secret").unwrap(),
            data: None,
            reply_to: None,
        };
        let posted = poster.post(access, ChatNumber(1), post, None).await;
        posted.unwrap().value
    });
    let id = bury(&queue, "the disk is full").await;
    let front = over(None, jobs_of(&queue)).await;
    let answer = request("GET", DEAD_LETTERS).send(&front).await;
    assert_eq!(answer.status, StatusCode::OK);
    let letters = answer.json();
    assert_eq!(letters[0]["id"], id.to_string());
    assert_eq!(letters[0]["command"], "post");
    assert_eq!(letters[0]["reason"], "the disk is full");
    assert!(!answer.text().contains("a secret"), "{}", answer.text());
    assert!(answer.header("link").is_none());

    let retry = format!("{DEAD_LETTERS}/{id}/retry");
    let answer = request("POST", &retry).send(&front).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let answer = request("POST", &retry).send(&front).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["code"], "not_found");
    assert_eq!(request("GET", JOBS).send(&front).await.json()["waiting"], 1);
    let _worker = Chat::start(parts(&shared, &queue, true)).await.unwrap();
    assert_eq!(posting.await.unwrap().number.0, 1);
}

#[tokio::test]
async fn dead_letters_are_read_page_by_page_and_dropped() {
    let queue = Arc::new(MemoryQueue::new());
    let front = over(None, jobs_of(&queue)).await;
    let mut ids = Vec::new();
    for id in [2, 1, 3] {
        ids.push(buried(&queue, id).await);
    }
    ids.sort();
    let first = request("GET", &format!("{DEAD_LETTERS}?limit=2"))
        .send(&front)
        .await;
    let link = format!("<{DEAD_LETTERS}?limit=2&after={}>; rel=\"next\"", ids[1]);
    assert_eq!(first.header("link"), Some(&*link));
    assert_eq!(first.json()[0]["command"], serde_json::Value::Null);
    let next = link[1..].split('>').next().unwrap();
    let second = request("GET", next).send(&front).await;
    assert_eq!(second.json().as_array().unwrap().len(), 1);
    assert_eq!(second.json()[0]["id"], ids[2].to_string());
    assert!(second.header("link").is_none());

    let one = format!("{DEAD_LETTERS}/{}", ids[0]);
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
        assert_eq!(request("DELETE", &one).send(&front).await.status, status);
    }
    let left = request("GET", DEAD_LETTERS).send(&front).await.json();
    assert_eq!(left.as_array().unwrap().len(), 2);
    let lost = format!("{DEAD_LETTERS}/7");
    let answer = request("DELETE", &lost).send(&front).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn parameters_that_cannot_be_are_told() {
    let front = admin(None).await;
    let one = format!("{DEAD_LETTERS}/{}", OperationId::random());
    for (method, path, code) in [
        (
            "GET",
            format!("{DEAD_LETTERS}?limit=0"),
            "invalid_parameter",
        ),
        (
            "GET",
            format!("{DEAD_LETTERS}?after=7"),
            "invalid_parameter",
        ),
        ("GET", format!("{DEAD_LETTERS}?before=7"), "unknown_field"),
        ("DELETE", format!("{one}?now=1"), "unknown_field"),
        ("POST", format!("{one}/retry?now=1"), "unknown_field"),
        ("GET", format!("{JOBS}?lane=1"), "unknown_field"),
        ("GET", format!("{REINDEX}?lane=1"), "unknown_field"),
        ("POST", format!("{REINDEX}?from=1"), "unknown_field"),
    ] {
        let answer = request(method, &path).send(&front).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.json()["errors"][0]["code"], code, "{path}");
    }
}

#[tokio::test]
async fn only_the_admin_key_opens_the_queue() {
    let front = admin(Some("s3cret")).await;
    let one = format!("{DEAD_LETTERS}/{}", OperationId::random());
    let retry = format!("{one}/retry");
    for (method, path, status) in [
        ("GET", JOBS, StatusCode::OK),
        ("GET", DEAD_LETTERS, StatusCode::OK),
        ("DELETE", &*one, StatusCode::NOT_FOUND),
        ("POST", &*retry, StatusCode::NOT_FOUND),
    ] {
        let answer = request(method, path).send(&front).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        let answer = request(method, path)
            .header("authorization", "Bearer s3cret")
            .send(&front)
            .await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_queue_that_cannot_be_reached_is_a_503_that_tells_nothing_of_it() {
    let away =
        |op| BackendError::new(ErrorKind::Unavailable, "redis", op).with_source("the host redis-7");
    let mut queue = MockQueue::new();
    queue.expect_depth().returning(move || Err(away("depth")));
    let mut dead_letters = MockDeadLetters::new();
    dead_letters
        .expect_buried()
        .returning(move |_, _| Err(away("buried")));
    let jobs = Jobs {
        queue: Arc::new(queue),
        dead_letters: Arc::new(dead_letters),
    };
    let front = over(None, jobs).await;
    for path in [JOBS, DEAD_LETTERS] {
        let answer = request("GET", path).send(&front).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.json()["code"], "unavailable");
        assert!(!answer.text().contains("redis"), "{}", answer.text());
    }
}
