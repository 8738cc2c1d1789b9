//! Who hears of what while he is not there.

use super::users::user;
use super::*;
use crate::commit::Sink;
use crate::live::{Ear, Listener};
use crate::memory::{MemoryNotifier, MemoryQueue};
use crate::queued::Routes;

/// Some of the nodes on one store, and what users were told.
struct Nodes {
    parts: Parts,
    queue: MemoryQueue,
    told: Arc<MemoryNotifier>,
}

impl Nodes {
    fn new() -> Self {
        Self {
            parts: Parts::in_memory(),
            queue: MemoryQueue::new(),
            told: Arc::default(),
        }
    }

    async fn start(&self) -> Chat {
        let queueing = Queueing {
            queue: Arc::new(self.queue.beside()),
            routes: Routes::default(),
            works: false,
        };
        let parts = Parts {
            stores: self.parts.stores.clone(),
            keyring: self.parts.keyring.clone(),
            presence: self.parts.presence.clone(),
            queueing: Some(queueing),
            notifier: Some(self.told.clone()),
            recount_every: None,
            ..Parts::in_memory()
        };
        Chat::start(parts).await.unwrap()
    }

    /// Whom of which message, as soon as anybody is told.
    async fn told(&self) -> Vec<(u64, u64)> {
        loop {
            let told = self.told.take();
            if !told.is_empty() {
                let told = told.iter().map(|one| (one.user.0, one.message.0));
                return told.collect();
            }
            tokio::time::advance(Duration::from_millis(50)).await;
            tokio::task::yield_now().await;
        }
    }
}

/// A group of three users, numbered from 1.
async fn group(chat: &Chat) -> (Access, ChatNumber) {
    let name = Name::parse("shop").unwrap();
    let shop = chat.create_application(name, true, None).await.unwrap();
    let access = Access::from(shop.value.token);
    let mut users = Vec::new();
    for name in ["alice", "bob", "carol"] {
        users.push(user(chat, access, name).await);
    }
    let by = access.by(Caller::User(users[0]));
    let made = chat.make_chat(by, NewChat::group(None, users), None).await;
    (access, made.unwrap().value.chat.number)
}

async fn say(chat: &Chat, access: Access, user: u64, number: ChatNumber) {
    let by = access.by(Caller::User(UserNumber(user)));
    chat.post(by, number, post("x"), None).await.unwrap();
}

async fn listen(chat: &Chat, access: Access, user: u64) -> Listener {
    let by = access.by(Caller::User(UserNumber(user)));
    chat.listen(Ear::of(by)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn of_nodes_that_share_a_queue_one_tells_and_another_once_that_is_gone() {
    let nodes = Nodes::new();
    let (first, second) = (nodes.start().await, nodes.start().await);
    let (access, number) = group(&first).await;
    let _bob = listen(&first, access, 2).await;
    // Whoever is connected to one of them is there for the other one too.
    tokio::time::advance(Duration::from_secs(1)).await;
    say(&second, access, 1, number).await;
    assert_eq!(nodes.told().await, [(3, 1)]);
    tokio::time::advance(Duration::from_secs(9)).await;
    assert_eq!(first.notified() + second.notified(), 1);
    assert!(first.notifier_ready().is_ok());
    let lag = second.push_lag().await.unwrap().unwrap();
    assert_eq!(lag.chats, 0);
    let leader = if first.notified() > 0 {
        &first
    } else {
        &second
    };
    let other = if first.notified() > 0 {
        &second
    } else {
        &first
    };
    leader.stop().await;
    say(other, access, 3, number).await;
    let told = nodes.told().await;
    assert!(told.contains(&(1, 2)), "{told:?}");
    assert!(other.notified() > 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_notifier_nothing_is_noted_for_one() {
    let parts = Parts::in_memory();
    let outbox = parts.stores.outbox.clone();
    let chat = Chat::start(parts).await.unwrap();
    let (access, number) = group(&chat).await;
    say(&chat, access, 1, number).await;
    let waiting = outbox.dirty(Sink::Push, Limit::MAX).await.unwrap();
    assert!(waiting.is_empty());
    assert!(chat.push_lag().await.unwrap().is_none());
    assert!(chat.notifier_ready().is_ok() && chat.notified() == 0);
}
