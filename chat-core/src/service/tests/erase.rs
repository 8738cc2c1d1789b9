//! Erasing: what somebody wrote is nowhere any more.

use super::users::user;
use super::*;
use crate::commit::{Command, Request, Scope};
use crate::ids::OperationId;
use crate::memory::MemoryQueue;
use crate::port::{DeadLetters, Job, Pull, Queue};
use crate::queued;

/// A post in the name of a user that no commit took.
async fn bury(queue: &MemoryQueue, application: ApplicationId, user: UserNumber) {
    let command = Command::Post(ChatNumber(1), post("apple that nobody took"));
    let request = Request {
        caller: Caller::For(user),
        ..Request::new(Scope::Application(application), command)
    };
    let job = Job {
        id: OperationId::random(),
        application,
        body: queued::write(&request).unwrap(),
    };
    assert!(queue.push(0, &job).await.unwrap());
    let pull = Pull {
        lane: 0,
        limit: 1,
        lease: Duration::from_secs(60),
        patience: Duration::ZERO,
    };
    let taken = queue.pull(pull).await.unwrap();
    queue.bury(0, &taken[0].receipt, "a test").await.unwrap();
}

/// What is shown of each message of a chat.
async fn shown(chat: &Chat, access: Access, number: ChatNumber) -> Vec<String> {
    let reader = chat.chat(access, number).await.unwrap();
    let page = reader.messages(Span::After(0), true, Limit::MAX).await;
    let one = |message: &crate::model::Message| match message.sender {
        Some(user) => format!("{user}: {}", message.body),
        None => message.body.clone(),
    };
    page.unwrap().items.iter().map(one).collect()
}

#[tokio::test]
async fn nothing_that_an_erased_user_wrote_is_left() {
    let queue = Arc::new(MemoryQueue::new());
    let parts = Parts {
        dead_letters: Some(queue.clone()),
        ..Parts::in_memory()
    };
    let (chat, shop, open) = start_with(parts).await;
    let access = Access::from(shop.token);
    let application = chat.application_id(access).await.unwrap();
    let (alice, bob) = (
        user(&chat, access, "alice").await,
        user(&chat, access, "bob").await,
    );
    let by = |user| access.by(Caller::For(user));
    let say = async |who, number, text: &str| {
        chat.post(by(who), number, post(text), None).await.unwrap();
    };
    let group = NewChat::group(None, [alice]);
    let group = chat.make_chat(by(bob), group, None).await.unwrap();
    let group = group.value.chat.number;
    for number in [open.number, group] {
        say(alice, number, "apple of alice").await;
        say(bob, number, "apple of bob").await;
    }
    // What is said in a chat that was left is found as well, and more of it than fits on a page.
    for _ in 0..60 {
        say(alice, group, "apple").await;
    }
    chat.remove_member(access, group, alice).await.unwrap();
    indexed(&chat).await;
    bury(&queue, application, alice).await;
    bury(&queue, application, bob).await;

    let stranger = chat.erase_user(by(bob), alice).await;
    assert!(matches!(stranger, Err(ChatError::NotAllowed)));
    chat.erase_user(by(alice), alice).await.unwrap();

    assert_eq!(
        shown(&chat, access, open.number).await,
        ["", "2: apple of bob"]
    );
    let left = shown(&chat, access, group).await;
    assert_eq!(left[..2], ["", "2: apple of bob"]);
    assert!(left.len() == 62 && left[2..].iter().all(String::is_empty));
    let gone = chat.user(access, alice).await;
    assert!(matches!(gone, Err(ChatError::UserNotFound(_))));
    indexed(&chat).await;
    let found = chat.search(access, &request("apple", 50)).await.unwrap();
    assert_eq!(found.items.len(), 2);
    let letters = queue.buried(None, Limit::MAX).await.unwrap().items;
    let callers: Vec<_> = letters.iter().map(|one| queued::caller(&one.job)).collect();
    assert_eq!(callers, [Some(Caller::For(bob))]);
    let again = chat.erase_user(access, alice).await;
    assert!(matches!(again, Err(ChatError::UserNotFound(_))));
}

#[tokio::test]
async fn what_one_author_wrote_is_found_alone() {
    let (chat, shop, room) = start().await;
    let access = Access::from(shop.token);
    let alice = user(&chat, access, "alice").await;
    for (number, caller) in (0..12).zip([Caller::Application, Caller::For(alice)].repeat(6)) {
        let said = post(&format!("apple {number}"));
        let posted = chat.post(access.by(caller), room.number, said, None).await;
        posted.unwrap();
    }
    indexed(&chat).await;
    let mut numbers = Vec::new();
    let mut after = None;
    loop {
        let request = SearchRequest {
            author: Some(alice),
            after,
            ..request("apple", 4)
        };
        let found = chat.search(access, &request).await.unwrap();
        let found_by = found.items.iter().map(|(_, message)| message.sender);
        assert!(found_by.eq([Some(alice)].repeat(found.items.len())));
        numbers.extend(found.items.iter().map(|(_, message)| message.number.0));
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 4, 6, 8, 10, 12]);
}
