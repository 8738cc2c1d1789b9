//! Live counts of chats and messages, as another program reads them.

use std::sync::Arc;

use chat_core::commit::Post;
use chat_core::ids::{ChatNumber, Token};
use chat_core::model::Tenant;
use chat_core::port::Counter;
use chat_core::service::Access;
use chat_core::text::{Body, Name};
use chat_core::{Chat, Parts};
use chat_queue_redis::{Redis, RedisCounter};

use super::redis;

const POSTS: u64 = 60;
const CHATS: u64 = 20;

async fn node(like: &Parts, redis: &Redis) -> Chat {
    let parts = Parts {
        stores: like.stores.clone(),
        keyring: like.keyring.clone(),
        counter: Some(Arc::new(RedisCounter::new(redis.clone()))),
        ..Parts::in_memory()
    };
    Chat::start(parts).await.expect("start")
}

/// Posts into the first chat, deletes every third message again, and makes chats and deletes half of them again.
async fn write(chat: &Chat, access: Access) {
    for nth in 0..POSTS {
        let body = Body::parse("text").expect("a body");
        let post = Post {
            body,
            data: None,
            reply_to: None,
        };
        let posted = chat.post(access, ChatNumber(1), post, None).await;
        let number = posted.expect("post").value.number;
        if nth % 3 == 0 {
            let deleted = chat.delete(access, ChatNumber(1), number).await;
            deleted.expect("delete");
        }
        if nth < CHATS {
            let made = chat.create_chat(access, None, None).await;
            let number = made.expect("create").value.number;
            if nth % 2 == 0 {
                chat.delete_chat(access, number).await.expect("delete");
            }
        }
    }
}

async fn count(counter: &RedisCounter, token: Token, chat: Option<u64>) -> Option<u64> {
    let key = match chat {
        None => format!("APP-{}", token.expose()),
        Some(number) => format!("APP-{}-{number}", token.expose()),
    };
    counter
        .get(&key)
        .await
        .expect("get")
        .map(|count| count.value)
}

/// Of the application, of its chats; each chat but the first is empty or gone.
async fn are_right(counter: &RedisCounter, shop: &Tenant) -> bool {
    let mut there = 0;
    for number in 2..=1 + 2 * CHATS {
        match count(counter, shop.token, Some(number)).await {
            None => {}
            Some(0) => there += 1,
            Some(_) => return false,
        }
    }
    let chats = count(counter, shop.token, None).await;
    let messages = count(counter, shop.token, Some(1)).await;
    (there, chats, messages) == (CHATS, Some(1 + CHATS), Some(2 * (POSTS - POSTS / 3)))
}

/// Two nodes that write at once leave the right counts, also in a Redis that lost them meanwhile, and none of what is deleted.
pub(super) async fn nodes_that_race_leave_the_right_counts(engine: &'static str) {
    let (parts, redis) = (Parts::in_memory(), redis(engine));
    let counter = RedisCounter::new(redis.clone());
    let (one, two) = (node(&parts, &redis).await, node(&parts, &redis).await);
    let name = Name::parse("shop").expect("a name");
    let made = one.create_application(name, false, None).await;
    let shop = made.expect("create").value;
    let access = Access::from(shop.token);
    one.create_chat(access, None, None).await.expect("create");
    tokio::join!(write(&one, access), write(&two, access));
    // Whoever stops tells all first.
    one.stop().await;
    two.stop().await;
    assert!(are_right(&counter, &shop).await);

    let three = node(&parts, &redis).await;
    for number in 1..=1 + 2 * CHATS {
        let key = format!("APP-{}-{number}", shop.token.expose());
        counter.remove(&key).await.expect("remove");
    }
    assert!(!are_right(&counter, &shop).await);
    three.recount().await.expect("recount");
    assert!(are_right(&counter, &shop).await);

    three.delete_application(access).await.expect("delete");
    three.stop().await;
    for number in 1..=1 + 2 * CHATS {
        assert_eq!(count(&counter, shop.token, Some(number)).await, None);
    }
    assert_eq!(count(&counter, shop.token, None).await, None);
}
