use chat_core::error::{BackendError, ErrorKind};
use chat_core::memory::MemoryCounter;
use chat_core::port::{Counter, MockCounter};

use super::*;
use crate::http::rate::RateLimiter;

fn limiter(counter: impl Counter) -> RateLimiter {
    RateLimiter::new("3/1h".parse().unwrap(), Arc::new(counter))
}

#[tokio::test]
async fn without_a_counter_an_application_is_served_and_told_no_rate() {
    let chat = chat().await;
    let mut counter = MockCounter::new();
    counter
        .expect_add()
        .returning(|_, _, _| Err(BackendError::new(ErrorKind::Unavailable, "mock", "add")));
    let gate = Gate {
        limiter: Some(Arc::new(limiter(counter))),
        ..gate(&chat)
    };
    let front = front(vec![door(gate, options(), BODY)]);
    let house = House::on_doubles(chat, front);
    let path = application(&house, "A").await;
    for _ in 0..9 {
        let answer = house.get(&format!("{path}/limits")).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["rate"]),
            (200, &Value::Null)
        );
        assert_eq!(answer.header("ratelimit-limit"), None);
    }
}

#[tokio::test]
async fn an_application_has_its_own_rate_and_is_told_what_is_left() {
    let chat = chat().await;
    let limiter = Some(Arc::new(limiter(MemoryCounter::new())));
    let gate = Gate {
        limiter,
        ..gate(&chat)
    };
    let front = front(vec![door(gate, options(), BODY)]);
    let house = House::on_doubles(chat, front);
    let (first, second) = (
        application(&house, "A").await,
        application(&house, "B").await,
    );
    for left in ["2", "1", "0"] {
        let answer = house.get(&first).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
        assert!(
            answer.header("ratelimit-reset").is_some() && answer.header("retry-after").is_none()
        );
    }
    let refused = house.post(&format!("{first}/chats"), "").await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["code"].clone()),
        (429, "rate_limited".into())
    );
    assert_eq!(
        refused.header("retry-after"),
        refused.header("ratelimit-reset")
    );
    assert_eq!(house.get(&second).await.status, 200);
    assert_eq!(house.get(NOBODY).await.header("ratelimit-limit"), None);
}

#[tokio::test]
async fn the_limits_and_capabilities_are_told() {
    let house = house().await;
    let path = application(&house, "A").await;
    let limits = house.get(&format!("{path}/limits")).await.json();
    assert_eq!(limits["message_bytes"], 65_536);
    assert_eq!(limits["request_bytes"], 1024 * 1024);
    assert_eq!(limits["rate"], Value::Null);
    assert_eq!(house.get(&format!("{NOBODY}/limits")).await.status, 404);
    let unknown = house.get(&format!("{path}/limits?x=1")).await;
    assert_eq!(problem(&unknown), told(400, "unknown_field", "x"));
    let capabilities = house.get("/api/v1/capabilities").await.json();
    assert_eq!(capabilities["apis"], serde_json::json!(["applications"]));
    assert_eq!(house.get("/api/v1/capabilities?x=1").await.status, 400);
}
