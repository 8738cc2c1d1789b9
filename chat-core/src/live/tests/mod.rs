mod basics;
mod client;
mod ends;
mod failing;
mod faults;
mod flow;
mod laws;
mod presence;

use std::time::Duration;

use super::*;
use crate::commit::{Caller, Post};
use crate::ids::{ChatNumber, UserNumber};
use crate::model::{ChatView, Tenant};
use crate::service::{Item, NewChat, NewUser};
use crate::text::{Body, Name, Username};
use crate::{Access, Chat, Parts};

async fn shop(chat: &Chat) -> Tenant {
    let name = Name::parse("shop").unwrap();
    let made = chat.create_application(name, true, None).await;
    made.unwrap().value
}

async fn user(chat: &Chat, access: Access, name: &str) -> UserNumber {
    let new = NewUser::named(Username::parse(name).unwrap());
    let made = chat.create_user(access, new, None).await;
    made.unwrap().value.number
}

async fn group(chat: &Chat, access: Access, members: &[UserNumber]) -> ChatView {
    let made = chat.make_chat(access, NewChat::group(None, members), None);
    made.await.unwrap().value.chat
}

async fn post(chat: &Chat, access: Access, to: ChatNumber, body: &str) -> u64 {
    let post = Post {
        body: Body::parse(body).unwrap(),
        data: None,
        reply_to: None,
    };
    let posted = chat.post(access, to, post, None).await.unwrap();
    posted.value.number.0
}

fn by(access: Access, user: UserNumber) -> Access {
    access.by(Caller::User(user))
}

/// The numbers of the messages of a batch, which is what comes next.
async fn posted(listener: &Listener) -> Vec<u64> {
    match listener.next().await {
        News::Batch(batch) => numbers(&batch),
        other => panic!("{other:?}"),
    }
}

fn numbers(batch: &Batch) -> Vec<u64> {
    let messages = batch.items.iter().filter_map(|item| match item {
        Item::Message(message) => Some(message.number.0),
        _ => None,
    });
    messages.collect()
}
