use std::collections::HashMap;

use super::*;
use crate::commit::Done;
use crate::memory::MemoryQueue;
use crate::port::{Held, MockQueue, Queue};

fn through(queue: Arc<dyn Queue>, works: bool) -> Parts {
    let routes = Routes {
        default: WriteMode::Queued,
        own: HashMap::new(),
    };
    Parts {
        queueing: Some(Queueing {
            queue,
            routes,
            works,
        }),
        ..Parts::in_memory()
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_whose_writes_are_queued_answers_the_same() {
    let queue = Arc::new(MemoryQueue::new());
    let (chat, shop, room) = start_with(through(queue.clone(), true)).await;
    let access = Access::from(shop.token);
    let posted = chat.post(access, room.number, post("one"), None).await;
    assert_eq!(posted.unwrap().value.number, MessageNumber(1));
    let lost = chat.post(access, ChatNumber(9), post("lost"), None).await;
    assert!(matches!(lost, Err(ChatError::ChatNotFound(_))), "{lost:?}");
    // What would not outlive a crash is waited for, whoever asks.
    let hasty = chat.without_waiting();
    let waited = hasty.post(access, room.number, post("two"), None).await;
    assert_eq!(waited.unwrap().value.number, MessageNumber(2));
    chat.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_later_is_looked_up_by_its_application_alone() {
    let mut queue = MockQueue::new();
    queue.expect_durable().returning(|| Ok(true));
    let pushed: Arc<Mutex<Option<ApplicationId>>> = Arc::default();
    let owner = pushed.clone();
    queue.expect_push().returning(move |_, job| {
        *owner.lock().unwrap() = Some(job.application);
        Ok(true)
    });
    queue.expect_find().returning(move |application, _| {
        let is_hers = *pushed.lock().unwrap() == Some(application);
        Ok(is_hers.then_some(Held::InLane))
    });
    queue.expect_lead().returning(|_, _| Ok(false));
    let chat = Chat::start(through(Arc::new(queue), false)).await.unwrap();
    let name = Name::parse("shop").unwrap();
    let shop = chat
        .create_application(name, false, None)
        .await
        .unwrap()
        .value;
    let access = Access::from(shop.token);
    let made = chat.without_waiting().create_chat(access, None, None).await;
    let Err(ChatError::Later { application, id }) = made else {
        panic!("{made:?}")
    };
    assert_eq!(application, shop.public_id);
    let state = chat.operation(access, id).await.unwrap();
    assert_eq!(state, Some(OperationState::Pending));
    let name = Name::parse("other").unwrap();
    let other = chat
        .create_application(name, false, None)
        .await
        .unwrap()
        .value;
    let other = Access::from(other.token);
    assert_eq!(chat.operation(other, id).await.unwrap(), None);
    // Who has no application takes no room in the queue.
    let nobody = Access::from(Token::random());
    let refused = chat.without_waiting().create_chat(nobody, None, None).await;
    assert!(
        matches!(refused, Err(ChatError::ApplicationNotFound)),
        "{refused:?}"
    );

    // Its commit, as a worker elsewhere does it.
    let request = Request {
        operation: Some(id),
        ..Request::new(access.scope, create_chat())
    };
    chat.inner.lanes.submit(request).await.unwrap();
    let state = chat.operation(access, id).await.unwrap();
    assert!(
        matches!(
            &state,
            Some(OperationState::Settled(Outcome::Done {
                done: Done::ChatCreated { .. },
                ..
            }))
        ),
        "{state:?}"
    );
    assert_eq!(chat.operation(other, id).await.unwrap(), None);
}

fn create_chat() -> Command {
    crate::kit::store::desk::create_chat(None)
}
